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
import { processContext, say } from './context.js';
import { EXIT_DONE, reportError } from './errors.js';
import { createProgram } from './program.js';

// A reader that has seen enough (`| head`) is no error. Without a listener Node would end with a stack trace.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_DONE);
  throw error;
});
process.stderr.on('error', () => undefined);

const context = processContext();
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
