import type { Clock } from "../../core/clock.ts";
import type { OrganizationId } from "../../core/id.ts";

/** How long a model that failed is passed over, where there is another one to ask. */
const OUTAGE_MS = 30_000;
/** Outages that are kept in mind; when there are more, all are forgotten, which costs a try each. */
const OUTAGES_MAX = 1_000;

/** Why a model did not answer. */
export interface Outage {
  readonly why: string;
  readonly message: string;
}

/** A model as an organisation has it. */
export interface OwnedModel {
  readonly organizationId: OrganizationId;
  readonly handle: string;
}

/** Models that did not answer a moment ago. */
export interface Outages {
  of(model: OwnedModel): Outage | undefined;
  began(model: OwnedModel, outage: Outage): void;
  ended(model: OwnedModel): void;
}

/** {@link Outages}, in this process alone: after a start each model is tried again. */
export function createOutages({ elapsedMs }: Pick<Clock, "elapsedMs">): Outages {
  const known = new Map<string, Outage & { readonly untilMs: number }>();
  const keyOf = ({ organizationId, handle }: OwnedModel) => `${organizationId} ${handle}`;
  return {
    of(model) {
      const outage = known.get(keyOf(model));
      if (outage === undefined || outage.untilMs > elapsedMs()) return outage;
      known.delete(keyOf(model));
      return undefined;
    },
    began(model, outage) {
      if (known.size >= OUTAGES_MAX) known.clear();
      known.set(keyOf(model), { ...outage, untilMs: elapsedMs() + OUTAGE_MS });
    },
    ended(model) {
      known.delete(keyOf(model));
    },
  };
}
