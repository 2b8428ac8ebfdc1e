// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the config's own placeholders.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/read-config.js';
import { CallwardenError, type Problem } from '../../src/domain/errors.js';

const SECRET = 'correct-horse-battery';
const ENV = { SIPPY_PASSWORD: SECRET };
const MINIMAL = `switches:
  - name: lab
    url: https://192.0.2.10/xmlapi/xmlapi
    username: ops
    password: \${SIPPY_PASSWORD}
`;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'callwarden-config-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function write(text: string | Buffer, name = 'callwarden.yaml', mode = 0o600): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

function read(text: string, env: Record<string, string> = ENV) {
  return readConfig(write(text), env);
}

function refused(
  text: string | Buffer,
  env: Record<string, string> = ENV,
  name = 'callwarden.yaml',
): readonly Problem[] {
  try {
    readConfig(write(text, name), env);
  } catch (error) {
    if (!(error instanceof CallwardenError)) throw error;
    expect(error.code).toBe('CONFIG_INVALID');
    const everything = JSON.stringify([error.message, error.hint, error.problems]);
    expect(everything).not.toContain(SECRET);
    return error.problems.filter(({ severity }) => severity === 'error');
  }
  throw new Error('The config was accepted.');
}

/** `line:column message` */
function lines(problems: readonly Problem[]): string[] {
  return problems.map(({ location, message }) => `${location?.line}:${location?.column} ${message}`);
}

/** The minimal config with lines added to its switch. */
function withSwitchLines(...added: string[]): string {
  return MINIMAL + added.map((line) => `    ${line}\n`).join('');
}

