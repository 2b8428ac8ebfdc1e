import { describe, expect, it } from 'vitest';
import { problemsOf } from './support.js';

/** A call rule with this comparison on line 5, beginning at column 7. */
function withLeaf(leaf: string, more = ''): string {
  return `name: a
scope: call
mode: monitor
conditions: { all: [
      ${leaf}
  ] }
event: { type: alert }
${more}`;
}

const compares = (fact: string, operator: string, value: string) =>
  withLeaf(`{ fact: ${fact}, operator: ${operator}, value: ${value} }`);

describe('a value that no fact can ever have is refused', () => {
  it.each([
    ['a country that people write so', compares('call.country', 'equal', 'UK'), 'Did you mean "GB"?'],
    [
      'a country that does not exist',
      compares('call.country', 'in', '[DE, ZZ]'),
      'expected a country that telephone numbers belong to (ISO 3166-1 alpha-2), but found the text "ZZ".',
    ],
    [
      'an object key as a country',
      compares('call.country', 'equal', '__'),
      'expected a country as two capital letters',
    ],
    [
      'the beginning of a country',
      compares('call.country', 'startsWithAnyOf', '["D"]'),
      '"startsWithAnyOf" does not fit "call.country"',
    ],
    [
      'the beginning of a state',
      compares('call.state', 'startsWithAnyOf', '["Conn"]'),
      '"startsWithAnyOf" does not fit "call.state"',
    ],
    [
      'a state that is over',
      compares('call.state', 'equal', 'Dead'),
      '"Dead" calls are over and never judged: expected a state from Idle to Connected.',
    ],
    [
      'a state that is over, among others',
      compares('call.state', 'in', '[Idle, Disconnecting]'),
      '"Disconnecting" calls are over',
    ],
    [
      'no address at all',
      compares('call.callerMediaIp', 'equal', '"0.0.0.0"'),
      'expected an IP address, but found the text "0.0.0.0"',
    ],
    [
      'a network that some read as octal',
      compares('call.callerMediaIp', 'inNetwork', '010.0.0.0/8'),
      '"inNetwork": expected a network in CIDR notation',
    ],
    [
      'a network with a padded length',
      compares('call.callerMediaIp', 'inNetwork', '10.0.0.0/08'),
      '"inNetwork": expected a network in CIDR notation',
    ],
    [
      'a pattern as a number',
      compares('call.cld', 'equal', '"+49 30 *"'),
      'Expected a whole telephone number',
    ],
    [
      'a number among words',
      compares('call.cli', 'in', '["+4930123456 Alice"]'),
      'Expected a whole telephone',
    ],
    [
      'a zero as a prefix',
      compares('call.cld', 'startsWithAnyOf', '["0"]'),
      '"0" is no beginning of any number',
    ],
    ['zeros as a prefix', compares('call.cld', 'startsWithAnyOf', '["00"]'), '"00" is no beginning'],
    [
      'a country code with a 0',
      compares('call.cld', 'startsWithAnyOf', '["+049"]'),
      '"+049" is no beginning',
    ],
    [
      'such a prefix in a filter',
      withLeaf('{ fact: call.age, operator: greaterThan, value: 1 }', 'except: { cld: ["00"] }\n'),
      '8:17 "00" is no beginning of any number',
    ],
    [
      'such a prefix in "to"',
      withLeaf('{ fact: account.totalCalls, params: { to: ["+0"] }, operator: greaterThan, value: 1 }'),
      '"+0" is no beginning of any number',
    ],
    [
      'an account as a duration',
      compares('call.account', 'notEqual', '{ fact: call.delay }'),
      '"call.delay" is a number of seconds, but "call.account" is an ID: expected a fact of the same kind.',
    ],
    [
      'seconds as calls',
      compares('account.totalCalls', 'greaterThan', '{ fact: account.longestDuration }'),
      '"account.longestDuration" is a number of seconds, but "account.totalCalls" is a number of calls',
    ],
    [
      'a SIP Call-ID as a number',
      compares('call.cld', 'equal', '{ fact: call.callId }'),
      '"call.callId" is text (text), but "call.cld" is text (number-plan)',
    ],
  ])('%s', (_, rule, message) => {
    expect(problemsOf({ 'r.yaml': rule })).toEqual([expect.stringContaining(message)]);
    expect(problemsOf({ 'r.yaml': rule })[0]).not.toContain('warning');
  });

  it.each([
    compares('call.country', 'in', '[DE, GB, XK]'),
    compares('call.state', 'notEqual', 'Dead'),
    compares('call.cld', 'in', '["0011#493023125001", "+49 (0)30 23125001", "112", "tel:+4930123456"]'),
    compares('call.cli', 'equal', 'anonymous'),
    compares('call.cli', 'in', '["José Núñez", "anonymous@anonymous.invalid"]'),
    compares('call.cli', 'equal', '{ fact: call.cld }'),
    compares('call.duration', 'greaterThan', '{ fact: account.limit, params: { name: x, default: 3 } }'),
    compares('call.cld', 'startsWithAnyOf', '["0049", "030", "+39 (0)6"]'),
  ])('never what a fact can have: %s', (rule) => {
    expect(problemsOf({ 'r.yaml': rule })).toEqual([]);
  });

  it('never a word for a dialled number, which is only warned of', () => {
    expect(problemsOf({ 'r.yaml': compares('call.cld', 'equal', 'premium') })).toEqual([
      'r.yaml:5:49 warning: "premium" is no telephone number: only a call to a SIP user of exactly this name would match.',
    ]);
    const list = { 'lists/premium.txt': '+4930123456\n' };
    expect(problemsOf({ 'r.yaml': compares('call.cli', 'equal', 'premium'), ...list })).toEqual([
      expect.stringContaining('No rule uses the list "premium"'),
      expect.stringContaining('use "inList" or "startsWithAnyOf" for the list of that name.'),
    ]);
  });
});

