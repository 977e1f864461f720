import { type Clients, fetched, listRuns, readPages } from "../clients/clients.ts";
import type { WireRun, WireStep, WireUsage } from "../clients/wire.ts";
import { checkToldContexts } from "./context-checks.ts";
import { COMPANION, type Oracle, type SentTurn } from "./oracle.ts";

const PAGE = 200;
const COUNTS = ["prompt_tokens", "completion_tokens", "total_tokens"] as const;

/**
 * Steps are what the providers billed, each once, and what a run says it used is the sum of its steps. A reply that broke
 * off after its last word is taken without its bill.
 */
export async function checkRuns(clients: Clients, messageIds: ReadonlySet<string>): Promise<void> {
  const { oracle } = clients;
  const steps = await readPages<WireStep>(clients, "/v1/steps/?order=asc", PAGE);
  await checkToldContexts(clients, steps);
  checkBills(oracle, steps);
  checkUnbilled(oracle, steps);
  const byRun = Map.groupBy(steps, (step) => step.run_id ?? "");
  const runs = await listRuns(clients, "ascending=true");
  checkCallbacks(oracle, runs, messageIds);
  for (const run of runs) if (!oracle.runs.isMaybeGone(run.id)) await checkUsage(clients, run, byRun.get(run.id) ?? []);
  for (const turn of oracle.turns) checkSteps(oracle, turn, byRun);
}

/** What a callback told of a run is so, whatever crashed since. `messageIds` are those of all messages that there are. */
function checkCallbacks(oracle: Oracle, runs: readonly WireRun[], messageIds: ReadonlySet<string>): void {
  const known = new Map(runs.map((run) => [run.id, run]));
  for (const [id, told] of oracle.callbacks.told)
    for (const { status, messages } of oracle.runs.isMaybeGone(id) ? [] : told) {
      oracle.checked(1 + messages.length);
      const run = known.get(id);
      // A run that ended with a request for approval can still be cancelled.
      const isSame = run?.status === status || (status === "completed" && run?.status === "cancelled");
      if (!isSame) oracle.fail("S1 acknowledged", `A callback told that ${id} is ${status}, and it is ${run?.status}`);
      const missing = messages.filter((message) => !messageIds.has(message));
      if (missing.length > 0)
        oracle.fail("S1 acknowledged", `The callback of ${id} showed ${missing.join(" ")}, which are not stored`);
    }
}

function checkBills(oracle: Oracle, steps: readonly WireStep[]): void {
  const billed = new Map<number, string>();
  for (const { id, agent_id, completion_tokens: tokens } of steps) {
    if (tokens === null) continue;
    oracle.checked();
    const other = billed.get(tokens);
    if (other !== undefined) oracle.fail("S11 usage", `The steps ${other} and ${id} both took the reply ${tokens}`);
    billed.set(tokens, id);
    const payer = oracle.bills.payer(tokens);
    if (payer === undefined) oracle.fail("S11 usage", `Step ${id} used ${tokens} tokens, which nobody billed`);
    const agent = payer == null ? undefined : idOf(oracle, payer);
    if (agent !== undefined && agent !== agent_id)
      oracle.fail("S11 usage", `Step ${id} of ${agent_id} took the reply ${tokens}, which was billed to ${agent}`);
  }
}

/** Replies are taken without a bill only of conversations of which the provider cut some. */
function checkUnbilled(oracle: Oracle, steps: readonly WireStep[]): void {
  const unbilled = Map.groupBy(steps.filter(isUnbilled), (step) => step.agent_id);
  const cut = Map.groupBy(oracle.bills.untold, (agent) => (agent === null ? undefined : idOf(oracle, agent)));
  for (const [id, taken] of unbilled) {
    oracle.checked();
    const most = cut.get(id)?.length ?? 0;
    if (taken.length > most)
      oracle.fail(
        "S11 usage",
        `${taken.length} steps of ${id} say nothing of what they used; ${most} replies were cut`,
      );
  }
}

function isUnbilled({ status, completion_tokens }: WireStep): boolean {
  return status === "success" && completion_tokens === null;
}

function idOf({ agents, companions }: Oracle, number: number): string | undefined {
  const companion = companions.find(({ owner }) => COMPANION + owner === number);
  return companion?.id ?? agents.find((agent) => agent.number === number)?.id;
}

async function checkUsage(clients: Clients, run: WireRun, steps: readonly WireStep[]): Promise<void> {
  const { oracle } = clients;
  const usage = await fetched<WireUsage>(clients, { method: "GET", path: `/v1/runs/${run.id}/usage` });
  const taken = steps.filter(({ status }) => status === "success");
  for (const said of [usage, ...(oracle.runs.usages.get(run.id) ?? [])]) {
    oracle.checked();
    if (said === undefined) continue;
    const sums = COUNTS.map((count) => taken.reduce((sum, step) => sum + (step[count] ?? 0), 0));
    const told = COUNTS.map((count) => said[count]);
    const isSame = sums.every((sum, index) => sum === told[index]);
    if (!isSame || (said.step_count !== undefined && said.step_count !== taken.length))
      oracle.fail(
        "S11 usage",
        `${run.id} says it used ${told} in ${said.step_count} steps; ${taken.length} used ${sums}`,
      );
  }
}

/** A run takes no more steps than its message allowed. */
function checkSteps(oracle: Oracle, turn: SentTurn, byRun: ReadonlyMap<string, readonly WireStep[]>): void {
  const steps = (turn.runId === undefined ? undefined : byRun.get(turn.runId)) ?? [];
  oracle.checked();
  if (turn.maxSteps !== null && steps.length > turn.maxSteps)
    oracle.fail("S11 usage", `${turn.plan.mark} allowed ${turn.maxSteps} steps, and ${steps.length} were taken`);
}
