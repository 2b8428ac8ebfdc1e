import { evidenceText } from '../documents/evidence-text.js';
import type { AuditRecord } from '../domain/action.js';
import type { PassReport } from '../domain/pass-report.js';
import type { AuditReader } from '../domain/ports.js';
import type { SimulatedCall } from '../simulator/simulated-call.js';
import type { Simulator } from '../simulator/start-simulator.js';
import type { Output } from './context.js';
import { harmless } from './harmless-text.js';

const SHOWN_ARRIVALS = 3;
/** Of each rule, so that a loud one does not hide the others. */
const SHOWN_PER_RULE = 2;

/** What a person sees of the demo: per pass the calls that came, what was violated, what was done, what was confirmed. */
export interface DemoView {
  opening(folder: string, rules: number): Promise<void>;
  pass(number: number, report: PassReport): Promise<void>;
  closing(command: string, configFile: string): Promise<void>;
}

export function createDemoView(parts: {
  simulator: Simulator;
  reader: AuditReader;
  output: Output;
}): DemoView {
  const { simulator, reader, output } = parts;
  const seen = new Set<string>();
  const told = new Set<string>();
  /** Records of disconnects that no listing has confirmed so far. */
  let unconfirmed: readonly number[] = [];
  const write = (lines: readonly string[]) => output.write(`${lines.map(harmless).join('\n')}\n`);

  /** Those that were cut first, then those of violating subjects: so that a call can be followed from line to line. */
  function arrivals(isFirst: boolean, report: PassReport, records: readonly AuditRecord[]): string[] {
    const cut = new Set(records.map(({ target }) => target));
    const all = simulator.world.calls();
    const fresh = all.filter(({ id }) => !seen.has(id));
    // What is cut later than it came, and was not shown then.
    const late = all.filter(({ id }) => seen.has(id) && cut.has(id) && !told.has(id));
    const violating = new Set(report.violations.map(({ subject }) => subject));
    const rank = (call: SimulatedCall) => (cut.has(call.id) ? 0 : isOfAny(call, violating) ? 1 : 2);
    const shown = [...late, ...fresh]
      .toSorted((one, other) => rank(one) - rank(other))
      .slice(0, SHOWN_ARRIVALS);
    const lines = shown.map((call) => {
      const before = seen.has(call.id) ? '  (came before)' : '';
      return `  + call ${call.id}  account ${call.account}  ${call.cli} -> ${call.cld}${before}`;
    });
    for (const { id } of fresh) seen.add(id);
    for (const { id } of shown) told.add(id);
    if (isFirst) return ['  + calls that were there already, e.g.:', ...lines];
    const more = fresh.filter(({ id }) => !told.has(id)).length;
    return more > 0
      ? [`  + ${more} more ${more === 1 ? 'call' : 'calls'} came, and these:`, ...lines]
      : lines;
  }

  /** What later listings say of the disconnects of before; those that they do not confirm are looked at again. */
  function confirmations(): string[] {
    const [first] = unconfirmed;
    if (first === undefined) return [];
    const asked = new Set(unconfirmed);
    const records = [...reader.query({ afterId: Math.min(...asked) - 1 })].filter(({ id }) => asked.has(id));
    const gone = records.filter(({ confirmed }) => confirmed === true);
    unconfirmed = records.filter(({ confirmed }) => confirmed !== true).map(({ id }) => id);
    const example = gone.at(-1);
    const which = example === undefined ? '' : `, e.g. audit ${example.id}, call ${example.target}`;
    return [
      `  = ${gone.length} of ${counted(asked.size, 'disconnect')} of before ${gone.length === 1 ? 'is' : 'are'} confirmed gone${which}`,
    ];
  }

  return {
    opening: (folder, rules) =>
      write([
        `A simulated switch answers at ${simulator.url}: honest carriers, and six kinds of abuse among them.`,
        `Callwarden polls it every 2 seconds with ${rules} rules, here all set to enforce.`,
        `Config, rules and audit log: ${folder} (yours to delete)`,
      ]),
    async pass(number, report) {
      const records = [...reader.query({ since: Date.parse(report.startedAt) })].filter(
        ({ passId }) => passId === report.passId,
      );
      const arrived = arrivals(number === 1, report, records);
      const confirmed = confirmations();
      const sent = records.filter(({ action, outcome }) => {
        return action === 'disconnectCall' && (outcome === 'disconnected' || outcome === 'unknown');
      });
      unconfirmed = [...unconfirmed, ...sent.map(({ id }) => id)];
      await write([
        '',
        `pass ${number}  ${report.startedAt.slice(11, 19)}  ${counted(report.calls, 'call')}, ${counted(report.violations.length, 'violation')}, took ${report.durationMs} ms`,
        ...(report.error === null ? [] : [`  failed: ${report.error.code}: ${report.error.message}`]),
        ...confirmed,
        ...arrived,
        ...fewOfEach(report.violations, violationLine, 'violation'),
        ...fewOfEach(records, recordLine, 'record'),
      ]);
    },
    async closing(command, configFile) {
      const cut = [...reader.query({ outcome: 'disconnected' })].filter(
        ({ action }) => action === 'disconnectCall',
      );
      const gone = cut.filter(({ confirmed }) => confirmed === true);
      const example = gone.at(-1) ?? cut.at(-1);
      const anyWithheld = [...reader.query({ outcome: 'withheld', limit: 1 })].length > 0;
      await write([
        '',
        `${counted(cut.length, 'call')} ${cut.length === 1 ? 'was' : 'were'} disconnected, ${gone.length} of them confirmed as gone by a later listing.`,
        ...(cut.length === 0 ? [] : ['Ask the audit log:', `  ${command} audit -c ${configFile}`]),
        ...(anyWithheld ? [`  ${command} audit -c ${configFile} --outcome withheld`] : []),
        ...(example === undefined
          ? []
          : [
              `  ${command} audit -c ${configFile} --rule ${example.rule}`,
              `  ${command} audit -c ${configFile} --call ${example.target} -o json`,
            ]),
      ]);
    },
  };
}

/** Whether a call belongs to one of these subjects, written as `account:10`. */
function isOfAny(
  { id, account, customer, connection }: SimulatedCall,
  subjects: ReadonlySet<string>,
): boolean {
  const own = { call: id, account, customer, connection };
  return Object.entries(own).some(([scope, of]) => of !== undefined && subjects.has(`${scope}:${of}`));
}

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

function violationLine({ rule, subject, evidence }: PassReport['violations'][number]): string {
  return `  ! ${rule}  ${subject}  ${evidenceText(evidence.conditions)}`;
}

function recordLine({ id, action, target, outcome, reason, cli, cld }: AuditRecord): string {
  const parties = cld === null ? '' : `  ${cli ?? '?'} -> ${cld}`;
  return `  x audit ${id}  ${action} ${target}${parties}  ${outcome}${reason === null ? '' : ` (${reason})`}`;
}

/** The first of each rule, in their order, and how many more there are. */
function fewOfEach<Row extends { rule: string }>(
  rows: readonly Row[],
  line: (row: Row) => string,
  what: string,
): string[] {
  const shownOf = new Map<string, number>();
  const shown = rows.filter(({ rule }) => {
    const count = (shownOf.get(rule) ?? 0) + 1;
    shownOf.set(rule, count);
    return count <= SHOWN_PER_RULE;
  });
  const more = rows.length - shown.length;
  return [...shown.map(line), ...(more > 0 ? [`    … and ${counted(more, `more ${what}`)}`] : [])];
}
