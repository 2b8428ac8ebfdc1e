/** What a file of a rules directory holds: rules and shared conditions, a list, or limits. */
export type RuleFileKind = 'rules' | 'list' | 'limits';

/** One file of a rules directory, read but not yet checked. */
export interface RuleFileText {
  /** As messages name it, e.g. `rules/lists/high-risk.txt`. */
  file: string;
  kind: RuleFileKind;
  text: string;
}
