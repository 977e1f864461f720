import type { Store } from "../../../agent/ports/ports.ts";
import type { Actor, AgentId } from "../../../core/id.ts";
import type { TimeFormat } from "../../../core/time-format.ts";
import type { World } from "../../../core/world.ts";
import { UnusableRow } from "../unusable-row.ts";
import type { Elsewhere } from "./piece.ts";
import type { FilledAgent, Recipients } from "./recipients.ts";

/** An import of what another program kept, at work. */
export interface ElsewhereImport {
  readonly store: Store;
  readonly world: Pick<World, "clock" | "random">;
  readonly times: TimeFormat;
  readonly actor: Actor;
  readonly format: Elsewhere;
  /** Whether what was said is read for facts. */
  readonly learns: boolean;
  readonly recipients: Recipients;
  /** How many messages the agents that are filled have. Nobody else stores any meanwhile. */
  readonly messageCounts: Map<AgentId, number>;
  /** Told how much of the file was read, now and then. */
  readonly step: (share: number) => void;
  /** Throws the reason where the import is to stop. */
  readonly check: () => void;
}

/** Whose something is, or why there is nobody for it. What is wrong with the command ends the import. */
export async function recipientOf(work: ElsewhereImport, user: string | null): Promise<FilledAgent | string> {
  try {
    return await work.recipients.of(user);
  } catch (error) {
    if (error instanceof UnusableRow) return error.message;
    throw error;
  }
}
