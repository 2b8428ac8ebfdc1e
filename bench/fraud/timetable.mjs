// When each scenario strikes and for how long, and which seeds tune and which report.

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Thresholds were chosen by looking at these worlds only. */
export const TUNING_SEEDS = [1, 2];
/** What the figures are reported on. */
export const REPORT_SEEDS = [11, 12, 13];

/** How often the switch is asked. */
export const POLL_MS = 5 * SECOND_MS;
/** Watched before the attack begins, while benign traffic alone goes by. */
export const BEFORE_MS = 6 * MINUTE_MS;
const ATTACK_MS = 15 * MINUTE_MS;
/** Watched after the last call of the attack was set up, so that what is slow to show can still be cut. */
const AFTER_MS = 5 * MINUTE_MS;

/** Monday. */
const WEEK_BEGINS = Date.UTC(2026, 0, 5);
const at = (day, hour, minute) => day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS;
const [MON, TUE, WED, THU, FRI, SAT, SUN] = [0, 1, 2, 3, 4, 5, 6];

/** In the middle of a working day where the scenario has no hour of its own: there the benign crowd is thickest. */
const BEGINS = {
  'concurrency-burst': at(TUE, 14, 10),
  'marathon-calls': at(WED, 9, 30),
  'irsf-night': at(SUN, 2, 20),
  wangiri: at(THU, 10, 50),
  'sequential-scan': at(FRI, 9, 40),
  'stuck-setups': at(MON, 9, 10),
  'night-international': at(SAT, 23, 15),
  'wangiri-callback': at(THU, 18, 20),
  'same-number-pumping': at(WED, 15, 5),
  'traffic-pumping': at(MON, 16, 0),
  'pbx-break-in': at(FRI, 15, 20),
  'short-duration-dialer': at(TUE, 10, 30),
};

/** Marathon calls begin so long before we look that the longest rule is just about to see them. */
const MARATHON_HEAD_START_MS = 3 * HOUR_MS + 50 * MINUTE_MS;

/** Each seed has a week of its own, so that it is not the same Tuesday that is looked at. */
export function episodeOf(scenario, seed) {
  const strikes = WEEK_BEGINS + seed * 7 * DAY_MS + BEGINS[scenario];
  const begins = strikes - BEFORE_MS;
  if (scenario === 'marathon-calls') {
    // Its first three calls, all within half a minute.
    const from = strikes - MARATHON_HEAD_START_MS;
    return { scenario, from, until: from + MINUTE_MS, begins, ends: strikes + ATTACK_MS + AFTER_MS };
  }
  const until = strikes + ATTACK_MS;
  return { scenario, from: strikes, until, begins, ends: until + AFTER_MS };
}

export const SCENARIO_NAMES = Object.keys(BEGINS);