describe('a config', () => {
  it('gets the documented defaults, and monitors unless it says otherwise', () => {
    const { config, warnings } = read(MINIMAL);
    expect(warnings).toEqual([]);
    expect(config).toEqual({
      file: join(directory, 'callwarden.yaml'),
      switches: [
        {
          name: 'lab',
          url: 'https://192.0.2.10/xmlapi/xmlapi',
          login: { kind: 'digest', username: 'ops', password: SECRET },
          ca: undefined,
          timeoutMs: 10_000,
          deadlineMs: 30_000,
          concurrency: 4,
          schedule: '*/5 * * * * *',
          numbers: { techPrefixes: [] },
          protect: { numbers: [], accounts: [], customers: [] },
          customerTree: new Map(),
          crossCheck: true,
        },
      ],
      mode: 'monitor',
      rulesDir: join(directory, 'rules'),
      database: join(directory, 'callwarden.db'),
      protect: { numbers: [], accounts: [], customers: [] },
      caps: { perPass: 50, perHour: 500, sharePerPass: 0.25 },
      maxSnapshotAgeMs: 5_000,
      retention: { ledgerMs: 7 * 86_400_000, audit: 'forever' },
      checkpoints: {
        file: join(directory, 'callwarden.db.checkpoints.jsonl'),
        keyFile: join(directory, 'callwarden.db.key'),
        everyMs: 3_600_000,
      },
    });
  });

  it('takes every key of its documentation', () => {
    const { config } = read(`${withSwitchLines(
      'timeout: 500ms',
      'deadline: 2m',
      'concurrency: 8',
      'schedule: "0 * * * * *"',
      'numbers: { country: DE, bare: international, techPrefixes: ["0011#"] }',
      'protect: { numbers: ["110"], accounts: [7], customers: [9] }',
      'customerTree: { 3: 2, 2: 1 }',
    )}mode: enforce
rules: ../rules
database: data/cw.db
protect: { numbers: ["112"], accounts: [8], customers: [] }
caps: { perPass: 5, perHour: 6, sharePerPass: 1 }
maxSnapshotAge: 1s
retention: { ledger: 1h, audit: forever }
checkpoints: { file: /var/log/heads.jsonl, key: keys/audit.key, every: 10m }
`);
    expect(config).toMatchObject({
      mode: 'enforce',
      rulesDir: join(directory, '..', 'rules'),
      database: join(directory, 'data', 'cw.db'),
      caps: { perPass: 5, perHour: 6, sharePerPass: 1 },
      maxSnapshotAgeMs: 1_000,
      retention: { ledgerMs: 3_600_000, audit: 'forever' },
      checkpoints: {
        file: '/var/log/heads.jsonl',
        keyFile: join(directory, 'keys', 'audit.key'),
        everyMs: 600_000,
      },
    });
    expect(config.switches[0]).toMatchObject({
      timeoutMs: 500,
      deadlineMs: 120_000,
      concurrency: 8,
      schedule: '0 * * * * *',
      numbers: { country: 'DE', bare: 'international', techPrefixes: ['0011#'] },
      protect: { numbers: ['112', '110'], accounts: [8, 7], customers: [9] },
      customerTree: new Map([
        [3, 2],
        [2, 1],
      ]),
    });
  });

  it('takes trusted mode instead of a login, the wholesaler being the customer unless named', () => {
    const trusted = (text: string) =>
      read(`switches:\n  - { name: lab, url: "https://192.0.2.10/x", trusted: ${text} }\n`).config.switches[0]
        ?.login;
    expect(trusted('{ customer: 3 }')).toEqual({ kind: 'trusted', customer: 3, wholesaler: 3 });
    expect(trusted('{ customer: 3, wholesaler: 1 }')).toEqual({
      kind: 'trusted',
      customer: 3,
      wholesaler: 1,
    });
  });

  it('may be JSON', () => {
    const text = JSON.stringify({
      switches: [{ name: 'lab', url: 'https://192.0.2.10/x', username: 'ops', password: 'x' }],
    });
    expect(readConfig(write(text, 'callwarden.json'), ENV).config.switches[0]?.name).toBe('lab');
    expect(lines(refused('{"switches": [],}', ENV, 'callwarden.json'))[0]).toMatch(/^1:17 This is not JSON/);
  });

  it('in another encoding is refused, as its texts would be read as others', () => {
    const latin = Buffer.from(MINIMAL.replace('username: ops', 'username: op\u00e9s'), 'latin1');
    const [line, ...before] = MINIMAL.split('username: ops')[0]?.split('\n').reverse() ?? [];
    expect(lines(refused(latin))).toEqual([
      `${before.length + 1}:${(line ?? '').length + 'username: op'.length + 1} The file is not UTF-8 text: save it in that encoding.`,
    ]);
  });

  it('that does not exist is refused with the next step', () => {
    expect(() => readConfig(join(directory, 'none.yaml'), ENV)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        problems: [expect.objectContaining({ message: 'There is no such file.' })],
      }),
    );
  });

  it('that is empty is refused', () => {
    expect(lines(refused(''))).toEqual(['1:1 The document: expected a mapping, but found nothing.']);
  });

  it('tells all problems at once, in the order of the file', () => {
    const problems = refused(`switches:
  - name: "la b"
    url: ftp://192.0.2.10
    username: ops
    password: x
    timeuot: 10s
    concurrency: 0
mode: enforced
caps: { perPass: 0 }
`);
    expect(lines(problems)).toEqual([
      expect.stringMatching(/^2:11 "name": expected letters/),
      expect.stringMatching(/^3:10 "url": expected https or http/),
      expect.stringMatching(/^6:5 "timeuot" is not a known key\. Did you mean "timeout"\?/),
      expect.stringMatching(/^7:18 "concurrency": expected a whole number from 1 to 32/),
      expect.stringMatching(/^8:7 "mode": expected one of "enforce" or "monitor".*Did you mean "enforce"\?/),
      expect.stringMatching(/^9:18 "perPass": expected a whole number of at least 1/),
    ]);
  });

  it.each(['http', 'notify'])('with "%s" is told that this is not yet supported', (key) => {
    expect(lines(refused(`${MINIMAL}${key}: {}\n`))).toEqual([
      `6:1 "${key}" is not yet supported by this version: remove it.`,
    ]);
  });
});

describe('variables', () => {
  it('are replaced inside any text, once, and `$${` stands for itself', () => {
    const { config } = read(
      `switches:\n  - { name: lab, url: "https://\${HOST}/x", username: "a$\${b}", password: "\${P}-\${Q}" }\n`,
      { HOST: '192.0.2.10', P: '${Q}', Q: '' },
    );
    expect(config.switches[0]).toMatchObject({
      url: 'https://192.0.2.10/x',
      login: { username: 'a${b}', password: '${Q}-' },
    });
  });

  it('that are not set are refused where they stand, by name', () => {
    expect(lines(refused(MINIMAL, {}))).toEqual([
      expect.stringMatching(/^5:15 The environment variable SIPPY_PASSWORD is not set/),
    ]);
  });

  it('that are not set cause no further message about the same value', () => {
    expect(lines(refused(withSwitchLines('timeout: ${T}')))).toEqual([
      expect.stringMatching(/^6:14 The environment variable T is not set/),
    ]);
  });

  it.each(['${', '${}', '${A B}', '${1A}'])('written as %s are refused', (text) => {
    expect(lines(refused(withSwitchLines(`timeout: "${text}"`)))[0]).toMatch(/^6:14 After "\$\{" the name/);
  });

  it('never show what they contain, wherever they end up', () => {
    const secret = '"${SIPPY_PASSWORD}"';
    for (const key of [
      'schedule',
      'timeout',
      'concurrency',
      'caFile',
      'trusted',
      'protect',
      'customerTree',
    ]) {
      expect(refused(withSwitchLines(`${key}: ${secret}`)).length).toBeGreaterThan(0);
    }
    refused(MINIMAL.replace(/url: .*/, `url: ${secret}`));
    refused(MINIMAL.replace('name: lab', 'name: "la b${SIPPY_PASSWORD}"'));
    refused(MINIMAL.replace('password:', 'passwordFile:'));
    for (const key of ['mode', 'caps', 'retention', 'maxSnapshotAge', 'protect']) {
      refused(`${MINIMAL}${key}: "\${SIPPY_PASSWORD}"\n`);
    }
  });
});

