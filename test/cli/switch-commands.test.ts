// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a password may look like a placeholder.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { parseFault } from '../../src/simulator/parse-fault.js';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/start-simulator.js';
import { openStore } from '../../src/store/open-store.js';
import { runCli, startCli } from '../support/run-cli.js';
import { tempDir } from '../support/temp-store.js';

let cwd: string;

beforeEach(() => {
  cwd = tempDir();
  cpSync(fileURLToPath(new URL('../../rules', import.meta.url)), join(cwd, 'rules'), { recursive: true });
});

async function simulate(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = await startSimulator({
    seed: 7,
    clock: Date.now,
    warmStart: true,
    username: 'ops',
    password: 'pw',
    ...options,
  });
  onTestFinished(() => simulator.close());
  return simulator;
}

function writeConfig(switches: Record<string, string>, more = ''): void {
  const entries = Object.entries(switches).map(
    ([name, url]) => `  - { name: ${name}, url: "${url}", username: ops, password: "\${PW}", timeout: 2s }\n`,
  );
  writeFileSync(join(cwd, 'callwarden.yaml'), `switches:\n${entries.join('')}${more}`);
}

const run = (args: string[], env: Record<string, string> = { PW: 'pw' }) => runCli(args, { cwd, env });

function rows(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('calls', () => {
  it('lists what the switch reports, narrowed by its filters', async () => {
    writeConfig({ lab: (await simulate()).url });
    const all = rows((await run(['calls'])).stdout);
    expect(all.length).toBeGreaterThan(5);
    expect(Object.keys(all[0] ?? {}).slice(0, 8)).toEqual(
      'switch id callId state account customer connection environment'.split(' '),
    );
    const account = all.find((row) => row['account'] !== null)?.['account'];
    const narrowed = rows(
      (await run(['calls', '--account', String(account), '--state', 'Connected'])).stdout,
    );
    expect(narrowed.every((row) => row['account'] === account && row['state'] === 'Connected')).toBe(true);
    const active = rows((await run(['calls', '--active', '--switch', 'lab'])).stdout);
    expect(
      active.every((row) => ['Connected', 'ARComplete', 'WaitRoute'].includes(String(row['state']))),
    ).toBe(true);
  });

  it('counts suspect calls on stderr and keeps them out of the list', async () => {
    writeConfig({ lab: (await simulate({ faults: [parseFault('listAllCalls:unreadable:share=50%')] })).url });
    const { exitCode, stderr } = await run(['calls']);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/lab: \d+ suspect: ID, CALL_ID or CC_STATE cannot be read/);
  });

  it('and stats say on stderr that nothing matches', async () => {
    writeConfig({ lab: (await simulate()).url });
    expect(await run(['calls', '--account', '99999'])).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: 'no calls match\n',
    });
    expect(await run(['stats', '--account', '99999'])).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: 'no accounts with calls match\n',
    });
  });

  it('of one switch that fails are still those of the others, with exit code 1', async () => {
    writeConfig({ down: `http://127.0.0.1:${await closedPort()}/x`, lab: (await simulate()).url });
    const { exitCode, stdout, stderr } = await run(['calls', '-o', 'json']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/down: error: SWITCH_UNREACHABLE: .*\nhint: /);
    const listed = JSON.parse(stdout) as { switch: string }[];
    expect(new Set(listed.map((row) => row.switch))).toEqual(new Set(['lab']));
  });
});

describe('stats', () => {
  it('counts calls per account', async () => {
    writeConfig({ lab: (await simulate()).url });
    const { exitCode, stdout } = await run(['stats', '-o', 'csv']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^switch,account,total,connected\r\n(lab,\d+,\d+,\d+\r\n)+$/);
  });

  it('that are faulty are no numbers at all', async () => {
    writeConfig({ lab: (await simulate({ faults: [parseFault('getAccountCallStats:html')] })).url });
    expect(await run(['stats'])).toMatchObject({ exitCode: 1, stdout: '' });
  });
});

