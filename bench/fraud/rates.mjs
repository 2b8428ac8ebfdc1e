// What a minute costs the carrier, in euro, by the longest prefix that fits. Our starting point: the order of magnitude of
// public A-to-Z price lists of wholesale carriers, rounded; no contract stands behind any of them. The dear ones matter
// only by being dear: shares of cost hardly move when a rate doubles for all of its kind.
const PER_MINUTE = {
  44: 0.008,
  447: 0.015,
  49: 0.007,
  4917: 0.012,
  33: 0.006,
  336: 0.012,
  1: 0.006,
  // The called rural carrier takes an access charge.
  1712: 0.04,
  31: 0.008,
  43: 0.012,
  48: 0.01,
  34: 0.008,
  61: 0.015,
  90: 0.06,
  91: 0.02,
  55: 0.02,
  27: 0.05,
  81: 0.02,
  // Dear, and on no list of usual suspects.
  216: 0.55,
  387: 0.3,
  355: 0.35,
  381: 0.25,
  994: 0.3,
  263: 0.45,
  92: 0.1,
  213: 0.5,
  // The usual suspects of revenue share fraud.
  252: 0.65,
  53: 0.75,
  232: 0.6,
  960: 0.95,
  371: 0.45,
  224: 0.6,
  688: 1.1,
  882: 3,
};

/** Whatever no prefix above fits. */
const ELSEWHERE = 0.1;

const LONGEST_PREFIX = Math.max(...Object.keys(PER_MINUTE).map((prefix) => prefix.length));

/** Euro per minute of a called number in international digits. */
export function ratePerMinute(number) {
  for (let length = LONGEST_PREFIX; length > 0; length -= 1) {
    const rate = PER_MINUTE[number.slice(0, length)];
    if (rate !== undefined) return rate;
  }
  return ELSEWHERE;
}
