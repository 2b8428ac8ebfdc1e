import type { DocumentPath, LocatedDocument } from '../documents/located-document.js';
import type { Problem } from '../domain/errors.js';

/** A place in a document, to which problems are pinned. */
export interface Place {
  document: LocatedDocument;
  path: DocumentPath;
}

export function inside(place: Place, ...steps: readonly (string | number)[]): Place {
  return { document: place.document, path: [...place.path, ...steps] };
}

/** `rules/a.yaml:4:73`, for messages about something that is written elsewhere. */
export function placeText({ document, path }: Place): string {
  const { file, line, column } = document.locate(path);
  return `${file}:${line}:${column}`;
}

/** A file or folder of the rules directory, as messages name it: rule files stand directly in it. */
export function inRulesDirectory({ document: { file } }: Place, name: string): string {
  return file.slice(0, Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1) + name;
}

/** Collects the problems of all files, so that everything is reported at once. */
export class Findings {
  private readonly found = new Map<string, Problem>();

  add(problems: readonly Problem[]): void {
    // A shared condition is checked once for every rule that uses it, and would be reported as often.
    for (const problem of problems)
      this.found.set(JSON.stringify([problem.location, problem.message]), problem);
  }

  error(place: Place, message: string, part: 'key' | 'value' = 'value'): void {
    this.add([problemAt(place, message, part, 'error')]);
  }

  warning(place: Place, message: string, part: 'key' | 'value' = 'value'): void {
    this.add([problemAt(place, message, part, 'warning')]);
  }

  get hasErrors(): boolean {
    return [...this.found.values()].some(({ severity }) => severity === 'error');
  }

  /** By file, line and column. */
  get sorted(): readonly Problem[] {
    return [...this.found.values()].sort(
      (one, other) =>
        compare(one.file, other.file) ||
        (one.location?.line ?? 0) - (other.location?.line ?? 0) ||
        (one.location?.column ?? 0) - (other.location?.column ?? 0),
    );
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function problemAt(
  { document, path }: Place,
  message: string,
  part: 'key' | 'value',
  severity: Problem['severity'],
): Problem {
  return { file: document.file, location: document.locate(path, part), message, severity };
}
