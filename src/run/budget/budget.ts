import { amountFor, type Limit, type LimitId, type Spend, type Spender, standingOf } from "../../access/limit.ts";
import { costAtMost, costOf, type Price, type PriceTable, priceOf } from "../../access/price.ts";
import type { Readers, Repositories, Store } from "../../agent/ports/ports.ts";
import type { CountTokens } from "../../agent/prompt/tokens.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type AgentId, newId } from "../../core/id.ts";
import type { World } from "../../core/world.ts";
import { lostTriesOf, mayBeCharged } from "../../llm/failure.ts";
import type { ModelAnswer, ModelReply, Usage } from "../../llm/model.ts";
import { estimateByBytes, estimateByCounting, estimateOfReply, type Readable, type TokenEstimate } from "./estimate.ts";
import { type Excess, isPassing, overLimit } from "./over-limit.ts";

/** How long a call waits for what others hold and may not need. */
const WAIT_MS_MAX = 30_000;
/** How often it looks meanwhile. */
const LOOK_EVERY_MS = 250;

/** On whose behalf a model is asked. */
export interface Payer {
  readonly actor: Actor;
  /** Null where no agent is concerned. */
  readonly agentId: AgentId | null;
  /** Whether it is the server's own work, which stops before others are held up. */
  readonly isBackground: boolean;
}

/** A call that is about to be made. */
export interface WantedCall {
  readonly payer: Payer;
  /** The model's handle, by which it is priced. */
  readonly handle: string | null;
  readonly request: Readable;
  /** The most tokens that it answers with. */
  readonly outputMax: number;
  readonly signal: AbortSignal;
  /** How long it may wait for what others hold and may not need, milliseconds; {@link WAIT_MS_MAX} when absent. */
  readonly waitMs?: number;
}

/** What a call holds until it is settled. */
export interface HeldCall {
  /** Names the call; no other has this name, another try of the same step neither: this one may not be settled yet. */
  readonly callId: string;
  readonly price: Price | undefined;
  readonly estimate: TokenEstimate;
  readonly kinds: ReadonlyMap<LimitId, Limit["kind"]>;
}

/** What came of a held call: how much is to be booked for it. Null is all that it holds. */
export type Charge = { readonly tokens: number; readonly nanos: number } | null;

/** A call to settle in somebody's transaction. */
export interface Settlement {
  readonly call: HeldCall;
  readonly charge: Charge;
  /** Tries before the last one that its provider may charge as well: each is booked with all that the call holds. */
  readonly lostTries: number;
}

/** What budgets are made of. */
export interface BudgetOptions {
  readonly store: Store;
  readonly world: Pick<World, "clock" | "random">;
  readonly countTokens: CountTokens;
  readonly prices: PriceTable;
  readonly log: (message: string, error?: unknown) => void;
}

/**
 * What models may take. A call is held before it is made, in a transaction that is on disk before anybody is asked, and
 * settled once it is over, exactly once: whoever takes its rows away books it. What nobody settles is settled whole by
 * the next start.
 */
export interface Budget {
  /**
   * Holds the most that a call can come to of every limit on its way; null where there is none, at no cost. Waits a while
   * for what others hold. Throws a `too_many` Failure where a limit does not leave that much, and a `refused` one where
   * money is counted and the model has no price.
   */
  hold(wanted: WantedCall): Promise<HeldCall | null>;
  /** Books what a call came to, in a transaction of whoever stores what it said. A second time does nothing, nor does null. */
  settle(repositories: Repositories, settlement: Settlement | null): Promise<void>;
  /** The same in a transaction of its own. Never throws: what cannot be booked now, the next start books whole. */
  settleNow(actor: Actor, settlement: Settlement): Promise<void>;
  readonly prices: PriceTable;
}

/** The one {@link Budget}. */
export function createBudget(options: BudgetOptions): Budget {
  const { store, world, countTokens, prices, log } = options;

  async function settleNow(actor: Actor, settlement: Settlement): Promise<void> {
    try {
      await store.write(actor, (repositories) => settle(repositories, settlement));
    } catch (error) {
      log(`The call ${settlement.call.callId} could not be settled; the next start books what it holds`, error);
    }
  }

  return {
    prices,

    async hold({ payer, handle, request, outputMax, signal, waitMs = WAIT_MS_MAX }) {
      const spender = spenderOf(payer);
      const reader = store.reader(payer.actor);
      if ((await reader.limits.onWay(spender)).every((limit) => !isOfCalls(limit))) return null;
      const price = priceOf(prices, handle);
      const made = { callId: newId("call", world.random), price, spender, isBackground: payer.isBackground };
      const expected = { outputMax, handle };
      let estimate = estimateByBytes(request, expected);
      let isCounted = false;
      const untilMs = world.clock.elapsedMs() + waitMs;
      for (;;) {
        const now = world.clock.now();
        const [excess] = await excessesOf(reader, { ...made, estimate, now });
        const held = excess ?? (await store.write(payer.actor, (all) => reserve(all, { ...made, estimate, now })));
        if (!("limit" in held)) {
          await store.durable();
          return held;
        }
        if (!isCounted) {
          estimate = await estimateByCounting(request, expected, countTokens);
          isCounted = true;
          continue;
        }
        if (!isPassing(held) || world.clock.elapsedMs() >= untilMs) throw overLimit(held, now);
        await world.clock.sleep(LOOK_EVERY_MS, signal);
        signal.throwIfAborted();
      }
    },

    settle,
    settleNow,
  };
}

