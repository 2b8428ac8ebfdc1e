export interface Repetition {
  /** Begins no further round; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

/** Does something again and again with a pause after each; `work` must not reject. */
export function repeat(work: () => Promise<void>, pauseMs: number): Repetition {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const next = () => {
    timer = setTimeout(() => {
      running = work().then(() => {
        if (!stopped) next();
      });
    }, pauseMs);
  };
  next();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
