import type { Hazards } from "../world/hazards.ts";
import type { Taken } from "./decisions.ts";
import type { SimOptions } from "./options.ts";

/** A seed spelled out: what it drew once, and what of that shall come true. What is absent is as the seed draws it. */
export interface SeedPlan extends Taken {
  readonly seed: number;
  readonly options: Partial<SimOptions>;
  readonly hazards: Partial<Hazards>;
}
