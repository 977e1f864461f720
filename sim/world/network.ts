import type { Hono } from "hono";
import { parseJson } from "../../src/core/json.ts";
import type { Faults } from "./faults.ts";
import type { SeededRandom } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Incarnation } from "./world.ts";

/** What clients reach: the process that runs, when it listens. */
export interface Listener {
  readonly incarnation: Incarnation;
  readonly api: Hono;
}

/** An answer, or that none came. After `lost` nobody knows whether the request had an effect; after `unsent` it had none. */
export type Answer =
  | { readonly kind: "answered"; readonly status: number; readonly body: unknown }
  | { readonly kind: "lost" }
  | { readonly kind: "unsent" };

/** How a stream ended for its reader, when there was one. */
export type StreamEnd = Answer | { readonly kind: "whole" } | { readonly kind: "cut" } | { readonly kind: "left" };

/** A file in a form. */
export interface SentForm {
  readonly name: string;
  readonly mediaType: string;
  readonly text: string;
}

/** A request to the API. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: object;
  /** A file that is sent as a form, in place of a body. */
  readonly file?: SentForm;
  /** What opens the door for whoever asks, null for who has nothing; the network's own when absent. */
  readonly key?: string | null;
}

/** The way between clients and the server. What was sent may arrive although its sender has died meanwhile. */
export interface Network {
  call(request: ApiRequest): Promise<Answer>;
  /** Reads a stream line by line, until its end or until `isEnough`. */
  stream(request: ApiRequest, take: (line: string) => void, isEnough: () => boolean): Promise<StreamEnd>;
}

/** The network as it is used by whoever has this key, or has none. */
export function withKey(network: Network, key: string | null): Network {
  return {
    call: (request) => network.call({ ...request, key }),
    stream: (request, take, isEnough) => network.stream({ ...request, key }, take, isEnough),
  };
}

/** What the network is made of. */
export interface NetworkOptions {
  /** Sent with what names no other; null where the server wants none. */
  readonly key: string | null;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly delayMs: number;
  /** Whether the disk may refuse the end of a run: then its stream is closed without one, and has it later. */
  readonly mayLackEnd: boolean;
  readonly listener: () => Listener | undefined;
}

/** The part of a stream's reader that is used here. */
interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** Characters of a line that the trace shows; its hash stands for all of it. */
const LINE_SHOWN_CHARS = 80;
/** The line that ends every stream. */
const DONE = "[DONE]";
const BOUNDARY = "----sim-form";
const LOST = { kind: "lost" } as const;
const UNSENT = { kind: "unsent" } as const;

/** The one {@link Network}. */
export function createNetwork(options: NetworkOptions): Network {
  const { scheduler, random, faults, delayMs, mayLackEnd, listener } = options;
  const bearer = (key: string | null) => (key === null ? {} : { authorization: `Bearer ${key}` });
  const travel = (label: string) => scheduler.wait(label, random.between(0, delayMs));
  const { readPieces } = createReading({ random, faults, travel });

  /** A line that broke is noticed a little later. */
  async function lost(): Promise<typeof LOST> {
    faults.applied("connection lost");
    await travel("client notices");
    return LOST;
  }

  async function begin(request: ApiRequest) {
    await travel("request arrives");
    const server = listener();
    if (server === undefined || !server.incarnation.isAlive) return UNSENT;
    const { method, path, key = options.key } = request;
    const { contentType, body } = contentOf(request);
    scheduler.note(`> ${method} ${path}`);
    const sent = server.api.request(`http://localhost${path}`, {
      method,
      headers: { "content-type": contentType, ...bearer(key) },
      ...(body === undefined ? {} : { body }),
    });
    const response = await beforeDeath(server.incarnation, Promise.resolve(sent));
    return response === undefined ? lost() : { kind: "response" as const, response, incarnation: server.incarnation };
  }

  async function whole(response: Response, incarnation: Incarnation): Promise<Answer> {
    const text = await beforeDeath(incarnation, response.text());
    if (text === undefined) return lost();
    await travel("answer arrives");
    if (!incarnation.isAlive && random.chance(0.5)) return lost();
    scheduler.note(`< ${response.status} ${response.status < 400 ? text.length : text} ${Bun.hash(text)}`);
    return { kind: "answered", status: response.status, body: parseJson(text) ?? text };
  }

  return {
    async call(request) {
      const begun = await begin(request);
      return begun.kind === "response" ? whole(begun.response, begun.incarnation) : begun;
    },
    async stream(request, take, isEnough) {
      const begun = await begin(request);
      if (begun.kind !== "response") return begun;
      const { response, incarnation } = begun;
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
      if (!isStream || response.body === null) return whole(response, incarnation);
      let last = "";
      const lines = lineReader((line) => {
        last = line;
        scheduler.note(`< ${line.slice(0, LINE_SHOWN_CHARS)} ${Bun.hash(line)}`);
        take(line);
      });
      const kind = await readPieces(response.body.getReader(), incarnation, lines, isEnough);
      return { kind: kind === "whole" && mayLackEnd && last !== DONE ? "cut" : kind };
    },
  };
}

