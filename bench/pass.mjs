// How long a pass takes at 10,000 calls with the shipped rules, and what of it is listing, decoding and judging.
// Run after `npm run build`. Prints medians; the parts are measured in the same run as the whole.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { passContext } from '../dist/cli/pass-context.js';
import { FACT_CATALOGUE } from '../dist/facts/catalogue.js';
import { runPass } from '../dist/pass.js';
import { checkRules } from '../dist/policy/check-rules.js';
import { readRuleFiles } from '../dist/rule-files/read-rule-files.js';
import { openStore } from '../dist/store/open-store.js';
import { createSippySwitch } from '../dist/switch/sippy-switch.js';

const CALLS = Number(process.argv[2] ?? 10_000);
const ROUNDS = 9;

const folder = mkdtempSync(join(tmpdir(), 'callwarden-bench-'));
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    response.setHeader('Content-Type', 'text/xml');
    response.end(body.includes('getAccountCallStats') ? STATS : LISTING);
  });
});
const STATS = answer(
  '<struct><member><name>result</name><value>OK</value></member><member><name>data</name><value><struct></struct></value></member></struct>',
);
const LISTING = answer(
  `<array><data>${Array.from({ length: CALLS }, (_, index) => callXml(index)).join('')}</data></array>`,
);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const { ruleSet, problems } = checkRules(await readRuleFiles('rules'), FACT_CATALOGUE, (text) =>
  text.slice(0, 64),
);
if (ruleSet === undefined) throw new Error(JSON.stringify(problems));
const store = openStore(join(folder, 'callwarden.db'));
const port = createSippySwitch({
  url: `http://127.0.0.1:${server.address().port}/xmlapi/xmlapi`,
  login: { kind: 'trusted', customer: 1, wholesaler: 1 },
  ca: undefined,
  timeoutMs: 60_000,
  concurrency: 4,
  clock: Date.now,
});
const protect = { numbers: [], accounts: [], customers: [] };
const switchConfig = {
  name: 'bench',
  protect,
  customerTree: new Map(),
  numbers: { country: 'DE', techPrefixes: [] },
  schedule: '*/5 * * * * *',
  deadlineMs: 60_000,
  concurrency: 4,
};
const config = {
  file: 'callwarden.yaml',
  rulesDir: 'rules',
  mode: 'monitor',
  caps: { perPass: 50, perHour: 500, sharePerPass: 0.25 },
  maxSnapshotAgeMs: 5000,
};
const context = passContext({ config, switchConfig, port, store, ruleSet, note: () => {} });
const never = new AbortController().signal;

const whole = [];
const listing = [];
let report;
for (let round = 0; round < ROUNDS; round += 1) {
  let startedAt = performance.now();
  await port.listAllCalls({});
  listing.push(performance.now() - startedAt);
  startedAt = performance.now();
  report = await runPass(context, {
    passId: `bench-${round}`,
    actor: 'bench',
    dryRun: false,
    stop: never,
    abort: never,
  });
  whole.push(performance.now() - startedAt);
}
if (report.status !== 'completed') throw new Error(JSON.stringify(report.error));
const [passMs, listMs] = [median(whole), median(listing)];
console.log(
  `${CALLS} calls, ${ruleSet.rules.length} rules, ${report.violations.length} violations, median of ${ROUNDS}:`,
);
console.log(`  whole pass            ${passMs.toFixed(0)} ms`);
console.log(`  listing and decoding  ${listMs.toFixed(0)} ms (${((100 * listMs) / passMs).toFixed(0)} %)`);
console.log(`  the rest              ${(passMs - listMs).toFixed(0)} ms`);

await port.close();
store.close();
server.close();
server.closeAllConnections();
rmSync(folder, { recursive: true });

function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}

function answer(value) {
  return `<?xml version="1.0"?><methodResponse><params><param><value>${value}</value></param></params></methodResponse>`;
}

function callXml(index) {
  const ageSeconds = 5 + (index % 900);
  const setup = new Date(Date.now() - ageSeconds * 1000).toISOString().replaceAll('-', '').replace('Z', '');
  const connected = index % 5 !== 0;
  const fields = {
    CLI: `<string>4930${String(10_000_000 + index)}</string>`,
    CLD: `<string>${['4420', '3316', '4989', '1212'][index % 4]}${String(10_000_000 + index)}</string>`,
    CALL_ID: `<string>${index}-0a1b2c3d@192.0.2.7</string>`,
    ID: `<string>${index + 1}</string>`,
    I_CUSTOMER: `<string>${2 + (index % 50)}</string>`,
    I_ENVIRONMENT: '<string>1</string>',
    CC_STATE: `<string>${connected ? 'Connected' : 'ARComplete'}</string>`,
    I_ACCOUNT: `<int>${10 + (index % 800)}</int>`,
    I_CONNECTION: `<int>${1 + (index % 40)}</int>`,
    DELAY: `<double>${connected ? 4.25 : ageSeconds}</double>`,
    DURATION: connected ? `<double>${ageSeconds - 4.25}</double>` : '<int>0</int>',
    SETUP_TIME: `<string>${setup}</string>`,
    DIRECTION: '<string>vendor</string>',
    CALLER_MEDIA_IP: '<string>192.0.2.7</string>',
    CALLEE_MEDIA_IP: '<string>198.51.100.9</string>',
  };
  const members = Object.entries(fields).map(
    ([name, value]) => `<member><name>${name}</name><value>${value}</value></member>`,
  );
  return `<value><struct>${members.join('')}</struct></value>`;
}
