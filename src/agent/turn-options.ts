import type { AgentId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { ToolSchema } from "../llm/model.ts";
import type { ClientSkill } from "./prompt/client-skills.ts";

/** Steps a run may take when the request does not say. */
export const STEPS_DEFAULT = 50;
/** The most steps a request may ask for. */
export const STEPS_MAX = 1_000;

/** The agents and models that somebody may use; null is all. */
export interface Reach {
  readonly agentIds: readonly AgentId[] | null;
  readonly models: readonly string[] | null;
}

/** What a request asks of a run. Kept with the run, so that it can be continued after a restart. */
export interface TurnOptions {
  readonly maxSteps: number;
  /** Tools that the client runs itself; a call of one stops the run until the client answers. */
  readonly clientTools: readonly ToolSchema[];
  /** Skills that the client can load, named to the model in this run only. */
  readonly clientSkills: readonly ClientSkill[];
  /** A model handle for this run only. */
  readonly overrideModel: string | null;
  /** A system message for this run only, nothing of it stored. */
  readonly overrideSystem: string | null;
  /** How the reply is followed: not at all before its end, message by message, or token by token. */
  readonly stream: "none" | "steps" | "tokens";
  /** How long the run's request for approval waits for an answer before it is denied; null is for ever. */
  readonly approvalTimeoutMs: number | null;
  /** What whoever asked is narrowed to, as far as the agent might reach beyond; absent where they are not. */
  readonly reach?: Reach;
  /** How whoever asked wants to be shown the run, in words of its own: nobody else looks inside. */
  readonly face: JsonObject;
}

/** As a client asks that says nothing of them. */
export const PLAIN_OPTIONS: TurnOptions = {
  maxSteps: STEPS_DEFAULT,
  clientTools: [],
  clientSkills: [],
  overrideModel: null,
  overrideSystem: null,
  stream: "none",
  approvalTimeoutMs: null,
  face: {},
};
