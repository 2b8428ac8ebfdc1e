import type { CliContext } from './context.js';

const BAR_WIDTH = 30;
/** A bar that is redrawn more often than this costs more than it tells. */
const REDRAW_MS = 100;

/** A bar that shows a person how far long work has come; silent where nobody is looking. */
export interface ProgressBar {
  /** A share from 0 to 1. */
  show(share: number): void;
  /** Wipes the bar out. */
  end(): void;
}

export function createProgressBar(label: string, { stderr, clock }: CliContext): ProgressBar {
  if (!stderr.isTerminal) return { show: () => undefined, end: () => undefined };
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawn = false;
  const startedAt = clock();
  return {
    show(share) {
      const now = clock();
      if (now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      drawn = true;
      const filled = Math.round(share * BAR_WIDTH);
      const bar = '#'.repeat(filled) + '-'.repeat(BAR_WIDTH - filled);
      void stderr.write(
        `\r${label} [${bar}] ${Math.floor(share * 100)} %${remaining(share, now - startedAt)}\u001b[K`,
      );
    },
    end() {
      if (drawn) void stderr.write('\r\u001b[K');
    },
  };
}

/** An estimate only once there is something to reckon with. */
function remaining(share: number, spentMs: number): string {
  if (share < 0.05 || spentMs < 2_000) return '';
  return `, about ${Math.ceil((spentMs / share - spentMs) / 1000)} s left`;
}
