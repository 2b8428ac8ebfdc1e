import { leafText } from '../documents/evidence-text.js';
import type { ConditionEvidence } from '../domain/verdict.js';

/** The evaluated conditions as an indented tree, one node a line, each with its result. */
export function evidenceTree(evidence: ConditionEvidence, indent = '  '): readonly string[] {
  const shared = evidence.condition === undefined ? '' : ` (${evidence.condition})`;
  if (evidence.fact !== undefined) return [`${indent}${resultText(evidence)} ${leafText(evidence)}${shared}`];
  const [kind, children] = childrenOf(evidence);
  return [
    `${indent}${resultText(evidence)} ${kind}${shared}`,
    ...children.flatMap((child) => evidenceTree(child, `${indent}  `)),
  ];
}

function childrenOf(evidence: ConditionEvidence): readonly [string, readonly ConditionEvidence[]] {
  if (evidence.all !== undefined) return ['all of', evidence.all];
  if (evidence.any !== undefined) return ['any of', evidence.any];
  return ['not', evidence.not === undefined ? [] : [evidence.not]];
}

/** Of one width, so that the tree can be read down the left edge. */
function resultText({ result }: ConditionEvidence): string {
  if (result === 'missing') return '[?]';
  return result ? '[x]' : '[ ]';
}