describe('doctor', () => {
  it('finds nothing wrong with a healthy switch, and disconnects and creates nothing', async () => {
    const simulator = await simulate();
    writeConfig({ lab: simulator.url });
    const { exitCode, stdout } = await run(['doctor']);
    expect(stdout).toMatch(/^ok {4}config: /);
    expect(stdout).toMatch(/ok {4}rules: .* rules, 0 of them enforce/);
    expect(stdout).toMatch(/ok {4}database: .* is not there yet/);
    expect(stdout).toMatch(/ok {4}switch lab: login and listAllCalls: \d+ calls/);
    expect(stdout).toMatch(/ok {4}switch lab: clock: /);
    expect(stdout).toMatch(/ok {4}switch lab: getAccountCallStats: \d+ accounts/);
    expect(exitCode).toBe(0);
    expect(existsSync(join(cwd, 'callwarden.db'))).toBe(false);
    expect(simulator.requests.some(({ method }) => method?.startsWith('disconnect') === true)).toBe(false);
  });

  it('warns of rules that cut by numbers on a switch whose config does not say how it writes them', async () => {
    writeConfig({ lab: (await simulate()).url });
    const { exitCode, stdout } = await run(['doctor']);
    expect(stdout).toMatch(
      /warn {2}switch lab: numbers: the config names no country, so that \S+, .* and \d+ more read every number as an international one: .*\n {6}next: Add `numbers: \{ country: … \}`/,
    );
    expect(exitCode).toBe(0);
    const config = readFileSync(join(cwd, 'callwarden.yaml'), 'utf8');
    writeFileSync(join(cwd, 'callwarden.yaml'), config.replace('timeout: 2s', 'numbers: { country: DE }'));
    expect((await run(['doctor'])).stdout).not.toContain('numbers: the config');
    const stated = config.replace('timeout: 2s', 'numbers: { bare: international }');
    writeFileSync(join(cwd, 'callwarden.yaml'), stated);
    expect((await run(['doctor'])).stdout).not.toContain('numbers:');
  });

  it('warns of dialled numbers that are taken for national ones, unless the config says what they are', async () => {
    const simulator = await simulate({ traffic: 'none' });
    writeConfig({ lab: simulator.url });
    const config = readFileSync(join(cwd, 'callwarden.yaml'), 'utf8');
    const doctorWith = async (numbers: string) => {
      const stated = config.replace('timeout: 2s', `numbers: { ${numbers} }`);
      writeFileSync(join(cwd, 'callwarden.yaml'), stated);
      return (await run(['doctor'])).stdout;
    };
    for (const cld of ['442079460000', '0301234567', '+53095809494', '5309580949'])
      simulator.world.addCall({ cld });
    expect(await doctorWith('country: DE')).toMatch(
      /warn {2}switch lab: numbers: 1 of 2 dialled numbers without \+, 00 or a trunk prefix are read as national ones of DE, such as 53095… as \+49530…;.*\n {6}next: State `bare: international` beside `country: DE`/,
    );
    expect(await doctorWith('country: DE, bare: international')).not.toContain('numbers:');
    // Without a trunk prefix that is how national numbers are dialled.
    simulator.world.addCall({ cld: '678123456' });
    expect(await doctorWith('country: ES')).toMatch(/ok {4}switch lab: numbers: 1 of 3 dialled numbers/);
    // Taking off what stands before an international number makes it no national one.
    simulator.world.addCall({ cld: '77442079460000' });
    expect(await doctorWith('country: DE, techPrefixes: ["77"]')).toMatch(
      /numbers: 2 of 4 dialled .* 53095… as/,
    );
    simulator.world.addCall({ cld: '810442079460000' });
    expect(await doctorWith('country: RU')).not.toMatch(/read as national ones of RU, such as 810/);
    expect(await doctorWith('country: DE, bare: either')).not.toContain('numbers:');
  });

  it('warns of dialled numbers behind a trunk prefix that is not taken off, as a foreign number may begin so', async () => {
    const simulator = await simulate({ traffic: 'none' });
    writeConfig({ lab: simulator.url });
    const config = readFileSync(join(cwd, 'callwarden.yaml'), 'utf8');
    const doctorIn = async (country: string) => {
      const numbers = `numbers: { country: ${country}, bare: international }`;
      writeFileSync(join(cwd, 'callwarden.yaml'), config.replace('timeout: 2s', numbers));
      return (await run(['doctor'])).stdout;
    };
    // Of Vietnam by the second, which could be of Moscow too; of Russia, with its country code, by the third.
    for (const cld of ['442079460000', '84951234567', '78123456789']) simulator.world.addCall({ cld });
    expect(await doctorIn('RU')).not.toContain('trunk prefix');
    simulator.world.addCall({ cld: '88123456789' });
    expect(await doctorIn('RU')).toMatch(
      /warn {2}switch lab: numbers: 1 of the dialled numbers looks like a national one of RU behind its trunk prefix 8, .* such as 88123…, which is read as \+88123…/,
    );
    for (const country of ['DE', 'US', 'ES']) expect(await doctorIn(country)).not.toContain('trunk prefix');
  });

  it("warns of a list of foreign destinations that holds the switch's own country", async () => {
    writeConfig({ lab: (await simulate()).url });
    const config = readFileSync(join(cwd, 'callwarden.yaml'), 'utf8');
    const numbers = 'numbers: { country: LV, bare: international }';
    writeFileSync(join(cwd, 'callwarden.yaml'), config.replace('timeout: 2s', numbers));
    const { stdout, exitCode } = await run(['doctor']);
    expect(stdout).toMatch(
      /warn {2}switch lab: numbers: the list high-risk-prefixes holds \+371, the whole of LV: .*irsf-burst.*\n {6}next: Take \+371 out/,
    );
    // By a comparison of the dialled number too, not by counts alone.
    expect(stdout).toMatch(
      /the list costly-prefixes holds \+371, the whole of LV: maximum-duration-costly, /,
    );
    expect(exitCode).toBe(0);
    writeFileSync(join(cwd, 'rules', 'lists', 'high-risk-prefixes.txt'), '+371\n');
    // A list of one's own country alone is none of foreign destinations.
    expect((await run(['doctor'])).stdout).not.toContain('the list high-risk-prefixes');
  });

  it('warns of it by the numbers of the country where that shares its country code with others', async () => {
    writeConfig({ lab: (await simulate()).url });
    const config = readFileSync(join(cwd, 'callwarden.yaml'), 'utf8');
    const doctorIn = async (country: string) => {
      const numbers = `numbers: { country: ${country}, bare: international }`;
      writeFileSync(join(cwd, 'callwarden.yaml'), config.replace('timeout: 2s', numbers));
      return (await run(['doctor'])).stdout;
    };
    expect(await doctorIn('JM')).toMatch(
      /the list costly-prefixes holds \+1876, which is in JM: .*\n {6}next: Take \+1876 out/,
    );
    expect(await doctorIn('DO')).toMatch(
      /the list high-risk-prefixes holds \+1809, \+1829 and \+1849, which are in DO: /,
    );
    // Neither other countries of that code nor single exchanges are the country.
    expect(await doctorIn('US')).not.toContain(' holds +');
    writeFileSync(join(cwd, 'rules', 'lists', 'costly-prefixes.txt'), '+1876555\n+21\n');
    expect(await doctorIn('JM')).not.toContain(' holds +');
    // Numbers of Mayotte have a digit less, behind the country code of Réunion.
    writeFileSync(join(cwd, 'rules', 'lists', 'costly-prefixes.txt'), '+262639\n+21\n');
    expect(await doctorIn('YT')).toContain('the list costly-prefixes holds +262639, which is in YT: ');
    expect(await doctorIn('RE')).not.toContain(' holds +');
  });

  it('does not warn of numbers where no rule cuts by them', async () => {
    writeConfig({ lab: (await simulate()).url }, 'rules: ./few\n');
    mkdirSync(join(cwd, 'few', 'lists'), { recursive: true });
    for (const name of [
      'maximum-duration.yaml',
      'high-risk-minutes-a-day.yaml',
      'lists/high-risk-prefixes.txt',
    ])
      cpSync(join(cwd, 'rules', name), join(cwd, 'few', name));
    expect((await run(['doctor'])).stdout).not.toContain('numbers: the config');
    cpSync(join(cwd, 'rules', 'irsf-burst.yaml'), join(cwd, 'few', 'irsf-burst.yaml'));
    expect((await run(['doctor'])).stdout).toContain('so that irsf-burst reads every number');
  });

  it('warns of directions that rules do not count, and of calls without one', async () => {
    const simulator = await simulate({ traffic: 'none' });
    writeConfig({ lab: simulator.url });
    simulator.world.addCall({ direction: 'onnet_in' });
    simulator.world.addCall({ direction: 'vendor' });
    expect((await run(['doctor'])).stdout).not.toContain('DIRECTION');
    simulator.world.addCall({ listedFields: { DIRECTION: 'transit' } });
    simulator.world.addCall({ listedFields: { DIRECTION: null } });
    const { exitCode, stdout } = await run(['doctor']);
    expect(stdout).toMatch(
      /warn {2}switch lab: DIRECTION: calls are listed with "transit", which no switch .*\n {6}next: .*add it there/,
    );
    expect(stdout).toMatch(
      /warn {2}switch lab: DIRECTION: 1 of 4 calls are listed without one\n {6}next: .*indeterminate/,
    );
    expect(exitCode).toBe(0);
  });

  it('names what fails, with the next step and exit code 1', async () => {
    writeConfig({ wrong: (await simulate()).url, down: `http://127.0.0.1:${await closedPort()}/x` });
    const { exitCode, stdout } = await run(['doctor'], { PW: 'not-the-password' });
    expect(stdout).toMatch(
      /fail {2}switch wrong: login and listAllCalls: SWITCH_AUTH_FAILED: .*\n {6}next: /,
    );
    expect(stdout).toMatch(
      /fail {2}switch down: TCP: no connection to 127\.0\.0\.1 .*ECONNREFUSED.*\n {6}next: /,
    );
    expect(stdout).not.toContain('not-the-password');
    expect(exitCode).toBe(1);
  });

  it('warns of a switch whose clock is off', async () => {
    const server = createServer((_request, response) => {
      response.setHeader('Date', new Date(Date.now() - 60_000).toUTCString());
      response.setHeader('Content-Type', 'text/xml');
      response.end(
        '<?xml version="1.0"?><methodResponse><params><param><value><array><data></data></array></value></param></params></methodResponse>',
      );
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    writeConfig({ lab: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x` });
    const { stdout } = await run(['doctor']);
    expect(stdout).toMatch(/warn {2}switch lab: clock: the switch is (59|60)\.\d s behind\n {6}next: /);
  });

  it.each([
    ['server', 'ca.pem', 0, /ok {4}switch lab: TLS: TLSv1\.[23], certificate valid until /],
    ['server', undefined, 1, /fail {2}switch lab: TLS: .*\n {6}next: .*"caFile"/],
    ['server', 'other-ca.pem', 1, /fail {2}switch lab: TLS: /],
    ['expired', 'ca.pem', 1, /fail {2}switch lab: TLS: .*expired/],
    ['wrong-host', 'ca.pem', 1, /fail {2}switch lab: TLS: .*(altnames|ALTNAME)/],
  ])(
    'checks the certificate: %s with the CA %s',
    async (certificate, authority, expectedCode, expectedLine) => {
      const fixture = (name: string) =>
        fileURLToPath(new URL(`../switch/fixtures/tls/${name}`, import.meta.url));
      const tls = {
        key: readFileSync(fixture(`${certificate}-key.pem`), 'utf8'),
        cert: readFileSync(fixture(`${certificate}.pem`), 'utf8'),
      };
      const { url } = await simulate({ tls });
      const caFile = authority === undefined ? '' : `, caFile: "${fixture(authority)}"`;
      writeFileSync(
        join(cwd, 'callwarden.yaml'),
        `switches:\n  - { name: lab, url: "${url}", username: ops, password: "\${PW}"${caFile} }\n`,
      );
      const { exitCode, stdout } = await run(['doctor']);
      expect(stdout).toMatch(expectedLine);
      expect(exitCode).toBe(expectedCode);
    },
  );

  it('shows the problems of bad rules, still looks at the switch, and ends with exit code 2', async () => {
    writeFileSync(join(cwd, 'rules', 'bad.yaml'), 'nam: x\n');
    writeConfig({ lab: (await simulate()).url });
    const { exitCode, stdout } = await run(['doctor']);
    expect(stdout).toMatch(/fail {2}rules: .*bad\.yaml:1:1: error: /s);
    expect(stdout).toMatch(/ok {4}switch lab: login/);
    expect(exitCode).toBe(2);
  });

  it.each([['doctor'], ['once'], ['run'], ['once', '--switch', 'lab']])(
    'with rules for a switch that the config does not have, "%s" ends with exit code 2',
    async (...args) => {
      const file = join(cwd, 'rules', 'maximum-duration.yaml');
      const text = readFileSync(file, 'utf8');
      writeConfig({ lab: 'https://127.0.0.1:1/xmlapi/xmlapi', live: 'https://127.0.0.1:2/xmlapi/xmlapi' });
      writeFileSync(file, `${text}only: { switches: [lab, liv] }\n`);
      const { exitCode, stdout, stderr } = await run(args);
      expect(stdout + stderr).toMatch(
        /maximum-duration\.yaml:\d+:25: error: The config has no switch "liv", .* Did you mean "live"\?/,
      );
      expect(exitCode).toBe(2);
    },
  );

  it('warns of rules that hold none, and says of the database what a pass would say', async () => {
    const { url } = await simulate();
    mkdirSync(join(cwd, 'empty'));
    mkdirSync(join(cwd, 'folder.db'));
    writeConfig({ lab: url }, 'rules: ./empty\ndatabase: ./nowhere/callwarden.db\n');
    const missing = await run(['doctor']);
    expect(missing.stdout).toMatch(/warn {2}rules: .*empty: no rule, .*\n {6}next: /);
    expect(missing.stdout).toMatch(
      /fail {2}database: STORE_FAILED: .* is in a directory that does not exist/,
    );
    expect(missing.stdout).toContain('the right to disconnect is not tested');
    expect(missing.exitCode).toBe(1);
    writeConfig({ lab: url }, 'database: ./folder.db\n');
    expect((await run(['doctor'])).stdout).toMatch(
      /fail {2}database: STORE_FAILED: .*folder\.db is a directory/,
    );
    expect(readdirSync(cwd).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('finds a database that is none', async () => {
    writeFileSync(join(cwd, 'callwarden.db'), 'text, and no database'.repeat(50));
    writeConfig({ lab: (await simulate()).url });
    const { exitCode, stdout } = await run(['doctor']);
    expect(stdout).toMatch(/fail {2}database: STORE_FAILED: .*\n {6}next: /);
    expect(exitCode).toBe(1);
  });
});

describe('once', () => {
  it('shows why the switch refused a disconnect', async () => {
    const { url } = await simulate({
      scenarios: ['marathon-calls'],
      faults: [parseFault('disconnectCall:fault')],
    });
    const file = join(cwd, 'rules', 'maximum-duration.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('mode: monitor', 'mode: enforce'));
    writeConfig({ lab: url }, 'mode: enforce\n');
    const { stdout } = await run(['once']);
    expect(stdout).toMatch(
      /^ {2}disconnectCall \d+: failed \(refused: SWITCH_FAULT: .+\) by maximum-duration, audit \d+$/m,
    );
  });
});

describe('status', () => {
  it('says that no pass was recorded yet, with exit code 0', async () => {
    writeConfig({ lab: 'https://192.0.2.10/x' });
    const { exitCode, stdout, stderr } = await run(['status']);
    expect(exitCode).toBe(0);
    expect(rows(stdout)).toEqual([
      {
        switch: 'lab',
        lastPassAt: null,
        ageSeconds: null,
        status: null,
        mode: null,
        configChanged: null,
        services: [],
        error: null,
        calls: null,
        durationMs: null,
        passesLastHour: { completed: 0, failed: 0, skipped: 0 },
        actionsLastHour: {},
        killsLastHour: null,
        unconfirmed: 0,
        paused: null,
        rules: null,
      },
    ]);
    expect(stderr).toContain('No pass was recorded yet for lab');
  });

  it('shows the last pass of each switch, and its failure', async () => {
    writeConfig({ lab: 'https://192.0.2.10/x', main: 'https://192.0.2.11/x' });
    const store = openStore(join(cwd, 'callwarden.db'));
    onTestFinished(() => store.close());
    const pass = {
      passId: 'p',
      startedAt: new Date(Date.now() - 30_000).toISOString(),
      durationMs: 40,
      calls: 47,
      suspect: 0,
      violations: [],
      indeterminate: [],
      actions: [],
    };
    await store.passes.save({ ...pass, switch: 'lab', status: 'completed', error: null });
    await store.passes.save({
      ...pass,
      switch: 'main',
      status: 'failed',
      error: { code: 'SWITCH_TIMEOUT', message: 'no answer' },
    });
    const { stdout, stderr } = await run(['status']);
    const [lab, main] = rows(stdout);
    expect(stderr).toBe('');
    expect(lab).toMatchObject({ switch: 'lab', status: 'completed', calls: 47, error: null });
    expect(lab?.['ageSeconds']).toBeGreaterThanOrEqual(30);
    expect(main).toMatchObject({
      status: 'failed',
      calls: null,
      error: { code: 'SWITCH_TIMEOUT', message: 'no answer' },
      passesLastHour: { completed: 0, failed: 1, skipped: 0 },
    });
    const table = (await run(['status', '-o', 'table', '--switch', 'main'])).stdout;
    expect(table).toMatch(/^main .* failed .*\nmain: SWITCH_TIMEOUT: no answer\n$/m);
  });
});

describe('simulate', () => {
  it('prints its address and a config that works, and ends with 0 on SIGTERM', async () => {
    const cli = startCli(
      ['simulate', '--port', '0', '--seed', '3', '--username', 'me', '--password', 'a${b}"c'],
      { cwd },
    );
    const [, snippet = ''] = await cli.printed(/(switches:[\s\S]*?mode: monitor\n)/);
    expect(cli.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/xmlapi\/xmlapi\n$/);
    writeFileSync(join(cwd, 'callwarden.yaml'), snippet);
    const { exitCode, stdout } = await run(['calls']);
    expect(exitCode).toBe(0);
    expect(rows(stdout).length).toBeGreaterThan(0);
    expect(await cli.end('SIGTERM')).toMatchObject({ exitCode: 0, signal: null });
  });

  it('refuses a port that is taken', async () => {
    const { port } = await simulate();
    expect(await run(['simulate', '--port', String(port)])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`Port ${port} is in use`),
    });
  });
});