/** The spender that a payer is. */
export function spenderOf({ actor, agentId }: Pick<Payer, "actor" | "agentId">): Spender {
  const { organizationId, userId, keyId } = actor;
  return { organizationId, userId, keyId, agentId };
}

/** Whether a limit counts what models take. */
export function isOfCalls({ kind }: Limit): boolean {
  return kind === "tokens" || kind === "usd";
}

/** A call whose most is known. */
interface EstimatedCall {
  readonly callId: string;
  readonly price: Price | undefined;
  readonly spender: Spender;
  readonly isBackground: boolean;
  readonly estimate: TokenEstimate;
  readonly now: Parameters<typeof standingOf>[2];
}

/** What a call takes of a limit at most. Throws a `refused` Failure where the limit counts money and nobody knows the price. */
export function shareOf(limit: Limit, { input, output }: TokenEstimate, price: Price | undefined): number {
  if (limit.kind === "tokens") return input + output;
  if (price !== undefined) return costAtMost(price, { input, output });
  if (limit.allowsUnpriced) return 0;
  throw new Failure(
    "refused",
    `The limit '${limit.name}' counts money, and nobody knows what this model costs; add it to prices.json in the data folder, or let the limit allow models without a price`,
    { info: { limit: limit.name, limit_id: limit.id, kind: limit.kind } },
  );
}

/** What a call would take of each limit on its way. */
async function sharesOf(readers: Pick<Readers, "limits">, call: EstimatedCall) {
  const limits = (await readers.limits.onWay(call.spender)).filter(isOfCalls);
  const spent = await readers.limits.spent(limits.map(({ id }) => id));
  return limits.map((limit) => {
    const known: readonly Spend[] = spent.get(limit.id) ?? [];
    const standing = standingOf(limit, known, call.now);
    const amount = amountFor(limit, call.isBackground);
    return { limit, standing, amount, asked: shareOf(limit, call.estimate, call.price) };
  });
}

/** The limits that do not leave as much as the call may take. */
async function excessesOf(readers: Pick<Readers, "limits">, call: EstimatedCall): Promise<readonly Excess[]> {
  return (await sharesOf(readers, call)).filter(isExcess);
}

function isExcess({ standing, amount, asked }: Excess): boolean {
  return standing.settled + standing.reserved + asked > amount;
}

/** Holds a call's shares, in the transaction that looks what is left; where that is too little, nothing is held. */
async function reserve({ limits }: Repositories, call: EstimatedCall): Promise<HeldCall | Excess> {
  const shares = await sharesOf({ limits }, call);
  const excess = shares.find(isExcess);
  if (excess !== undefined) return excess;
  const held = shares.map(({ limit, standing, asked }) => ({
    limitId: limit.id,
    windowStart: standing.windowStart,
    amount: asked,
  }));
  await limits.add(held.map(({ amount, ...place }) => ({ ...place, settled: 0, reserved: amount })));
  await limits.hold(call.callId, held);
  const kinds = new Map(shares.map(({ limit }) => [limit.id, limit.kind]));
  return { callId: call.callId, price: call.price, estimate: call.estimate, kinds };
}

async function settle({ limits }: Repositories, settlement: Settlement | null): Promise<void> {
  if (settlement === null) return;
  const { call, charge, lostTries } = settlement;
  const released = await limits.release(call.callId);
  await limits.add(
    released.map(({ limitId, windowStart, amount }) => {
      const isMoney = call.kinds.get(limitId) === "usd";
      const last = charge === null ? amount : isMoney ? charge.nanos : charge.tokens;
      return { limitId, windowStart, settled: last + lostTries * amount, reserved: -amount };
    }),
  );
}

/** What a reply is charged with: as its provider counted, or where it did not, the most that it can have come to. */
function chargeOfReply({ estimate, price }: HeldCall, reply: ModelReply): Charge {
  const { usage } = reply;
  if (usage !== null && usage.totalTokens > 0) return chargeOfUsage(price, usage);
  const { input, output } = estimateOfReply(reply, estimate);
  return { tokens: input + output, nanos: price === undefined ? 0 : costAtMost(price, { input, output }) };
}

function chargeOfUsage(price: Price | undefined, usage: Usage): Charge {
  const { promptTokens, completionTokens, totalTokens, cachedInputTokens, cacheWriteTokens } = usage;
  const [cached, cacheWrite] = [cachedInputTokens ?? 0, cacheWriteTokens ?? 0];
  const tokens = { prompt: promptTokens, completion: completionTokens, cached, cacheWrite };
  return {
    tokens: Math.max(totalTokens, promptTokens + completionTokens),
    nanos: price === undefined ? 0 : costOf(price, tokens),
  };
}

const NOTHING: Charge = { tokens: 0, nanos: 0 };

/** What is booked for a call that was answered, tries before that included whose answers were lost. */
export function settlementOf(
  call: HeldCall,
  { reply, lostTries = 0 }: Pick<ModelAnswer, "reply" | "lostTries">,
): Settlement {
  return { call, charge: chargeOfReply(call, reply), lostTries };
}

/** What is booked for a call that failed: nothing, or all that it holds where its provider may have worked on it. */
export function settlementOfFailure(call: HeldCall, failure: unknown): Settlement {
  return { call, charge: mayBeCharged(failure) ? null : NOTHING, lostTries: lostTriesOf(failure) };
}
