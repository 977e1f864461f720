import { ask, type Clients, mayBeLate } from "../clients/clients.ts";
import { embeddingOf } from "../servers/embedding-server.ts";
import type { KnownAgent } from "./oracle.ts";

/** How often passages are looked at, so that the longest pause after a failure is over in between. */
const TRIES_MAX = 50;
const PAUSE_MS = 30_000;

/** A passage as the API shows it, as far as it is checked. */
interface WirePassage {
  readonly text: string;
  readonly embedding: readonly number[] | null;
}

/** Every passage has the vector of its text in the end, however long the embedding model was out of order. */
export async function checkVectors(clients: Clients, { id, number, conversationId }: KnownAgent): Promise<void> {
  const { options, oracle, scheduler } = clients;
  // An archive that all share was made without a model.
  if (options.embedding === "none" || options.sharesArchive || conversationId !== null || mayBeLate(clients)) return;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const answer = await ask(clients, { method: "GET", path: `/v1/agents/${id}/archival-memory?limit=1000` });
    const passages = (answer?.body ?? []) as readonly WirePassage[];
    const wrong = passages.find(({ text, embedding }) => embedding !== null && !isVectorOf(text, embedding));
    oracle.checked(passages.length);
    if (wrong !== undefined) return oracle.fail("S14 vectors", `The passage ${wrong.text} has the vector of another`);
    if (passages.every(({ embedding }) => embedding !== null)) return;
    await scheduler.wait("client waits for vectors", PAUSE_MS);
  }
  oracle.fail("L3 vectors", `Passages of agent ${number} were left without vectors`);
}

function isVectorOf(text: string, embedding: readonly number[]): boolean {
  return embeddingOf(text).every((wanted, i) => Math.abs(wanted - (embedding[i] ?? 0)) < 1e-6);
}
