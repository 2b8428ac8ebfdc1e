import fc from 'fast-check';
import { subjectWord } from '../../../src/cli/explained-subject.js';
import { parseTime } from '../../../src/cli/time.js';
import { durationText, parseDuration } from '../../../src/documents/duration.js';
import { EMERGENCY_NUMBERS } from '../../../src/facts/emergency-numbers.js';
import { createNumbering } from '../../../src/facts/numbering.js';
import { createProtectedNumbers } from '../../../src/facts/protected-numbers.js';
import { assert, assertSame, type Reach, type Target, target } from '../target.js';

const NOW = Date.UTC(2026, 0, 5, 10, 0, 0);

const pieces = fc.constantFrom(
  ...[
    '1',
    '30',
    '0',
    '999999999999',
    '1.5',
    's',
    'm',
    'min',
    'h',
    'd',
    ' ',
    ' ago',
    '-',
    '+',
    'now',
    'today',
    'yesterday',
  ],
  ...[
    '2026-01-05',
    '10:00',
    ':00',
    'T',
    'Z',
    '+02:00',
    '@',
    '2026-02-30',
    '24:00',
    'ms',
    'week',
    'M',
    'y',
    '\u0000',
    '\u0661',
    '\u2028',
  ],
);
const words = fc.oneof(
  fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.tuple(pieces, fc.nat(3_000)).map(([piece, times]) => `${piece.repeat(times)}x`),
);

function holdsForTimes(text: string, reach: Reach): void {
  const at = parseTime(text, NOW);
  if (at !== undefined) {
    reach('an instant');
    assert(Number.isSafeInteger(at) && !Number.isNaN(new Date(at).getTime()), `${at} is no instant`);
  }
  const ms = parseDuration(text);
  if (ms !== undefined) {
    reach('a duration');
    assert(Number.isSafeInteger(ms) && ms >= 0, `${ms} is no duration`);
    assertSame(parseDuration(durationText(ms)), ms, 'read back');
  }
  try {
    const { id } = subjectWord(text);
    assert(id !== '', 'a subject without an ID');
  } catch (error) {
    assert(
      error instanceof Error && error.constructor.name === 'InvalidArgumentError',
      `throws ${String(error)}`,
    );
  }
}

const TECH_PREFIXES = ['0011#', '77'];
const PLANS = [
  createNumbering({ country: 'DE', techPrefixes: TECH_PREFIXES }),
  createNumbering({ country: 'US', techPrefixes: TECH_PREFIXES }),
  createNumbering({ techPrefixes: TECH_PREFIXES }),
];
const GUARDS = PLANS.map((numbering) => createProtectedNumbers(['+49 30 1234567'], numbering));
/** Short codes count in any country; longer ones look like subscribers and count as written. */
const CODES = [...new Set(Object.values(EMERGENCY_NUMBERS).flat())].filter(({ length }) => length <= 4);

const separator = fc.constantFrom('', ' ', '-', '.', '(', ')', '/', ' - ');
/** A number as someone may dial it: separators anywhere, and one thing before and after it. */
const wrapped = fc
  .tuple(
    fc.constantFrom(...CODES),
    fc.array(separator, { minLength: 4, maxLength: 4 }),
    fc.constantFrom(
      '',
      '+',
      '00',
      '0011#',
      '77',
      '0011#00',
      '+49',
      '0049',
      '49',
      '0',
      '#31#',
      '*67#',
      'tel:',
      'sip:',
      ' ',
      '<sip:',
    ),
    fc.constantFrom('', '#', ';phone-context=+49', ' ', '@example.com', ':5060'),
  )
  .filter(([, , before, after]) => after === '' || after === ' ' || !['<sip:'].includes(before))
  .map(([code, between, before, after]) => {
    const digits = [...code]
      .map((digit, index) => `${index === 0 ? '' : (between[index] ?? '')}${digit}`)
      .join('');
    const uri = /^(?:tel:|sip:)/.test(before);
    return {
      raw: `${before}${digits}${uri || after === ' ' || after === '#' ? after : ''}${before === '<sip:' ? '@h>' : ''}`,
      code,
    };
  });

function staysProtected({ raw, code }: { raw: string; code: string }, reach: Reach): void {
  for (const guard of GUARDS)
    assert(guard.match(raw) !== undefined, `${JSON.stringify(raw)} is ${code}, and is not protected`);
  reach('protected');
}

const dialled = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0123456789+#*() -./;:@<>%aA\u0661\u0000'), maxLength: 24 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc
    .tuple(fc.constantFrom('+', '00', '', '0', '0011#'), fc.bigInt({ min: 1n, max: 10n ** 15n }))
    .map(([before, digits]) => `${before}${digits}`),
);

/** Nothing makes the reading of numbers throw or hang; what is read as a full number is read the same again. */
function holdsForNumbers(raw: string, reach: Reach): void {
  for (const [index, numbering] of PLANS.entries()) {
    const normal = numbering.normalise(raw);
    const forms = numbering.formsOf(raw);
    assert(forms.length < 500, `${forms.length} forms`);
    assert(raw.trim() === '' || forms.includes(raw), 'the text itself is no form of it');
    GUARDS[index]?.match(raw);
    if (!/^\d+$/.test(normal)) continue;
    reach('a number');
    const country = numbering.countryOf(normal);
    assert(country === undefined || /^[A-Z]{2}$/.test(country), `country ${country}`);
    // Without a country of its own nothing is ambiguous but a result that begins with a technical prefix.
    if (index !== 2 || TECH_PREFIXES.some((prefix) => normal.startsWith(prefix)) || normal.startsWith('00'))
      continue;
    assertSame(numbering.normalise(normal), normal, `${JSON.stringify(raw)} read twice`);
    reach('read twice');
  }
}

export const WORD_TARGETS: readonly Target[] = [
  target('times, durations and subjects', 3_000, words, holdsForTimes),
  target('emergency numbers however they are written', 3_000, wrapped, staysProtected),
  target('dialled numbers', 2_000, dialled, holdsForNumbers),
];
