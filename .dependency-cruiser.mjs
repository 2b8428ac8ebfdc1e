/** The arrows of the house. Each rule says why, because whoever trips over it has to know. */
const stages = ['gather', 'facts', 'policy', 'plan', 'enforce'];
const adapters = ['switch', 'store', 'rule-files', 'simulator', 'web', 'notify'];
const others = (names, own) => names.filter((name) => name !== own).join('|');

export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two modules that need each other are one module, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'domain-imports-nothing',
      comment:
        'domain/ is the vocabulary that every part shares; whatever it imported, every part would depend on.',
      severity: 'error',
      from: { path: '^src/domain' },
      to: { pathNot: '^src/domain' },
    },
    ...stages.map((stage) => ({
      name: `${stage}-knows-no-other-stage`,
      comment: 'Stages meet only in pass.ts, so that the path of a pass can be read in one place.',
      severity: 'error',
      from: { path: `^src/${stage}/` },
      to: { path: `^src/(${others(stages, stage)}|${adapters.join('|')}|schedule|config|cli|pass)` },
    })),
    ...adapters.map((adapter) => ({
      name: `${adapter}-knows-no-other-adapter`,
      comment: 'An adapter translates one outside thing into the domain; only main connects two of them.',
      severity: 'error',
      from: { path: `^src/${adapter}/` },
      to: { path: `^src/(${others(adapters, adapter)}|${stages.join('|')}|schedule|config|cli|pass)` },
    })),
    {
      name: 'pass-imports-stages-and-domain',
      comment:
        'A pass gets its switch, store and clock handed in, so that tests and dry runs take the same path.',
      severity: 'error',
      from: { path: '^src/pass' },
      to: { path: '^src/', pathNot: `^src/(${stages.join('|')}|domain|pass)` },
    },
    {
      name: 'schedule-config-documents-stay-low',
      comment:
        'They serve main; if they knew stages or adapters, a schedule could not be tested without a switch.',
      severity: 'error',
      from: { path: '^src/(schedule|config|documents)/' },
      to: { path: '^src/', pathNot: '^src/(schedule|config|documents|domain)/' },
    },
    {
      name: 'rule-tests-know-only-words',
      comment:
        'A case says what a switch shows and what has to come of it; the code that decides is handed in, so that no test of a rule can take a shortcut past it.',
      severity: 'error',
      from: { path: '^src/rule-tests/' },
      to: { path: '^src/', pathNot: '^src/(rule-tests|documents|domain)/' },
    },
    {
      name: 'pure-core-has-no-io',
      comment:
        'The same snapshot, rules and now give the same plan only while nothing here can look at the world.',
      severity: 'error',
      from: { path: '^src/(domain|facts|policy|plan|documents|rule-tests)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only-main-is-the-root',
      comment: 'Nothing may import the command line: it is where everything meets.',
      severity: 'error',
      from: { pathNot: '^(src/cli/|test/|bench/)' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'sql-stays-in-store',
      comment: 'A later PostgreSQL store must replace one folder, not the program.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: 'node_modules/better-sqlite3' },
    },
    {
      name: 'one-http-client',
      comment:
        'Deadlines, body caps and digest live in one transport; a second client would have none of them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/switch/' },
      to: { path: 'node_modules/undici' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