describe('the entries of a list', () => {
  const rule = (operator: string, fact = 'call.cld') => compares(fact, operator, 'known');

  it.each([
    ['lists/known.txt', '442079460001,Alice\n', 'known.txt:1:1 Expected a whole telephone number'],
    ['lists/known.txt', '+4930123456\n4.42079E+11\n', 'known.txt:2:1 Expected a whole telephone number'],
    ['lists/known.txt', 'N/A\n', 'known.txt:1:1 Expected a whole telephone number'],
    ['lists/known.txt', '"alice"\n', 'known.txt:1:1 Expected a whole telephone number'],
    ['lists/known.csv', 'Number,name\n', 'known.csv:1:1 "Number" looks like the header of a table'],
    ['lists/known.yaml', '- "+49 30 *"\n', 'known.yaml:1:3 Expected a whole telephone number'],
  ])('must be numbers where numbers are compared: %s with %j', (file, text, message) => {
    for (const operator of ['inList', 'notInList']) {
      expect(problemsOf({ 'r.yaml': rule(operator), [file]: text })).toEqual([
        expect.stringContaining(message),
      ]);
    }
  });

  it('are warned of where they look like prefixes, but whole numbers are compared', () => {
    const files = { 'r.yaml': rule('notInList'), 'lists/known.txt': '+49800\n+4930123456\n' };
    expect(problemsOf(files)).toEqual([
      expect.stringContaining('known.txt:1:1 warning: "+49800" looks like a prefix'),
    ]);
    expect(problemsOf({ ...files, 'r.yaml': rule('startsWithAnyOf') })).toEqual([]);
  });

  it('must be countries, and no dead prefixes, where these are compared', () => {
    const countries = { 'r.yaml': rule('inList', 'call.country'), 'lists/known.txt': 'DE\nUK\n' };
    expect(problemsOf(countries)).toEqual([expect.stringMatching(/known\.txt:2:1 .*Did you mean "GB"\?/)]);
    const prefixes = { 'r.yaml': rule('startsWithAnyOf'), 'lists/known.txt': '+49\n00\n' };
    expect(problemsOf(prefixes)).toEqual([expect.stringContaining('known.txt:2:1 "00" is no beginning')]);
  });

  it('that are all wrong are one mistake: ten are shown, the others counted', () => {
    const files = { 'r.yaml': rule('startsWithAnyOf'), 'lists/known.txt': 'x\n'.repeat(50_000) };
    const found = problemsOf(files);
    expect(found).toHaveLength(11);
    expect(found.at(-1)).toBe('lists/known.txt:11:1 … and 49990 more entries of this list like those above.');
  });
});

describe('an IP address in place of a prefix of telephone numbers', () => {
  const problem = (address: string, use = '') =>
    `"${address}" is an IP address and no prefix of telephone numbers${use}: addresses are compared by call.callerMediaIp and call.calleeMediaIp, and a number is written with "+" or without dots.`;
  const prefixes = (written: string) => compares('call.cld', 'startsWithAnyOf', written);
  const counts = (to: string) =>
    withLeaf(`{ fact: account.totalCalls, params: { to: ${to} }, operator: greaterThan, value: 3 }`);
  const older = (more: string) => withLeaf('{ fact: call.age, operator: greaterThan, value: 60 }', more);

  it.each(['192.0.2.1', '192.0.2.0/24', '2001:db8::1', '::ffff:192.0.2.1'])('is refused as %s', (address) => {
    const written = `["+49", "${address}"]`;
    expect(problemsOf({ 'r.yaml': prefixes(written) })).toEqual([`r.yaml:5:67 ${problem(address)}`]);
    expect(problemsOf({ 'r.yaml': counts(written) })).toEqual([`r.yaml:5:57 ${problem(address)}`]);
    for (const filter of [`only: { cli: ${written} }`, `except: { cld: ${written} }`])
      expect(problemsOf({ 'r.yaml': older(filter) })).toEqual([expect.stringContaining(problem(address))]);
  });

  it.each([
    ['a comparison', prefixes('gateways'), '5:59'],
    ['a count', counts('gateways'), '5:49'],
  ])('is refused in its line of a list, with the place of %s that takes it so', (_, text, place) => {
    const list = { 'lists/gateways.txt': '+49\n192.0.2.1\n2001:db8::1\n' };
    const use = `, for which r.yaml:${place} takes this list`;
    expect(problemsOf({ 'r.yaml': text, ...list })).toEqual([
      `lists/gateways.txt:2:1 ${problem('192.0.2.1', use)}`,
      `lists/gateways.txt:3:1 ${problem('2001:db8::1', use)}`,
    ]);
  });

  it('but not a number that is written with dots', () => {
    const numbers = ['+33.1.42.68', '01.42.68.53', '1.212.555', '33.1.42.68.53', '49.30.256.1'];
    expect(problemsOf({ 'r.yaml': prefixes(JSON.stringify(numbers)) })).toEqual([]);
  });

  it('nor is it called a prefix where whole numbers are compared', () => {
    const list = { 'lists/gateways.txt': '192.0.2.1\n' };
    expect(problemsOf({ 'r.yaml': compares('call.cli', 'inList', 'gateways'), ...list })).toEqual([]);
  });
});
