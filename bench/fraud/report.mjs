// The report for a person.

const COLUMNS = [
  ['scenario', 24, (row) => row.name],
  ['calls', 7, (row) => String(row.attackCalls)],
  ['minutes', 8, (row) => row.attackMinutes.toFixed(0)],
  ['first cut', 10, firstCut],
  ['min prevented', 14, minutesPrevented],
  ['at best', 9, minutesAtBest],
  ['cost prevented', 15, (row) => percent(row.costPrevented)],
  ['at best', 8, (row) => percent(row.costAtBest)],
  ['benign', 8, (row) => String(row.benignCalls)],
  ['wrong', 6, (row) => String(row.benignCut)],
  ['per 100k', 9, (row) => (row.benignCutPer100k ?? 0).toFixed(1)],
];

/** One policy's table, with what each rule did below it. */
export function tableOf(title, { rows, total }) {
  const lines = [
    title,
    '',
    line(COLUMNS.map(([heading]) => heading)),
    line(COLUMNS.map(([, width]) => '-'.repeat(width - 1))),
  ];
  for (const row of [...rows, total]) lines.push(line(COLUMNS.map(([, , text]) => text(row))));
  const { rules, alerts, withheld, benignCutBy, troubles } = total;
  lines.push(
    '',
    ...block('calls cut by rule: attack / benign', rules, ({ right, wrong }) => `${right} / ${wrong}`),
  );
  lines.push(
    ...block('alerts by rule: of attackers / of others', alerts, ({ right, wrong }) => `${right} / ${wrong}`),
  );
  lines.push(...block('withheld, records by rule and safeguard', withheld, String));
  lines.push(...block('benign calls cut, by account', benignCutBy, String));
  if (troubles.length > 0) lines.push('could not be judged', ...troubles.map((one) => `  ${one}`));
  return lines.join('\n');
}

function line(cells) {
  return cells
    .map((cell, index) => (index === 0 ? cell.padEnd(COLUMNS[index][1]) : cell.padStart(COLUMNS[index][1])))
    .join(' ')
    .trimEnd();
}

function block(title, entries, text) {
  const names = Object.keys(entries).sort();
  if (names.length === 0) return [];
  return [title, ...names.map((name) => `  ${name.padEnd(44)} ${text(entries[name])}`), ''];
}

/** Where some seeds saw no cut at all, that is said too. */
function firstCut({ secondsToFirstCut, runsWithACut, runs, name }) {
  if (name === 'all') return '';
  if (secondsToFirstCut === null) return 'never';
  return `${duration(secondsToFirstCut)}${runsWithACut < runs ? ` ${runsWithACut}/${runs}` : ''}`;
}

function duration(seconds) {
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** p: of the minutes that it held a port, since nobody ever answered. */
function minutesPrevented(row) {
  return row.minutesPrevented === null
    ? `p ${percent(row.portMinutesPrevented)}`
    : percent(row.minutesPrevented);
}

/** What the same caps would have let somebody prevent who knew every attacker. */
function minutesAtBest({ minutesAtBest, portMinutesAtBest }) {
  return percent(minutesAtBest ?? portMinutesAtBest);
}

function percent(share) {
  return share === null ? '-' : `${(share * 100).toFixed(1)} %`;
}
