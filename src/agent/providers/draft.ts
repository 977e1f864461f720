import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";
import { KIND_OF_TYPE, type ProviderKind } from "../../llm/provider.ts";
import type { OwnProvider, ProviderKeys } from "./provider.ts";

const NAME_CHARS_MAX = 64;
const KEY_CHARS_MAX = 8_192;
const SHOWN_CHARS_MAX = 100;
/** What handles of embedding plugins begin with, and of the model that no provider serves. */
const RESERVED = new Set(["plugin", "letta"]);

/** A provider as far as it can be asked: what it is, where, and by which key. */
export interface AskedProvider extends Pick<OwnProvider, "type" | "baseUrl" | "region" | "apiVersion"> {
  readonly keys: ProviderKeys;
}

/** The kind of a provider. Throws a Failure that names the field for whatever it cannot be. */
export function checkDraft({ type, baseUrl, region, keys }: AskedProvider, name: string): ProviderKind {
  const kind = KIND_OF_TYPE.get(type);
  if (kind === undefined)
    throw new Failure(
      "refused",
      `INVALID_ARGUMENT: This server speaks to no provider of the type '${cut(type, SHOWN_CHARS_MAX)}'. It knows ${[...KIND_OF_TYPE.keys()].join(", ")}; a server that speaks OpenAI's protocol is openai_compatible`,
    );
  requireName(name);
  requireKey("api_key", keys.apiKey);
  requireKey("access_key", keys.accessKey);
  const needsUrl = kind === "azure" || kind === "openai_compatible";
  if (needsUrl && baseUrl === null) throw new Failure("invalid", `body.base_url: is needed for the type '${type}'`);
  if (region !== null && !/^[a-z0-9-]{1,40}$/.test(region))
    throw new Failure("invalid", "body.region: should be a region such as us-east-1");
  if (kind !== "bedrock") return kind;
  if (region === null) throw new Failure("invalid", "body.region: is needed for the type 'bedrock'");
  if (keys.accessKey === null || keys.apiKey === null)
    throw new Failure("invalid", "body.access_key: is needed for the type 'bedrock', with the secret key as api_key");
  return kind;
}

function requireName(name: string): void {
  if (RESERVED.has(name)) throw new Failure("conflict", `The name '${name}' stands for something else; choose another`);
  if (name.length > NAME_CHARS_MAX || !/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u.test(name) || name !== name.trim())
    throw new Failure(
      "invalid",
      `body.name: should be 1 to ${NAME_CHARS_MAX} letters, digits, spaces, dots, dashes and underscores, got '${cut(name, SHOWN_CHARS_MAX)}'`,
    );
}

/** A key goes into a header, so it holds nothing that ends one. It is told nowhere, here neither. */
function requireKey(field: string, key: string | null): void {
  if (key !== null && (key.length > KEY_CHARS_MAX || !/^[\u0021-\u007e]+$/.test(key)))
    throw new Failure(
      "invalid",
      `body.${field}: should be ${KEY_CHARS_MAX} printable characters at most, without blanks`,
    );
}
