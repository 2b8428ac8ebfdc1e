import type { MonitorReason, WithholdReason } from '../domain/action.js';

/** Why something was not done, or the alert of a tripped cap was raised, as a person would say it. */
export const REASON_TEXT: Readonly<Record<WithholdReason | MonitorReason, string>> = {
  'protected-number': 'its number is protected (an emergency number, or protect.numbers)',
  'protected-account': 'its account is protected (protect.accounts)',
  'protected-customer': 'its customer is protected (protect.customers)',
  'number-unknown': 'the dialled number is not known yet, so it may be a protected one',
  'owner-unknown': 'its account or customer is not known yet, and some are protected',
  'target-unknown': 'the call names no account or customer to disconnect',
  'ambiguous-id': 'the switch lists two different calls under this ID',
  'takes-protected': 'it would take a protected call along; the others are cut one by one',
  'takes-excepted': 'it would take a call along that the rule excepts; the others are cut one by one',
  'takes-suspect': 'it would take a call along whose identity cannot be read; the others are cut one by one',
  'takes-unknown-number':
    'it would take a call along whose number is not known yet; the others are cut one by one',
  'more-than-agreed': 'more calls had come than were agreed to',
  'cap-share': 'the rule would take more than caps.sharePerPass of all calls, which smells of a wrong rule',
  'cap-per-pass': 'caps.perPass is used up',
  'cap-per-hour': 'caps.perHour is used up',
  'suspect-snapshot': 'the listing is doubtful, and nothing is cut on it',
  'stale-snapshot': 'the listing is too old, and could not be refreshed',
  'changed-identity': 'the switch lists another call under this ID by now',
  'changed-state': 'it was judged while it was set up, and is answered by now',
  gone: 'it is gone already',
  paused: 'acting is paused',
  deadline: 'the pass ran out of time',
  stopping: 'the service was stopping',
  'rule-monitor': 'the rule only monitors (mode: monitor in the rule)',
  'config-monitor': 'the config only monitors (mode: monitor in callwarden.yaml when it was read)',
  'dry-run': 'it was a dry run',
};
