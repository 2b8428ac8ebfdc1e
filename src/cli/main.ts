#!/usr/bin/env node
import { addAudit } from './commands/audit.js';
import { addCalls } from './commands/calls.js';
import { addDemo } from './commands/demo.js';
import { addDisconnect } from './commands/disconnect.js';
import { addDoctor } from './commands/doctor.js';
import { addInit } from './commands/init.js';
import { addOnce } from './commands/once.js';
import { addPause } from './commands/pause.js';
import { addResume } from './commands/resume.js';
import { addRules } from './commands/rules.js';
import { addRun } from './commands/run.js';
import { addSimulate } from './commands/simulate.js';
import { addStats } from './commands/stats.js';
import { addStatus } from './commands/status.js';
import { processContext, say, shownText } from './context.js';
import { reportError } from './errors.js';
import { harmlessLines } from './harmless-text.js';
import { OutputFailed } from './output-failed.js';
import { createProgram } from './program.js';

const context = processContext();

// Without a listener Node would end with a stack trace. Help is written without anybody waiting for it.
process.stdout.on('error', (error) => endWith(new OutputFailed('Standard output', error)));
process.on('unhandledRejection', endWith);
process.stderr.on('error', () => undefined);

const program = createProgram(context, [
  addInit,
  addDemo,
  addRun,
  addOnce,
  addRules,
  addAudit,
  addCalls,
  addStats,
  addDisconnect,
  addPause,
  addResume,
  addStatus,
  addDoctor,
  addSimulate,
]);

try {
  await program.parseAsync();
} catch (error) {
  const { text, exitCode } = reportError(error);
  if (text !== undefined) await say(context, text);
  context.setExitCode(exitCode);
}

function endWith(error: unknown): never {
  const { text, exitCode } = reportError(error);
  if (text !== undefined) process.stderr.write(`${harmlessLines(shownText(text, context))}\n`);
  process.exit(exitCode);
}
