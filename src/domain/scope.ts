import { type CallIdentity, identityKey } from './call.js';

/** What a rule can judge. */
export const SCOPES = ['call', 'account', 'customer', 'connection', 'vendor', 'cli', 'switch'] as const;
export type Scope = (typeof SCOPES)[number];
export type AggregateScope = Exclude<Scope, 'call'>;

/** One thing under judgement, e.g. account 10. `id` is an ID of calls, accounts …, a normalised CLI or a switch's name. */
export interface Subject {
  scope: Scope;
  id: string;
}

/** `account:10`, as reports and the audit log write it. */
export function subjectText(subject: Subject): string {
  return `${subject.scope}:${subject.id}`;
}

/** Under which name what is remembered of a subject is kept: a call by its identity, as its ID may be given to another one. */
export function subjectKey(subject: Subject, call: CallIdentity | undefined): string {
  return subject.scope === 'call' && call !== undefined ? `call:${identityKey(call)}` : subjectText(subject);
}

/**
 * The scopes whose facts a rule of the key's scope may use: its own and wider ones. Everything is inside its switch.
 */
export const VISIBLE_SCOPES: Readonly<Record<Scope, readonly Scope[]>> = {
  call: ['call', 'account', 'customer', 'connection', 'vendor', 'cli', 'switch'],
  account: ['account', 'customer', 'switch'],
  customer: ['customer', 'switch'],
  connection: ['connection', 'vendor', 'switch'],
  vendor: ['vendor', 'switch'],
  cli: ['cli', 'switch'],
  switch: ['switch'],
};
