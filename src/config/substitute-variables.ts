import type { DocumentPath } from '../documents/located-document.js';

/** The environment, as `process.env` is. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface VariableProblem {
  path: DocumentPath;
  message: string;
}

/** `$${` stands for the characters `${`; anything else after `$` is left as it is. */
const PLACEHOLDER = /\$\$\{|\$\{([^}]*)(\}?)/g;

/**
 * Replaces `${NAME}` inside every text of parsed data by the environment's value, in one pass: what a variable contains is
 * never read as a placeholder again. A variable that is not set is a problem; one that is set but empty is not. The
 * values themselves never appear in a message.
 */
export function substituteVariables(
  value: unknown,
  env: Environment,
): { value: unknown; problems: readonly VariableProblem[] } {
  const problems: VariableProblem[] = [];
  return { value: substituted(value, env, [], problems), problems };
}

/** Whether a variable brings something into this text, so that the text itself does not say all. */
export function takesFromEnvironment(text: string, env: Environment): boolean {
  return [...text.matchAll(PLACEHOLDER)].some(([, name]) => name !== undefined && env[name] !== '');
}

function substituted(
  value: unknown,
  env: Environment,
  path: DocumentPath,
  problems: VariableProblem[],
): unknown {
  if (typeof value === 'string') {
    return value.replace(
      PLACEHOLDER,
      (whole: string, name: string | undefined, closed: string | undefined) => {
        if (name === undefined) return '${';
        const problem = placeholderProblem(name, closed === '}', env);
        if (problem !== undefined) problems.push({ path, message: problem });
        return env[name] ?? whole;
      },
    );
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => substituted(item, env, [...path, index], problems));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, substituted(child, env, [...path, key], problems)]),
  );
}

function placeholderProblem(name: string, closed: boolean, env: Environment): string | undefined {
  const alternative = 'write $' + '${ for the characters ${ themselves';
  if (!closed || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return `After "\${" the name of an environment variable and "}" are expected, as in \${SIPPY_PASSWORD}; ${alternative}.`;
  }
  if (env[name] !== undefined) return undefined;
  return `The environment variable ${name} is not set: set it, or ${alternative}.`;
}
