import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { CONFIG_TEMPLATE } from '../../../src/cli/init-templates.js';
import { readConfig } from '../../../src/config/read-config.js';
import { CallwardenError } from '../../../src/domain/errors.js';
import { damagedText } from '../mutate.js';
import { assert, type Reach, type Target, target } from '../target.js';

/** Stands where a password belongs: in the environment, in the file that is named, in the config itself. */
const SECRETS = { environment: 'fromEnv-s3cret', file: 'fromFile-s3cret', own: 'written-s3cret' };

const folder = mkdtempSync(join(tmpdir(), 'callwarden-fuzz-'));
const FILE = join(folder, 'callwarden.yaml');
writeFileSync(join(folder, 'password.txt'), `${SECRETS.file}\n`, { mode: 0o600 });

const uncommented = CONFIG_TEMPLATE.replace(/^( *)# (?=[a-z].*: |- )/gm, '$1')
  .replace(/passwordFile.*\n/, '\n')
  .replace(/^ *trusted:.*\n/m, '')
  .replace(/^ *caFile:.*\n/m, '');
const SMALL = `switches:
  - name: a
    url: http://127.0.0.1:1/xmlapi/xmlapi
    username: ops
    passwordFile: ./password.txt
    schedule: "*/5 * * * * *"
    numbers: { country: DE, techPrefixes: ["0011#"] }
    customerTree: { 3: 2 }
caps: { perPass: 5, sharePerPass: 0.5 }
`;
const TRUSTED =
  'switches:\n  - { name: b, url: "https://192.0.2.1/x", trusted: { customer: 1 } }\nmode: enforce\n';
const WORDS = [
  ...[
    '\n',
    '\n  ',
    '  ',
    '\t',
    ':',
    ': ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '#',
    '&a ',
    '*a',
    '|',
    '>',
    '---\n',
    '!!str ',
    '? ',
    '%',
  ],
  ...[
    `\${SIPPY_PASSWORD}`,
    '${',
    '$${',
    `\${NOT_SET}`,
    '${PATH',
    '}',
    'username: ',
    'passwordFile: ./password.txt',
    'passwordFile: /nowhere',
  ],
  ...[
    'caFile: ./password.txt',
    'mode: enforce\n',
    'mode: monitr\n',
    '-1',
    '1e400',
    '0x10',
    '.nan',
    'null',
    '10s',
    '24d',
    '99999999999999999999',
  ],
  ...[
    'trusted: { customer: 1 }',
    'switches:',
    'http:\n',
    'notify: []\n',
    'caps: { perPass: 0 }',
    '__proto__: {}',
    '\u0000',
    '\u202e',
    '\u2028',
    '\ufeff',
  ],
  ...[
    'password: x',
    'database: .',
    'rules: ""',
    'https://u:p@h/',
    'retention: { audit: 1d }',
    'a'.repeat(2_000),
    '[ '.repeat(200),
  ],
];

const base = damagedText([CONFIG_TEMPLATE, uncommented, SMALL, TRUSTED], WORDS);

/**
 * A config in which a password is written, whole and on its line, in the middle of whatever a person did to the lines around
 * it: a quote left open above it, a list turned into a mapping, a key misspelt.
 */
const withOwnPassword = fc
  .tuple(
    damagedText([SMALL.replace('    passwordFile: ./password.txt\n', '@\n')], WORDS),
    fc.constantFrom('    ', '  ', '', '      '),
  )
  .map(([text, indent]) => text.replace('@', () => `${indent}password: ${SECRETS.own}`));

function holdsForConfig(text: string, reach: Reach): void {
  writeFileSync(FILE, text, { mode: 0o600 });
  const shown: string[] = [];
  try {
    const { config, warnings } = readConfig(FILE, { SIPPY_PASSWORD: SECRETS.environment });
    reach('accepted');
    assert(config.switches.length > 0, 'a config without a switch');
    shown.push(...warnings.map(({ message }) => message));
  } catch (error) {
    if (!(error instanceof CallwardenError)) throw error;
    assert(error.code === 'CONFIG_INVALID', `${error.code}: ${error.message}`);
    assert(error.problems.length > 0, `says nothing: ${error.message}`);
    shown.push(error.message, error.hint, ...error.problems.map(({ message }) => message));
  }
  for (const secret of Object.values(SECRETS)) {
    for (const message of shown) assert(!message.includes(secret), `shows ${secret}: ${message}`);
  }
}

export const CONFIG_TARGETS: readonly Target[] = [
  target('damaged configs', 250, base, holdsForConfig),
  target('damaged configs with a password in them', 250, withOwnPassword, holdsForConfig),
];