describe('a password', () => {
  const login = (text: string) =>
    `switches:\n  - name: lab\n    url: https://192.0.2.10/x\n    username: ops\n    ${text}\n`;

  it.each([
    `password: [${SECRET}]`,
    `password: { a: ${SECRET} }`,
    `password: |${SECRET}`,
    `password: "${SECRET}`,
    `password: '${SECRET}' ${SECRET}`,
    `password: *${SECRET}`,
    `password: !${SECRET}`,
    `password: @${SECRET}`,
    `password: a: ${SECRET}`,
    `password: >${SECRET}`,
    `password: %${SECRET}`,
    `password:${SECRET}`,
    `password: x\n     ${SECRET}: y`,
  ])('that is written wrongly is not shown: %s', (text) => {
    expect(refused(login(text)).length).toBeGreaterThan(0);
  });

  it('of digits has to be in quotes, and is not shown', () => {
    expect(lines(refused(login('password: 12345678')))).toEqual([
      '5:15 "password": expected text that is not empty; put it in quotes if it looks like a number.',
    ]);
  });

  it('is read from a file, without the line ending', () => {
    write(`${SECRET} \r\n`, 'secret');
    const { config, warnings } = read(login('passwordFile: ./secret'));
    expect(config.switches[0]?.login).toMatchObject({ password: `${SECRET} ` });
    expect(warnings).toEqual([]);
  });

  it('in a file that others can read is a warning', () => {
    write(SECRET, 'secret', 0o644);
    expect(lines(read(login('passwordFile: secret')).warnings)).toEqual([
      '5:19 "passwordFile": others on this machine can read the file; chmod 600 it.',
    ]);
  });

  it('in a config that others can read is a warning', () => {
    const file = write(login('password: abc'), 'open.yaml', 0o644);
    expect(lines(readConfig(file, ENV).warnings)[0]).toMatch(
      /^5:5 "password": others on this machine can read/,
    );
    const variable = write(login('password: "${SIPPY_PASSWORD}"'), 'variable.yaml', 0o644);
    expect(readConfig(variable, ENV).warnings).toEqual([]);
  });

  it.each(['ab$${c}', '$${SIPPY_PASSWORD}', 'abc${EMPTY}', '${EMPTY}a$${b}${EMPTY}'])(
    'written as %s is in the config itself, and as good as the plain one for whoever reads it',
    (text) => {
      const file = write(login(`password: '${text}'`), 'open.yaml', 0o644);
      expect(lines(readConfig(file, { ...ENV, EMPTY: '' }).warnings)).toEqual([
        expect.stringMatching(/^5:5 "password": others on this machine can read/),
      ]);
      const part = write(login(`password: '${text}\${SIPPY_PASSWORD}'`), 'part.yaml', 0o644);
      expect(readConfig(part, { ...ENV, EMPTY: '' }).warnings).toEqual([]);
    },
  );

  it('of a variable that is set but empty is refused', () => {
    expect(lines(refused(login('password: "${EMPTY}"'), { EMPTY: '' }))).toEqual([
      expect.stringMatching(/^5:15 "password": expected text that is not empty/),
    ]);
  });

  it('is never quoted where the lines around it are no YAML, however far from the place that the parser names', () => {
    const text = `  switches:\n  - name: a\nswitches:\n  - name: a\n    username: ops\n      password: ${SECRET}\n`;
    const [first, ...others] = lines(refused(text));
    expect([first, ...others].join('\n')).not.toContain(SECRET);
    expect(first).toMatch(/^\d+:\d+ This is not YAML/);
  });

  it.each([
    ['', 'is empty'],
    [`${SECRET}\nsecond\n`, 'has several lines'],
  ])('file holding %j is refused', (content, message) => {
    write(content, 'secret');
    expect(lines(refused(login('passwordFile: secret')))[0]).toContain(message);
  });

  it('file in another encoding is refused', () => {
    write(Buffer.from('p\u00e4ssword', 'latin1'), 'secret');
    expect(lines(refused(login('passwordFile: secret')))).toEqual([
      '5:19 "passwordFile": secret is not UTF-8 text.',
    ]);
    write('\u{FEFF}p\u00e4ssword\n', 'secret');
    expect(read(login('passwordFile: secret')).config.switches[0]?.login).toMatchObject({
      password: 'p\u00e4ssword',
    });
  });

  it('file that cannot be read is refused with its place', () => {
    expect(lines(refused(login('passwordFile: nowhere')))[0]).toMatch(
      /^5:19 "passwordFile": .* cannot be read \(ENOENT\)/,
    );
  });
});

