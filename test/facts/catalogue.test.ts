import { describe, expect, it } from 'vitest';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';

const FACTS = [...FACT_CATALOGUE.values()];
const SCOPES = ['account', 'customer', 'connection', 'vendor', 'cli', 'switch'];

/** The text up to its first full stop or colon. */
const firstClause = (description: string) => /^.*?[.:](?= |$)/.exec(description)?.[0] ?? '';

describe('the texts of the catalogue', () => {
  it('are whole sentences', () => {
    for (const { name, description } of FACTS) {
      expect(description, name).toMatch(/^[A-Z].*[.]$/);
      expect(description, name).not.toMatch(/ {2}|[.] [a-z]|undefined/);
    }
  });

  it('name calls, whose they are and when they started or ended in one breath, for every scope', () => {
    const whose =
      '(?:of the (?:account|customer|vendor)|over the connection|from the caller number|on the switch)';
    const window = 'in the last `within`';
    const counted = FACTS.filter(
      ({ params, name }) => params.includes('within') && !name.endsWith('.minutes'),
    );
    expect(counted).toHaveLength(14 * SCOPES.length);
    for (const { name, description } of counted) {
      expect(firstClause(description), name).toMatch(
        new RegExp(`calls ${whose} that (?:started|ended) ${window}`, 'i'),
      );
    }
  });

  it('say of a customer whose calls count, and what `recursive` needs', () => {
    const customer = FACTS.filter(({ params }) => params.includes('recursive'));
    expect(customer.length).toBeGreaterThan(20);
    for (const { name, description } of customer)
      expect(description, name).toContain('refused on a switch of which no customer tree is known.');
  });
});