/** What is sent, and as what. The boundary of a form is always the same: chance is the seed's. */
function contentOf({ body, file }: ApiRequest): { readonly contentType: string; readonly body?: string } {
  if (file !== undefined) {
    const type = file.mediaType === "" ? "" : `content-type: ${file.mediaType}\r\n`;
    const head = `content-disposition: form-data; name="file"; filename="${file.name}"\r\n${type}`;
    const form = `--${BOUNDARY}\r\n${head}\r\n${file.text}\r\n--${BOUNDARY}--\r\n`;
    return { contentType: `multipart/form-data; boundary=${BOUNDARY}`, body: form };
  }
  const contentType = "application/json";
  return body === undefined ? { contentType } : { contentType, body: JSON.stringify(body) };
}

/** Reads streams as they reach clients. */
function createReading({ random, faults, travel }: ReadingOptions) {
  return { readPieces };

  async function readPieces(
    reader: BodyReader,
    incarnation: Incarnation,
    take: (bytes: Uint8Array) => void,
    isEnough: () => boolean,
  ): Promise<"whole" | "cut" | "left"> {
    for (;;) {
      const arrived = await piece(reader, incarnation);
      if (arrived === "whole" || arrived === "cut") return arrived;
      take(arrived.bytes);
      if (arrived.isLast) return "cut";
      if (!isEnough()) continue;
      // It may have been broken off meanwhile, which is no news to who leaves.
      if (incarnation.isAlive) void reader.cancel().catch(() => {});
      return "left";
    }
  }

  /** The next bytes of a stream as they reach the client, or how it ended. */
  async function piece(reader: BodyReader, incarnation: Incarnation): Promise<Piece | "whole" | "cut"> {
    // What the server cannot go on with it breaks off, and the connection with it.
    const read = await beforeDeath(
      incarnation,
      reader.read().catch(() => undefined),
    );
    if (read?.done === true) return "whole";
    await travel("piece arrives");
    const isCut = read?.value === undefined || (!incarnation.isAlive && random.chance(0.5));
    if (isCut) faults.applied("connection lost");
    if (isCut) return "cut";
    const bytes = read.value;
    if (incarnation.isAlive || random.chance(0.3)) return { bytes, isLast: false };
    // Of what was under way when the process died any part may arrive: it ends anywhere, also within a character.
    faults.applied("frame cut");
    return { bytes: bytes.subarray(0, random.int(bytes.length)), isLast: true };
  }
}

interface ReadingOptions extends Pick<NetworkOptions, "random" | "faults"> {
  readonly travel: (label: string) => Promise<void>;
}

/** Bytes of a stream; after the last nothing comes, and no end either. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** What a process says before it dies; undefined when it dies first. */
function beforeDeath<T>(incarnation: Incarnation, work: Promise<T>): Promise<T | undefined> {
  return Promise.race([work, incarnation.died.then(() => undefined)]);
}

/** Gives the data of every server-sent event; one that was cut off is not given. */
function lineReader(take: (line: string) => void): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder();
  let rest = "";
  return (bytes) => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data: ")) take(line.slice(6));
  };
}
