import type { Random } from '../../src/simulator/random.js';
import type { ScriptedCall } from '../../src/simulator/scripted-call.js';
import {
  CUT_PREFIX,
  type Lab,
  OWN_CUSTOMERS,
  PROTECTED_ACCOUNT,
  PROTECTED_NUMBERS,
  WATCHED_PREFIX,
} from './lab.js';

/** Makes calls that violate the rules, in every shape that a rule or a person can cut, protected ones among them. */
export class Provocation {
  readonly #lab: Lab;
  readonly #random: Random;
  #lastAccount = 10_000;

  constructor(lab: Lab, random: Random) {
    this.#lab = lab;
    this.#random = random;
  }

  /**
   * Some violations at once. All calls of one target come together, so that a protected one is never new to the listing
   * that is made before the whole is cut.
   */
  burst(): void {
    const kinds = [this.#oneByOne, this.#wholeAccount, this.#wholeCustomer, this.#numbers, this.#protected];
    const count = 2 + this.#random.integer(3);
    for (let index = 0; index < count; index += 1) this.#random.pick(kinds).call(this);
  }

  /** A call, or an account with some, that only a person would cut. */
  forHand(): readonly ['call' | 'account', string] {
    const account = this.#newAccount();
    const ids = this.#add(2, { account, customer: OWN_CUSTOMERS.byHand });
    return this.#random.chance(0.5) ? ['account', String(account)] : ['call', ids[0] ?? ''];
  }

  #oneByOne(): void {
    const account = this.#newAccount();
    this.#add(4 + this.#random.integer(5), { account, customer: OWN_CUSTOMERS.oneByOne });
    if (this.#random.chance(0.2)) {
      this.#add(1, { account, customer: OWN_CUSTOMERS.oneByOne, survivesDisconnect: true });
    }
  }

  #wholeAccount(): void {
    const account = this.#newAccount();
    const owner = { account, customer: OWN_CUSTOMERS.wholeAccounts };
    this.#add(3 + this.#random.integer(4), owner);
    if (this.#random.chance(0.4)) this.#add(1, { ...owner, cld: this.#random.pick(PROTECTED_NUMBERS) });
  }

  #wholeCustomer(): void {
    const customer = this.#random.pick(OWN_CUSTOMERS.wholeCustomers);
    const calls = this.#lab.simulator.world.calls().filter((call) => call.customer === customer);
    // A call that comes while its customer is being cut would be in the documented window, protected or not.
    if (calls.length > 0) return;
    const emergency = this.#random.chance(0.3);
    for (let index = 0; index < 2; index += 1) this.#add(2, { account: this.#newAccount(), customer });
    if (emergency) {
      this.#add(1, { account: this.#newAccount(), customer, cli: this.#random.pick(PROTECTED_NUMBERS) });
    }
  }

  #numbers(): void {
    const owner = { account: this.#newAccount(), customer: OWN_CUSTOMERS.byHand };
    const state = this.#random.chance(0.3) ? 'ARComplete' : 'Connected';
    this.#add(1 + this.#random.integer(3), { ...owner, cld: `${CUT_PREFIX}4711`, state });
    this.#add(1, { ...owner, cld: `${WATCHED_PREFIX}4711` });
  }

  #protected(): void {
    const customer = OWN_CUSTOMERS.protected;
    this.#add(5, { account: 9_100, customer });
    this.#add(5, { account: PROTECTED_ACCOUNT, customer: OWN_CUSTOMERS.oneByOne });
    this.#add(1, { account: 9_100, customer, cld: `${CUT_PREFIX}4711` });
  }

  #add(count: number, script: ScriptedCall): string[] {
    const { world } = this.#lab.simulator;
    this.#lab.simulator.tick();
    return Array.from({ length: count }, () => world.addCall(script));
  }

  #newAccount(): number {
    this.#lastAccount += 1;
    return this.#lastAccount;
  }
}
