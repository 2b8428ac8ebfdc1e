import type { Config } from './config.js';

/** With which config a service began: it reads no later one. */
export interface StartedWith {
  /** Absolute path of the config, as it was named. */
  configFile: string;
  /** Of the config, which overrides that of every rule. */
  mode: Config['mode'];
  /** Over what the config came to, in hex: that of the same config is the same. */
  configHash: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

/** What services that live say of themselves, for other commands on the same database. Every method rejects with STORE_FAILED. */
export interface RunningServices {
  /**
   * Says so of a service that polls these switches, until the returned function is called or the process ends, however it ends.
   * Takes away what services left that were killed.
   */
  begin(switches: readonly string[], startedWith: StartedWith): Promise<() => void>;
  /** Every service that polls this switch, the one first that began first; none where none lives, or none said so. */
  of(switchName: string): Promise<readonly StartedWith[]>;
}
