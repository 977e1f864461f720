import { type Caller, may } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId } from "../../core/id.ts";
import { IMAGE_BYTES_MAX, IMAGE_TYPES, imageTypeOf } from "../../core/image.ts";
import type { FetchOutside, OutsideAnswer } from "../../core/outside.ts";
import type { SendRequest } from "./messages-body.ts";

/** Images of one request that are fetched. */
const IMAGES_MAX = 20;
/** How long one may take, and how many addresses may lie between. */
const IMAGE_MS_MAX = 5_000;
const REDIRECTS_MAX = 3;
/** Bytes that are turned into text at once; more would be more arguments than a call takes. */
const CHUNK_BYTES = 0x8000;

/** Who has images fetched for which agent, and by what. */
export interface ImageSources {
  readonly caller: Caller;
  readonly agentId: AgentId;
  readonly fetchOutside: FetchOutside;
}

type Content = NonNullable<SendRequest["input"]>;
type Part = Exclude<Content, string>[number];

type Item = NonNullable<SendRequest["messages"]>[number];

/**
 * The request with every image that it names by an http address fetched and put in its place, for somebody who may talk to
 * the agent.
 */
export async function withImages(
  body: SendRequest,
  { caller, agentId, fetchOutside }: ImageSources,
): Promise<SendRequest> {
  may(caller, "agents:talk", { agentId });
  const urls = new Set([body.input, ...(body.messages ?? []).flatMap(contentsOf)].flatMap(urlsOf));
  if (urls.size === 0) return body;
  if (urls.size > IMAGES_MAX)
    throw new Failure("refused", `A request may name ${IMAGES_MAX} images by their addresses, got ${urls.size}`);
  const images = new Map<string, Part>();
  const fetched = [...urls].map(async (url) => images.set(url, await fetchImage(url, fetchOutside)));
  await Promise.all(fetched);
  const filled = (content: Content): Content =>
    typeof content === "string" ? content : content.map((part) => images.get(urlOf(part) ?? "") ?? part);
  return {
    ...body,
    ...(body.input == null ? {} : { input: filled(body.input) }),
    messages: body.messages?.map((item) => withContents(item, filled)),
  };
}

/** What an item says: its own words, or what it says that tools returned. */
function contentsOf(item: Item): readonly Content[] {
  if ("role" in item) return [item.content];
  const answers = item.type === "tool_return" ? item.tool_returns : (item.approvals ?? []);
  return answers.flatMap((answer) => ("tool_return" in answer ? [answer.tool_return] : []));
}

function withContents(item: Item, filled: (content: Content) => Content): Item {
  if ("role" in item) return { ...item, content: filled(item.content) };
  if (item.type === "tool_return")
    return { ...item, tool_returns: item.tool_returns.map((answer) => withReturn(answer, filled)) };
  return {
    ...item,
    approvals: item.approvals?.map((answer) => ("tool_return" in answer ? withReturn(answer, filled) : answer)),
  };
}

function withReturn<T extends { readonly tool_return: Content }>(answer: T, filled: (content: Content) => Content): T {
  return { ...answer, tool_return: filled(answer.tool_return) };
}

function urlsOf(content: Content | null | undefined): readonly string[] {
  return content == null || typeof content === "string" ? [] : content.flatMap((part) => urlOf(part) ?? []);
}

/** The address of an image that is not there yet. */
function urlOf(part: Part): string | undefined {
  if (part.type !== "image" || part.source.type !== "url") return undefined;
  return /^https?:/i.test(part.source.url) ? part.source.url : undefined;
}

/**
 * The image at an address, as a part with its bytes. Whatever is wrong with it is a `refused` Failure: trying again
 * would not help.
 */
async function fetchImage(url: string, fetchOutside: FetchOutside): Promise<Part> {
  const { status, mediaType, body } = await answerOf(url, fetchOutside);
  const shown = url.slice(0, 100).toWellFormed();
  if (status !== 200) throw new Failure("refused", `The image '${shown}' was answered with status ${status}`);
  if (!/^image\/[\w.+-]+$/.test(mediaType))
    throw new Failure("refused", `What '${shown}' gives is no image but '${mediaType.slice(0, 50)}'`);
  const data = base64(body);
  // Servers are often wrong about it, and providers refuse an image that is not what it is said to be.
  const found = imageTypeOf(data);
  if (found === undefined) throw new Failure("refused", `What '${shown}' gives is no image of type ${IMAGE_TYPES}`);
  return { type: "image", source: { type: "base64", media_type: found, data } };
}

/** What the address gives. That it gives nothing is the request's own fault, and trying again would not help. */
async function answerOf(url: string, fetchOutside: FetchOutside): Promise<OutsideAnswer> {
  try {
    return await fetchOutside(url, {
      method: "GET",
      headers: { accept: "image/*" },
      timeoutMs: IMAGE_MS_MAX,
      bytesMax: IMAGE_BYTES_MAX,
      redirectsMax: REDIRECTS_MAX,
    });
  } catch (error) {
    if (error instanceof Failure) throw new Failure("refused", `An image: ${error.message}`, { cause: error });
    throw error;
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
  return btoa(text);
}
