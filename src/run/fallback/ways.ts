import type { StepTry } from "../../agent/manifest.ts";
import type { LlmConfig } from "../../llm/config.ts";
import type { LanguageModel } from "../../llm/model.ts";
import type { Outages } from "./outages.ts";

/** A model that can be asked in the place of another. */
export interface OpenedModel {
  readonly config: LlmConfig;
  readonly model: LanguageModel;
}

/** The models that are asked where a run's own does not answer. */
export interface Fallbacks {
  /** Their handles, in the order in which they are tried, without that of the run's own model. */
  readonly handles: readonly string[];
  /** The one of these that a turn is taken by; null where it is the run's own model. One model may have several handles. */
  readonly taken: string | null;
  /** Opens one; undefined where there is none of this handle, or whoever asked may not use it. */
  open(handle: string): Promise<OpenedModel | undefined>;
  readonly outages: Outages;
}

/** A model that did not answer the step at hand. */
export interface FailedTry extends StepTry {
  /** What it failed with. */
  readonly failure: unknown;
}