describe('the key that signs checkpoints', () => {
  it('that others can read is a warning, wherever it is; one that is not there yet is none', () => {
    expect(read(MINIMAL).warnings).toEqual([]);
    write('a key', 'callwarden.db.key', 0o640);
    const own = '"key": others on this machine can read';
    expect(read(MINIMAL).warnings.map(({ message }) => message)).toEqual([expect.stringContaining(own)]);
    write('a key', 'other.key', 0o604);
    const named = lines(read(`${MINIMAL}\ncheckpoints: { key: ./other.key }\n`).warnings);
    expect(named).toEqual([expect.stringMatching(/^\d+:\d+ "key": others .*other\.key, and could sign/)]);
    write('a key', 'other.key', 0o600);
    expect(read(`${MINIMAL}\ncheckpoints: { key: ./other.key }\n`).warnings).toEqual([]);
  });
});

describe('a switch', () => {
  it.each([
    [
      'trusted: { customer: 1 }',
      '4:5 "username" and "trusted" exclude each other: a trusted client sends no login.',
    ],
    ['passwordFile: x', '6:5 "password" and "passwordFile" exclude each other.'],
  ])('with two logins is refused: %s', (line, message) => {
    expect(lines(refused(withSwitchLines(line)))).toContain(message);
  });

  it('without a login, or with half of one, is refused', () => {
    const start = 'switches:\n  - name: lab\n    url: https://192.0.2.10/x\n';
    expect(lines(refused(start))[0]).toMatch(/^2:5 The login is missing/);
    expect(lines(refused(`${start}    username: ops\n`))).toEqual([
      '4:5 "password" or "passwordFile" is missing beside "username".',
    ]);
    expect(lines(refused(`${start}    password: ops\n`))).toEqual([
      '4:5 "username" is missing beside the password.',
    ]);
  });

  it.each([
    ['192.0.2.10', 'expected the full address'],
    ['https://ops:pw@192.0.2.10/x', 'a login does not belong into the address'],
    ['https://ops@192.0.2.10/x', 'a login does not belong into the address'],
    ['file:///etc/passwd', 'expected https or http'],
    ['"https://192.0.2.10/x#y"', 'without "#"'],
  ])('with the address %s is refused', (url, message) => {
    const problems = lines(refused(MINIMAL.replace(/url: .*/, `url: ${url}`)));
    expect(problems).toEqual([expect.stringContaining(message)]);
  });

  it('is warned about plain http unless it is on this machine', () => {
    const warnings = (url: string) => read(MINIMAL.replace(/url: .*/, `url: ${url}`)).warnings;
    expect(lines(warnings('http://192.0.2.10/x'))).toEqual([
      '3:10 "url": http does not hide call data, and digest login does not either; use https.',
    ]);
    for (const host of ['localhost', '127.0.0.1:8080', '127.1.2.3', '"http://[::1]:80/x"']) {
      expect(warnings(host.startsWith('"') ? host : `http://${host}/x`)).toEqual([]);
    }
  });

  it.each([
    ['timeout: 10', '6:14 "timeout": expected a duration with its unit'],
    ['timeout: "10"', 'expected a duration with its unit'],
    ['timeout: 0s', '"timeout": expected more than 0'],
    ['timeout: -1s', 'expected a duration with its unit'],
    ['deadline: 2h', 'expected at most 1h'],
    ['timeout: 31s', '6:14 "timeout" (one request, default 10s) is longer than "deadline"'],
    ['deadline: 9s', '6:15 "timeout" (one request, default 10s) is longer than "deadline"'],
    ['concurrency: 33', 'expected a whole number from 1 to 32'],
    ['concurrency: 1.5', 'expected a whole number from 1 to 32'],
    ['schedule: "* * * * *"', 'expected six fields, seconds first'],
    ['schedule: "*/5 * * * * 9"', 'the field for dayOfWeek cannot be read'],
    ['schedule: "@daily"', 'expected six fields'],
    ['numbers: { country: de }', 'Did you mean "DE"?'],
    ['numbers: { country: XX }', 'expected a country that telephone numbers belong to'],
    ['numbers: { country: UK }', 'Did you mean "GB"?'],
    ['numbers: { techPrefixes: [""] }', 'that are not empty'],
    ['numbers: { bare: national }', 'expected one of "international" or "either"'],
    ['numbers: { techPrefixes: [11] }', 'expected texts in quotes'],
    ['protect: { numbers: [112] }', 'expected telephone numbers in quotes'],
    ['protect: { accounts: [a] }', 'expected the numbers'],
    ['protect: { accounts: [-1] }', 'at least 0'],
    ['protect:', 'expected a mapping'],
    ['customerTree: { a: 1 }', 'expected the number of a customer'],
    ['customerTree: { 1: b }', 'customerTree'],
    ['customerTree: { 1: 1 }', 'in a circle: 1 is under 1'],
    ['customerTree: { 1: 2, 2: 3, 3: 1 }', 'in a circle: 1 is under 2 is under 3 is under 1'],
    ['trusted: {}', 'customer'],
    ['caFile: nowhere.pem', 'cannot be read (ENOENT)'],
  ])('with "%s" is refused', (line, message) => {
    const source = line.startsWith('trusted')
      ? `${MINIMAL.replace(/ {4}(username|password).*\n/g, '')}    ${line}\n`
      : withSwitchLines(line);
    const problems = lines(refused(source));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message.replace('customerTree', 'expected'));
  });

  it('with a CA file that holds no certificate is refused', () => {
    write('hello', 'ca.pem');
    expect(lines(refused(withSwitchLines('caFile: ca.pem')))[0]).toContain('holds no certificate');
    write('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'ca.pem');
    expect(lines(refused(withSwitchLines('caFile: ca.pem')))[0]).toContain(
      'holds a certificate that cannot be read',
    );
  });

  it('may not share its name with another one', () => {
    expect(lines(refused(`${MINIMAL}${MINIMAL.replace('switches:\n', '').replace('lab', 'LAB')}`))).toEqual([
      expect.stringMatching(/^6:11 "name": another switch has this name already/),
    ]);
  });

  it('is one of at least one', () => {
    expect(lines(refused('switches: []\n'))).toEqual(['1:11 "switches": expected at least one switch.']);
  });
});

