import type { Config } from './config.js';

/** With which config a service began: it reads no later one. */
export interface StartedWith {
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
   * Of several that poll one switch, the one that began last is told of.
   */
  begin(switches: readonly string[], startedWith: StartedWith): Promise<() => void>;
  /** The service that polls this switch; undefined where none lives, or none said so. */
  of(switchName: string): Promise<StartedWith | undefined>;
}
