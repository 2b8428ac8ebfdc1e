// From what happened to figures: of one run, and of a scenario over its seeds.
import { POLL_MS } from './timetable.mjs';

const HOUR_MS = 3_600_000;

/** Figures of one run, small enough to be handed between threads; `perHour` is the cap that it was played with. */
export function scoreOf({ calls, records, episode, troubles }, perHour) {
  const attack = calls.filter((call) => call.attack);
  const benign = calls.filter((call) => !call.attack);
  const wrong = benign.filter((call) => call.cutAt !== undefined);
  const strikes = Math.min(...attack.map(({ setupAt }) => setupAt));
  const attackers = new Set(
    attack.flatMap(({ account, cli, id }) => [`account:${account}`, `cli:${cli}`, `call:${id}`]),
  );
  const alerts = records.filter(({ outcome, reason }) => outcome === 'alerted' && reason === null);
  const rightAlerts = alerts.filter(({ subject }) => attackers.has(subject));
  const after = (instants) => (instants.length === 0 ? null : (Math.min(...instants) - strikes) / 1000);
  return {
    watchedMinutes: (episode.ends - episode.begins) / 60_000,
    attackCalls: attack.length,
    attackCallsCut: attack.filter(({ cutAt }) => cutAt !== undefined).length,
    secondsToFirstCut: after(attack.flatMap(({ cutAt }) => cutAt ?? [])),
    secondsToFirstAlert: after(rightAlerts.map(({ at }) => at)),
    minutes: sum(attack.map(({ minutes }) => minutes)),
    portMinutes: sum(attack.map(({ portMinutes }) => portMinutes)),
    cost: sum(attack.map(({ cost }) => cost)),
    atBest: mostPreventable(attack, episode, perHour),
    benignCalls: benign.length,
    benignCut: wrong.length,
    benignCutBy: count(wrong.map(({ profile, account }) => `${profile} ${account}`)),
    rules: byRule(records),
    alerts: byTruth(alerts.map(({ rule, subject }) => [rule, attackers.has(subject)])),
    withheld: count(
      records.filter(({ outcome }) => outcome === 'withheld').map(({ rule, reason }) => `${rule}: ${reason}`),
    ),
    troubles,
  };
}

/**
 * What somebody who knew every attacker beforehand could prevent: he cuts calls at the first poll that lists them, as many as
 * the hourly cap allows, those that are worth most. No policy can do better, whatever it looks at; the caps per pass and by
 * share would only take more away from him.
 */
function mostPreventable(attack, { begins, ends }, perHour) {
  if (ends - begins > HOUR_MS) throw new Error('The cap of one hour is taken for the whole run.');
  const pollAtOrAfter = (instant) => begins + Math.max(1, Math.ceil((instant - begins) / POLL_MS)) * POLL_MS;
  const listed = attack.flatMap(({ setupAt, minutes, portMinutes, cost }) => {
    const at = pollAtOrAfter(setupAt);
    const left = setupAt + portMinutes.planned * 60_000 - at;
    if (left <= 0 || at > ends) return [];
    const talk = Math.min(minutes.planned, left / 60_000);
    const share = minutes.planned === 0 ? 0 : talk / minutes.planned;
    return [{ minutes: talk, portMinutes: left / 60_000, cost: cost.planned * share }];
  });
  const most = (key) =>
    listed
      .map((one) => one[key])
      .sort((one, other) => other - one)
      .slice(0, perHour)
      .reduce((total, value) => total + value, 0);
  return { minutes: most('minutes'), portMinutes: most('portMinutes'), cost: most('cost') };
}

/** Calls that each rule cut, rightly and wrongly; those under an account or customer action count under it. */
function byRule(records) {
  const taken = records.filter(({ outcome, origin }) => outcome === 'disconnected' && origin !== undefined);
  return byTruth(taken.map(({ rule, origin }) => [rule, origin === 'attack']));
}

function byTruth(entries) {
  const table = {};
  for (const [name, right] of entries) {
    table[name] ??= { right: 0, wrong: 0 };
    table[name][right ? 'right' : 'wrong'] += 1;
  }
  return table;
}

function count(names) {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function sum(pairs) {
  return {
    planned: pairs.reduce((total, { planned }) => total + planned, 0),
    real: pairs.reduce((total, { real }) => total + real, 0),
  };
}

/** One row of the report: a scenario under one policy, over all seeds; or all scenarios. */
export function summarise(name, runs) {
  const total = (pick) => runs.reduce((value, run) => value + pick(run), 0);
  const prevented = (key) => {
    const planned = total((run) => run[key].planned);
    return planned === 0 ? null : 1 - total((run) => run[key].real) / planned;
  };
  const atBest = (key) => {
    const planned = total((run) => run[key].planned);
    return planned === 0 ? null : total((run) => run.atBest[key]) / planned;
  };
  const benignCalls = total((run) => run.benignCalls);
  const benignCut = total((run) => run.benignCut);
  return {
    name,
    runs: runs.length,
    attackCalls: total((run) => run.attackCalls),
    attackCallsCut: total((run) => run.attackCallsCut),
    attackMinutes: total((run) => run.minutes.planned),
    attackCost: total((run) => run.cost.planned),
    runsWithACut: runs.filter(({ secondsToFirstCut }) => secondsToFirstCut !== null).length,
    secondsToFirstCut: median(runs.flatMap(({ secondsToFirstCut }) => secondsToFirstCut ?? [])),
    secondsToFirstAlert: median(runs.flatMap(({ secondsToFirstAlert }) => secondsToFirstAlert ?? [])),
    minutesPrevented: prevented('minutes'),
    portMinutesPrevented: prevented('portMinutes'),
    costPrevented: prevented('cost'),
    minutesAtBest: atBest('minutes'),
    portMinutesAtBest: atBest('portMinutes'),
    costAtBest: atBest('cost'),
    benignCalls,
    benignCut,
    benignCutPer100k: benignCalls === 0 ? null : (benignCut / benignCalls) * 100_000,
    benignCutBy: merge(runs.map((run) => run.benignCutBy)),
    rules: mergeTruth(runs.map((run) => run.rules)),
    alerts: mergeTruth(runs.map((run) => run.alerts)),
    withheld: merge(runs.map((run) => run.withheld)),
    troubles: [...new Set(runs.flatMap((run) => run.troubles))],
  };
}

function merge(tables) {
  const whole = {};
  for (const [name, amount] of tables.flatMap(Object.entries)) whole[name] = (whole[name] ?? 0) + amount;
  return whole;
}

function mergeTruth(tables) {
  const whole = {};
  for (const [name, { right, wrong }] of tables.flatMap(Object.entries)) {
    whole[name] ??= { right: 0, wrong: 0 };
    whole[name].right += right;
    whole[name].wrong += wrong;
  }
  return whole;
}

function median(values) {
  if (values.length === 0) return null;
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}
