/** The number of the agent that has a budget. */
export const SPENDER = 3_000;
/** The longest answer that it asks for; bills tell no longer ones. */
export const SPENDER_OUTPUT_MAX = 1_500;
/** What its provider takes each byte of a request for: little less than what a call holds for it that was counted, and so the least that one can hold. */
const TOKENS_PER_BYTE = 0.3;

/** What a budget allows, and what its agent's provider charged. */
export interface BudgetBook {
  limited(agentId: string, amount: number): void;
  /** The provider charges a call. Never more than the budget has. */
  charged(tokens: number): void;
  readonly budget: { readonly agentId: string; readonly amount: number } | undefined;
  readonly total: number;
}

/** The one {@link BudgetBook}. */
export function createBudgetBook(fail: (invariant: string, detail: string) => void, checked: () => void): BudgetBook {
  let budget: BudgetBook["budget"];
  let total = 0;
  return {
    limited(agentId, amount) {
      budget = { agentId, amount };
    },
    charged(tokens) {
      total += tokens;
      checked();
      if (budget !== undefined && total > budget.amount)
        fail("S24 budget", `A budget of ${budget.amount} tokens was charged ${total}`);
    },
    get budget() {
      return budget;
    },
    get total() {
      return total;
    },
  };
}

/** Tokens that the provider of the agent with a budget charges for a call: as if its answer were the longest. */
export function chargedFor(body: string): number {
  return Math.floor(Buffer.byteLength(body) * TOKENS_PER_BYTE) + SPENDER_OUTPUT_MAX;
}
