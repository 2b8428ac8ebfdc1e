import type { AuditRecord } from '../domain/action.js';
import type { PassReport } from '../domain/pass-report.js';
import type { AuditReader } from '../domain/ports.js';
import type { Simulator } from '../simulator/start-simulator.js';
import type { Output } from './context.js';
import { evidenceText } from './evidence-text.js';
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
  const write = (lines: readonly string[]) => output.write(`${lines.map(harmless).join('\n')}\n`);

  function arrivals(): string[] {
    const fresh = simulator.world.calls().filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    const shown = fresh.slice(-SHOWN_ARRIVALS).map((call) => {
      return `  + call ${call.id}  account ${call.account}  ${call.cli} -> ${call.cld}`;
    });
    return fresh.length > shown.length
      ? [
          `  + ${fresh.length - shown.length} ${shown.length === 0 ? '' : 'more '}calls came, and these:`,
          ...shown,
        ]
      : shown;
  }

  return {
    opening: (folder, rules) =>
      write([
        `A simulated switch answers at ${simulator.url}: honest carriers, and six kinds of abuse among them.`,
        `Callwarden polls it every 2 seconds with ${rules} rules, here all set to enforce.`,
        `Config, rules and audit log: ${folder} (yours to delete)`,
      ]),
    async pass(number, report) {
      const records = [...reader.query({ limit: 500 })].filter(({ passId }) => passId === report.passId);
      await write([
        '',
        `pass ${number}  ${report.startedAt.slice(11, 19)}  ${report.calls} calls, ${report.violations.length} violations, took ${report.durationMs} ms`,
        ...(report.error === null ? [] : [`  failed: ${report.error.code}: ${report.error.message}`]),
        ...arrivals(),
        ...fewOfEach(report.violations, violationLine, 'violations'),
        ...fewOfEach(records, recordLine, 'records'),
      ]);
    },
    async closing(command, configFile) {
      const cut = [...reader.query({ outcome: 'disconnected' })];
      const gone = cut.filter(({ confirmed }) => confirmed === true).length;
      const example = cut.at(-1);
      await write([
        '',
        `${cut.length} calls were disconnected, ${gone} of them confirmed as gone by a later listing. Ask the audit log:`,
        `  ${command} audit -c ${configFile}`,
        `  ${command} audit -c ${configFile} --outcome withheld`,
        ...(example === undefined
          ? []
          : [`  ${command} audit -c ${configFile} --call ${example.target} -o json`]),
      ]);
    },
  };
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
  return [...shown.map(line), ...(more > 0 ? [`    … and ${more} more ${what}`] : [])];
}