describe('the rest of a config', () => {
  it.each([
    ['caps: { sharePerPass: 0 }', 'above 0 and up to 1'],
    ['caps: { sharePerPass: 1.1 }', 'above 0 and up to 1'],
    ['caps: { perHour: 0 }', 'at least 1'],
    ['retention: { ledger: forever }', '"ledger": expected a duration'],
    ['retention: { audit: never }', '"audit": expected'],
    ['checkpoints: { every: 0.5s }', '"every": expected 1s to 7d'],
    ['checkpoints: { every: 8d }', '"every": expected 1s to 7d'],
    ['checkpoints: { file: "" }', '"file": expected a path'],
    ['checkpoints: { file: callwarden.db }', '"file": this is the same file as "database"'],
    ['checkpoints: { file: a, key: ./a }', '"key": this is the same file as "file"'],
    ['checkpoints: { keyFile: x }', '"keyFile" is not a known key'],
    ['retention: { audit: 30d }', 'not yet supported'],
    ['maxSnapshotAge: 5', '"maxSnapshotAge": expected a duration'],
    ['rules: ""', '"rules": expected a path'],
    ['mode: off', 'expected one of "enforce" or "monitor"'],
  ])('with "%s" is refused', (line, message) => {
    expect(lines(refused(`${MINIMAL}${line}\n`))).toEqual([expect.stringContaining(message)]);
  });

  it('warns of accounts protected on all of several switches', () => {
    const two = `${MINIMAL}${MINIMAL.replace('switches:\n', '').replace('lab', 'main')}protect: { accounts: [7] }\n`;
    expect(lines(read(two).warnings)).toEqual([
      expect.stringMatching(/^10:12 "accounts": with several switches/),
    ]);
    expect(read(`${MINIMAL}protect: { accounts: [7] }\n`).warnings).toEqual([]);
  });
});
