import { type Clients, fetched } from "../clients/clients.ts";

interface Spent {
  readonly used: number;
  readonly reserved: number;
}

/** Once everything is at rest nothing is held, and booked is what was charged: more where a crash came between, never too much. */
export async function checkBudget(clients: Clients): Promise<void> {
  const { oracle } = clients;
  const { budget, total } = oracle.budget;
  if (budget === undefined) return;
  const path = `/v1/limits/spend?agent_id=${budget.agentId}`;
  const [spent] = (await fetched<readonly Spent[]>(clients, { method: "GET", path })) ?? [];
  oracle.checked();
  const isRight = spent !== undefined && spent.reserved === 0 && spent.used >= total && spent.used <= budget.amount;
  if (!isRight)
    oracle.fail(
      "S24 budget",
      `Of ${budget.amount} tokens ${total} were charged, and booked is ${JSON.stringify(spent)}`,
    );
}
