import { Failure } from "../core/failure.ts";
import { type Actor, type Id, parseId } from "../core/id.ts";
import { cut } from "../core/text.ts";
import type { Readers, Store } from "./ports/ports.ts";

/** Characters of a text that is no id which its refusal shows. */
const TEXT_CHARS_SHOWN = 100;

/** What V1 says of what does not exist, by the kind in its id. Clients match on these words. */
const WORDS = {
  agent: (id: string) => `Agent with ID ${id} not found`,
  archive: (id: string) => `Archive not found with id='${id}'`,
  block: (id: string) => `Block with id '${id}' not found`,
  conv: (id: string) => `Conversation not found with id='${id}'`,
  file: (id: string) => `File not found with id='${id}'`,
  group: (id: string) => `Group not found with id='${id}'`,
  identity: (id: string) => `Identity not found with id='${id}'`,
  key: (id: string) => `Key not found with id='${id}'`,
  limit: (id: string) => `Limit not found with id='${id}'`,
  message: (id: string) => `Message with id '${id}' not found`,
  org: (id: string) => `Organization not found with id='${id}'`,
  passage: (id: string) => `Passage with id ${id} not found`,
  plugin: (id: string) => `Plugin not found with id='${id}'`,
  project: (id: string) => `Project not found with id='${id}'`,
  run: (id: string) => `Run with id ${id} not found`,
  sandbox: (id: string) => `Sandbox config not found with id='${id}'`,
  session: (id: string) => `Session not found with id='${id}'`,
  source: (id: string) => `Source not found with id='${id}'`,
  step: (id: string) => `Step not found with id='${id}'`,
  tool: (id: string) => `Tool not found with id='${id}'`,
  webhook: (id: string) => `Webhook not found with id='${id}'`,
  user: (id: string) => `User not found with id='${id}'`,
};

/** Kinds of what can be looked for. */
type Kind = keyof typeof WORDS;

/** Where things of one kind are found by their ids. */
interface Finder<I, T> {
  find(id: I): Promise<T | undefined>;
}

/** The thing of this id, or a `not_found` Failure: in V1's words for its kind, or in those of the route that asks. */
export async function mustFind<K extends Kind, T>(store: Finder<Id<K>, T>, id: Id<K>, words?: string): Promise<T> {
  return required(await store.find(id), words ?? wordsFor(id));
}

/** As {@link mustFind}, for a text that may be anything: what is no id of the kind names nothing. */
export async function mustFindNamed<K extends Kind, T>(
  store: Finder<Id<K>, T>,
  { kind, text }: { readonly kind: K; readonly text: string },
  words: (id: string) => string = WORDS[kind],
): Promise<T> {
  const id = parseId(kind, text);
  return required(id === undefined ? undefined : await store.find(id), words(cut(text, TEXT_CHARS_SHOWN)));
}

/**
 * Looks for what is to be changed as the actor sees it. Stores show a transaction all of the organisation, so that a change
 * reaches whatever shares it; whoever is narrowed to some agents must find it first. Costs others nothing.
 */
export async function mustSee(
  store: Pick<Store, "reader">,
  actor: Actor,
  look: (seen: Readers) => Promise<unknown>,
): Promise<void> {
  if (actor.agentIds !== null) await look(store.reader(actor));
}

/** What was looked for in another way, or a `not_found` Failure in these words. */
export function required<T>(thing: T | undefined, words: string): T {
  if (thing === undefined) throw new Failure("not_found", words);
  return thing;
}

function wordsFor(id: string): string {
  const known: Readonly<Record<string, ((id: string) => string) | undefined>> = WORDS;
  return known[id.slice(0, id.indexOf("-"))]?.(id) ?? `Nothing has the id '${id}'`;
}
