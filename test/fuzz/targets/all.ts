import type { Target } from '../target.js';
import { ANSWER_TARGETS } from './answers.js';
import { CONFIG_TARGETS } from './config.js';
import { HTTP_TARGETS } from './http.js';
import { RULE_TARGETS } from './rules.js';
import { WORD_TARGETS } from './words.js';

export const TARGETS: readonly Target[] = [
  ...ANSWER_TARGETS,
  ...HTTP_TARGETS,
  ...RULE_TARGETS,
  ...CONFIG_TARGETS,
  ...WORD_TARGETS,
];
