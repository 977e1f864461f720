import type { Clock } from "../../../core/clock.ts";
import type { FactId } from "../kept/fact.ts";
import type { FactLink } from "../kept/fact-link.ts";
import type { FactReader, FactStore } from "../kept/fact-store.ts";
import type { Ask } from "../reading/ask.ts";
import { EVOLUTION_CANDIDATES_MAX, isEnding } from "./evolution.ts";
import { judgeFacts, type Verdict } from "./evolution-judge.ts";
import { endingOf } from "./fact-time.ts";

/** What a judge said about one fact. */
export interface Settlement {
  readonly later: FactId;
  /** The earlier facts that it was about. */
  readonly earlier: readonly FactId[];
  readonly verdicts: readonly Verdict[];
}

/** Where facts are changed, in the caller's transaction. */
export interface ChangeOptions {
  readonly store: FactStore;
  readonly clock: Pick<Clock, "now">;
}

/**
 * Asks a judge about one of the facts that wait for one; undefined when none does. Nothing is changed, so it needs no
 * transaction. Rejects with a Failure when nobody answers: ask again later.
 */
export async function judgeNext(store: FactReader, space: string, ask: Ask): Promise<Settlement | undefined> {
  // No fact has more links than candidates, so those of the first are whole.
  const waiting = await store.uncertain(space, EVOLUTION_CANDIDATES_MAX);
  const later = waiting[0]?.later;
  const fresh = later === undefined ? undefined : await store.find(space, later);
  if (fresh === undefined) return undefined;
  const earlier = waiting.filter((link) => link.later === later).map((link) => link.earlier);
  const known = await Promise.all(earlier.map((id) => store.find(space, id)));
  const open = known.flatMap((fact) => (fact === undefined || fact.closing !== null ? [] : [fact]));
  const verdicts = fresh.closing === null ? await judgeFacts(open, fresh, ask) : [];
  return { later: fresh.id, earlier, verdicts };
}

/**
 * Acts on what a judge said, as far as the facts are still there and nobody has settled them meanwhile. What it said
 * nothing of stands as `extend`.
 */
export async function settle(
  space: string,
  { later, earlier, verdicts }: Settlement,
  options: ChangeOptions,
): Promise<void> {
  const links = await options.store.links(space, later);
  for (const link of links) {
    if (link.later !== later || link.kind !== "uncertain" || !earlier.includes(link.earlier)) continue;
    const { kind, reason } = verdicts.find((one) => one.earlier === link.earlier) ?? { ...link, kind: "extend" };
    if (kind === "none") await options.store.unlink(space, link);
    else await applyStep(space, { ...link, kind, reason }, options);
  }
}

/** Notes how a fact stands to an earlier one, and ends that when it took its place. */
export async function applyStep(
  space: string,
  link: Omit<FactLink, "linkedAt">,
  { store, clock }: ChangeOptions,
): Promise<void> {
  const now = clock.now();
  await store.link(space, { ...link, linkedAt: now });
  if (link.kind === "uncertain" || !isEnding({ kind: link.kind })) return;
  const known = await store.find(space, link.earlier);
  const current = await store.find(space, link.later);
  if (known === undefined || current === undefined || known.closing !== null) return;
  const { ended, closing } = endingOf(known, current, now);
  if (ended.closing === null) await store.close(space, ended.id, closing);
}
