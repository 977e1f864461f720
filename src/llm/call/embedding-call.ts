import { parseJson } from "../../core/json.ts";
import type { Fetch } from "../../core/world.ts";
import { type ProviderSettings, requestHeadersOf } from "../provider.ts";

/** One request for the vectors of some texts. */
export interface EmbeddingCall {
  readonly settings: ProviderSettings;
  readonly model: string;
  /** How many numbers each vector shall have, where the model can be told; undefined asks for its own size. */
  readonly dimensions: number | undefined;
  readonly texts: readonly string[];
  /** Names of providers that refused to send bytes; whoever is refused adds to it. They are asked for numbers. */
  readonly sendNumbers: Set<string>;
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
}

/** Asks a provider for vectors, one for each text and in their order. What it gives is checked by the caller. */
export type Embed = (call: EmbeddingCall) => Promise<readonly Float32Array[]>;

/** An answer with a status of failure, in the shape in which the provider packages throw one. */
export class RefusedAnswer extends Error {
  override readonly name = "RefusedAnswer";
  readonly statusCode: number;
  readonly responseBody: string;
  readonly responseHeaders: Readonly<Record<string, string>>;

  constructor(response: Response, body: string) {
    super(`The answer had status ${response.status}`);
    this.statusCode = response.status;
    this.responseBody = body;
    this.responseHeaders = Object.fromEntries(response.headers);
  }
}

/** Sends `body` as JSON and gives the parsed answer; undefined when it is not JSON. Throws when its status is a failure. */
export async function postJson(
  { settings, fetch, signal }: EmbeddingCall,
  url: string,
  body: object,
): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...requestHeadersOf(settings), "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  const text = await response.text();
  if (!response.ok) throw new RefusedAnswer(response, text);
  return parseJson(text);
}

/** A list of numbers as a vector; what is no number becomes NaN. */
export function vectorOfNumbers(value: unknown): Float32Array {
  const numbers: readonly unknown[] = Array.isArray(value) ? value : [];
  const vector = new Float32Array(numbers.length);
  for (let i = 0; i < vector.length; i++) {
    const number = numbers[i];
    vector[i] = typeof number === "number" ? number : Number.NaN;
  }
  return vector;
}
