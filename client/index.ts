import type { paths } from "./own-api.gen.ts";

/** Where a server is, and how it is asked. */
export interface SelkieOptions {
  /** Such as `http://localhost:8283`. */
  readonly baseUrl: string;
  /** A key, where the server asks for one. */
  readonly apiKey?: string;
  /** What sends requests, in place of the platform's own `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** An answer that is none of the expected ones: its status, and the sentence that the server gives for it. */
export class SelkieError extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.name = "SelkieError";
    this.status = status;
  }
}

type Method = "get" | "post" | "put" | "patch" | "delete";
/** Every route that Letta's clients do not know: `POST /v1/memory/recall`. */
export type OwnRoute = {
  [P in keyof paths]: { [M in Method]: paths[P][M] extends object ? `${Uppercase<M>} ${P}` : never }[Method];
}[keyof paths];
type OperationOf<R extends OwnRoute> = R extends `${infer M} ${infer P extends keyof paths}`
  ? paths[P][Lowercase<M> & keyof paths[P]]
  : never;
type Given<O, In extends string> = O extends { parameters: { [K in In]?: infer Q } } ? Q : never;
type BodyOf<O> = O extends { requestBody?: { content: { "application/json": infer B } } } ? B : never;

/** What a route is sent: what stands in its path, its query and its body. */
export interface Request<R extends OwnRoute> {
  readonly path?: Given<OperationOf<R>, "path">;
  readonly query?: Given<OperationOf<R>, "query">;
  readonly body?: BodyOf<OperationOf<R>>;
  readonly signal?: AbortSignal;
}

/** What a route answers when all is well; null where there is nothing to show. */
export type Answer<R extends OwnRoute> =
  OperationOf<R> extends { responses: infer A }
    ? { [S in keyof A]: S extends "default" ? never : JsonOf<A[S]> }[keyof A]
    : never;
type JsonOf<A> = A extends { content: { "application/json": infer J } } ? J : null;

/** Whose memory is meant: an agent's, or else a user's within the organization, or its own. */
export type Whose = { readonly agentId: string } | { readonly user?: string };
type Rest<R extends OwnRoute> = BodyOf<OperationOf<R>>;
type Wish<R extends OwnRoute> = Omit<NonNullable<Given<OperationOf<R>, "query">>, "user">;

/** The routes of this server that Letta's clients do not know. */
export class Selkie {
  readonly #options: SelkieOptions;

  constructor(options: SelkieOptions) {
    this.#options = options;
  }

  /**
   * Asks one route, such as `POST /v1/memory/recall`. Throws a {@link SelkieError} for every status of 400 and more,
   * and whatever `fetch` throws where nobody answers.
   */
  async ask<R extends OwnRoute>(route: R, request: Request<R> = {}): Promise<Answer<R>> {
    const { baseUrl, apiKey, fetch = globalThis.fetch } = this.#options;
    const [method = "", path = ""] = route.split(" ");
    const answer = await fetch(`${baseUrl.replace(/\/+$/, "")}${filled(path, request)}`, {
      method,
      headers: {
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new SelkieError(answer.status, detailOf(text) ?? `${answer.status} ${answer.statusText}`);
    return JSON.parse(text === "" ? "null" : text);
  }

  /** The memory of an agent, of a user, or of the organization. */
  memory(whose: Whose = {}): Memory {
    return new Memory(this, whose);
  }
}

/** A memory: what is kept in it, found and forgotten. */
export class Memory {
  readonly #client: Selkie;
  readonly #whose: Whose;

  constructor(client: Selkie, whose: Whose) {
    this.#client = client;
    this.#whose = whose;
  }

  /** Keeps a text, and the facts that it states. */
  remember(body: Rest<"POST /v1/memory/remember">): Promise<Answer<"POST /v1/memory/remember">> {
    return this.#ask("POST /v1/memory/remember", { body });
  }

  /** What was said and is known that answers a question. */
  recall(body: Rest<"POST /v1/memory/recall">): Promise<Answer<"POST /v1/memory/recall">> {
    return this.#ask("POST /v1/memory/recall", { body });
  }

  /** Facts, also as they held or were known at a time. */
  facts(query: Wish<"GET /v1/memory/facts"> = {}): Promise<Answer<"GET /v1/memory/facts">> {
    return this.#ask("GET /v1/memory/facts", { query });
  }

  /** Whom and what facts are about. */
  entities(query: Wish<"GET /v1/memory/entities"> = {}): Promise<Answer<"GET /v1/memory/entities">> {
    return this.#ask("GET /v1/memory/entities", { query });
  }

  /** An entity with its names, merges and relations. */
  entity(entity_id: string): Promise<Answer<"GET /v1/memory/entities/{entity_id}">> {
    return this.#ask("GET /v1/memory/entities/{entity_id}", { path: { entity_id } });
  }

  /** The turn, fact or entity of an id. */
  item(item_id: string): Promise<Answer<"GET /v1/memory/items/{item_id}">> {
    return this.#ask("GET /v1/memory/items/{item_id}", { path: { item_id } });
  }

  /** What became of a fact, or was ever known of an entity. */
  history(item_id: string): Promise<Answer<"GET /v1/memory/items/{item_id}/history">> {
    return this.#ask("GET /v1/memory/items/{item_id}/history", { path: { item_id } });
  }

  /** Forgets a turn, a fact or an entity without a trace. */
  forget(item_id: string): Promise<Answer<"DELETE /v1/memory/items/{item_id}">> {
    return this.#ask("DELETE /v1/memory/items/{item_id}", { path: { item_id } });
  }

  /** The same route of this memory. */
  #ask<R extends OwnRoute>(
    route: R,
    { path, query, body }: { readonly path?: object; readonly query?: object; readonly body?: unknown },
  ): Promise<Answer<R>> {
    const whose = this.#whose;
    const request =
      "agentId" in whose
        ? { path: { ...path, agent_id: whose.agentId }, query, body }
        : { path, query: { ...query, ...whose }, body };
    const own = "agentId" in whose ? route.replace("/v1/memory", "/v1/agents/{agent_id}/memory") : route;
    return this.#client.ask(own as R, request as Request<R>);
  }
}

/** The path with what stands in it, and the query. */
function filled(path: string, { path: inPath, query }: { readonly path?: unknown; readonly query?: unknown }): string {
  const parts: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(inPath ?? {}));
  const whole = path.replace(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(String(parts[name] ?? "")));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== null) search.append(name, String(one));
  return search.size === 0 ? whole : `${whole}?${search}`;
}

/** The sentence of a failure, where the answer holds one. */
function detailOf(text: string): string | undefined {
  try {
    const { detail } = JSON.parse(text);
    return typeof detail === "string" ? detail : undefined;
  } catch {
    return undefined;
  }
}
