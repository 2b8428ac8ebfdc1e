// What facts over time cost per pass at 10,000 live calls with an hour of traffic in memory: taking a listing in, and
// 20 windowed facts of every subject. Run after `npm run build`. Prints medians.
import { createCallHistory } from '../dist/facts/call-history.js';
import { deriveFacts } from '../dist/facts/derive-facts.js';
import { createNumbering } from '../dist/facts/numbering.js';
import { shareIndex } from '../dist/facts/shared-index.js';

const LIVE = Number(process.argv[2] ?? 10_000);
const INTERVAL_MS = 5000;
const CALL_MS = 180_000;
const WARM_UP_POLLS = 3_600_000 / INTERVAL_MS;
const ROUNDS = 21;
const START = Date.UTC(2026, 0, 5, 8);

const RULES = [
  ['account', 'callsStarted', { within: 600 }],
  ['account', 'callsStarted', { within: 3600, to: ['4420', '3316'] }],
  ['account', 'minutes', { within: 3600 }],
  ['account', 'minutes', { within: 3600, to: ['1212'] }],
  ['account', 'minutesToday', { timezone: 'Europe/Kyiv' }],
  ['account', 'distinctCld', { within: 3600 }],
  ['account', 'distinctCountries', { within: 3600 }],
  ['account', 'distinctMediaIps', { within: 3600 }],
  ['account', 'sequentialCld', { within: 600 }],
  ['account', 'repeatedCld', { within: 600 }],
  ['account', 'shortCalls', { within: 3600, under: 30 }],
  ['account', 'answerRatio', { within: 3600, min: 20 }],
  ['account', 'averageEndedDuration', { within: 3600, min: 20 }],
  ['account', 'equalDurations', { within: 3600, tolerance: 6 }],
  ['account', 'firstSeenCountry', { within: 3600 }],
  ['cli', 'distinctCld', { within: 600 }],
  ['cli', 'callsStarted', { within: 60 }],
  ['customer', 'callsStarted', { within: 3600, recursive: true }],
  ['connection', 'answerRatio', { within: 3600, min: 20 }],
  ['switch', 'callsStarted', { within: 60 }],
];

const numbering = createNumbering({ techPrefixes: [] });
const history = createCallHistory({ numbering, switchName: 'bench' });
const tree = new Map([[3, 2]]);
let calls = [];
let lastId = 0;
let at = START;

for (let poll = 0; poll < WARM_UP_POLLS; poll += 1) observe(nextSnapshot());
const [taking, asking, violated] = [[], [], []];
for (let round = 0; round < ROUNDS; round += 1) {
  const snapshot = nextSnapshot();
  // New objects with new texts, as a listing brings them.
  snapshot.calls = JSON.parse(JSON.stringify(snapshot.calls));
  taking.push(timed(() => observe(snapshot)));
  asking.push(timed(() => violated.push(askAll(snapshot))));
}
const started = Math.round((WARM_UP_POLLS + ROUNDS) * arrivals());
console.log(
  `${LIVE} live calls, ${started} started in the hour, ${RULES.length} windowed rules, median of ${ROUNDS}:`,
);
console.log(`  taking the listing in  ${median(taking).toFixed(1)} ms`);
console.log(`  asking for the facts   ${median(asking).toFixed(1)} ms (${violated.at(-1)} observations)`);
console.log(`  heap                   ${Math.round(process.memoryUsage().heapUsed / 2 ** 20)} MiB`);

function arrivals() {
  return (LIVE * INTERVAL_MS) / CALL_MS;
}

function nextSnapshot() {
  at += INTERVAL_MS;
  const wanted = calls.length === 0 ? LIVE : Math.round(arrivals());
  calls = calls.filter((call) => call.setupAt + CALL_MS > at);
  for (let index = 0; index < wanted; index += 1)
    calls.push(newCall(calls.length < LIVE - wanted ? index : 0));
  calls = calls.map((call) => aged(call));
  return {
    switch: 'bench',
    observedAt: at,
    receivedAt: at,
    coverage: { states: 'all', filter: {}, login: 'login:bench' },
    calls,
    suspects: [],
    unreadableFields: {},
    vendors: new Map(),
    stats: undefined,
    clockOffsetMs: 0,
    doubt: undefined,
    notes: [],
  };
}

function newCall(index) {
  lastId += 1;
  const account = 10 + (lastId % 800);
  const cld = `${['4420', '3316', '4989', '1212'][lastId % 4]}${10_000_000 + ((lastId * 7919) % 90_000)}`;
  const cli = `4930${10_000_000 + (lastId % 3000)}`;
  const setupAt = at - (((index * CALL_MS) / LIVE) % CALL_MS);
  return {
    id: String(lastId % 60_000),
    callId: `${lastId}-0a1b2c3d@192.0.2.7`,
    setupTimeText: new Date(setupAt).toISOString(),
    state: 'ARComplete',
    cli,
    cld,
    cliNumber: cli,
    cldNumber: cld,
    account,
    customer: 2 + (account % 50),
    connection: 1 + (account % 40),
    environment: 1,
    direction: 'vendor',
    callerMediaIp: `192.0.2.${lastId % 200}`,
    calleeMediaIp: '198.51.100.9',
    duration: 0,
    delay: 0,
    setupAt,
    age: 0,
  };
}

function aged(call) {
  const age = (at - call.setupAt) / 1000;
  const answered = age > 8 && !call.callId.startsWith('3');
  return {
    ...call,
    state: answered ? 'Connected' : 'ARComplete',
    duration: answered ? age - 8 : 0,
    delay: answered ? 8 : age,
    age,
  };
}

function observe(snapshot) {
  const changes = history.observe(snapshot, { intervalMs: INTERVAL_MS, cuts: [] });
  history.forget(snapshot.observedAt - 26 * 3_600_000);
  return changes;
}

function askAll(snapshot) {
  const shared = shareIndex(snapshot, numbering);
  let observations = 0;
  for (const [scope, name, params] of RULES) {
    const facts = deriveFacts(snapshot, {
      numbering,
      limits: [],
      admits: () => true,
      admitsAll: true,
      filter: 'none',
      history,
      tree,
      shared,
      windowMs: (params.within ?? 26 * 3600) * 1000,
    });
    for (const subject of facts.subjects(scope)) {
      facts.observe(subject, `${scope}.${name}`, params);
      observations += 1;
    }
  }
  return observations;
}

function timed(work) {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}
