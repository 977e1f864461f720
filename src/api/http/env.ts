import { type Caller, may } from "../../access/may.ts";
import type { Scope } from "../../access/role.ts";
import type { AgentWorkshop } from "../../agent/life/create-agent.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import type { Budget } from "../../run/budget/budget.ts";
import type { QuickVectors } from "../../umi/vectors/quick-vectors.ts";

/** What whoever listens hands over with a request. */
export interface ConnectionBindings {
  /** The address of the machine that asks. */
  readonly address?: () => string | null;
  /** Told once the whole body is here, and whoever sent it was let in. */
  readonly bodyIsHere?: () => void;
  /** Told which run the request began, as soon as it has one. */
  readonly runBegan?: (runId: string) => void;
  /** As `parseBody` does it, away from the thread that serves requests; takes the bytes away. */
  readonly parseApart?: (bytes: ArrayBuffer) => Promise<unknown>;
  /** Gives others a turn when a long body has held the thread for a while. */
  readonly giveWay?: () => Promise<void> | undefined;
}

/** What every route finds in its context. */
export interface ApiEnv {
  readonly Bindings: ConnectionBindings;
  readonly Variables: {
    /** Who is asking, before it is clear what they may. */
    readonly caller: Caller;
    /** Whether they would still be let in, to all that they may. */
    readonly stillMay: () => Promise<boolean>;
  };
}

/** What routes are made of. */
export interface RouteOptions extends AgentWorkshop {
  readonly budget: Budget;
  readonly quickVectors: QuickVectors;
}

/** Committed rows, as whoever is asking may see them; the Failure of {@link may} where the scope is not theirs. */
export function readerFor(
  { store }: Pick<RouteOptions, "store">,
  { var: { caller } }: { readonly var: ApiEnv["Variables"] },
  scope: Scope,
): Readers {
  return store.reader(may(caller, scope));
}
