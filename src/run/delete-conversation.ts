import { type Caller, may } from "../access/may.ts";
import { mustFind } from "../agent/find.ts";
import type { Store } from "../agent/ports/ports.ts";
import type { ConversationId } from "../core/id.ts";
import type { Runner } from "./runner.ts";

/** Deletes a conversation with its messages, and stops the run that is at work on it. */
export async function deleteConversation(
  { store, runner }: { readonly store: Store; readonly runner: Pick<Runner, "cancel"> },
  caller: Caller,
  id: ConversationId,
): Promise<void> {
  const actor = may(caller, "agents:write");
  const reader = store.reader(actor);
  const { agentId } = await mustFind(reader.conversations, id);
  const atWork = await reader.runs.active(agentId, id);
  if (atWork !== undefined) await runner.cancel(actor, atWork);
  await store.write(actor, ({ conversations }) => conversations.remove(id));
}
