import { isRecord } from "../../core/json.ts";
import { type Embed, type EmbeddingCall, postJson, RefusedAnswer, vectorOfNumbers } from "../call/embedding-call.ts";
import { baseUrlOf, type ProviderSettings } from "../provider.ts";

/** Where servers of OpenAI's protocol differ. */
interface OpenaiEmbeddings {
  /** Where requests go; `/embeddings` under the base URL when absent. */
  urlOf?(settings: ProviderSettings, model: string): string;
  /** Asks for the numbers as bytes, which take a third of the space and a tenth of the time to read. */
  readonly asksBytes?: boolean;
}

/** OpenAI's `/embeddings`, which most providers and local servers speak. */
export function openaiEmbeddings({ urlOf, asksBytes = false }: OpenaiEmbeddings = {}): Embed {
  return async (call) => {
    const { settings, model, dimensions, texts } = call;
    const url = urlOf?.(settings, model) ?? `${baseUrlOf(settings)}/embeddings`;
    const body = { model, input: texts, ...(dimensions !== undefined && { dimensions }) };
    const answer = await (asksBytes ? postForBytes(call, url, body) : postJson(call, url, body));
    const data = isRecord(answer) && Array.isArray(answer["data"]) ? answer["data"] : [];
    return inOrder(data.filter(isRecord)).map((item) => vectorOf(item["embedding"]));
  };
}

async function postForBytes(call: EmbeddingCall, url: string, body: object): Promise<unknown> {
  const { name } = call.settings;
  if (call.sendNumbers.has(name)) return postJson(call, url, body);
  try {
    return await postJson(call, url, { ...body, encoding_format: "base64" });
  } catch (error) {
    if (!(error instanceof RefusedAnswer) || !NOT_KNOWN.includes(error.statusCode)) throw error;
    // What is refused for another reason is refused once more, and that is told.
    const answer = await postJson(call, url, body);
    call.sendNumbers.add(name);
    return answer;
  }
}

/** How servers refuse a word that they do not know; some fail over it. */
const NOT_KNOWN = [400, 415, 422, 500, 501];

/** Items come with their place in the list, and from some servers in another order. */
function inOrder(items: readonly Record<string, unknown>[]): readonly Record<string, unknown>[] {
  const hasPlaces = items.every(({ index }) => typeof index === "number");
  return hasPlaces ? items.toSorted((a, b) => Number(a["index"]) - Number(b["index"])) : items;
}

/** Servers that do not know the bytes give numbers all the same. */
function vectorOf(value: unknown): Float32Array {
  if (typeof value !== "string") return vectorOfNumbers(value);
  const bytes = bytesOf(value);
  // Little-endian on the wire, whatever the machine is.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const vector = new Float32Array(Math.floor(bytes.length / 4));
  for (let i = 0; i < vector.length; i++) vector[i] = view.getFloat32(i * 4, true);
  return vector;
}

function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return new Uint8Array();
  }
}
