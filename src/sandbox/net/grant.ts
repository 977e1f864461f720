import { Failure } from "../../core/failure.ts";
import type { Tool } from "../../tools/tool.ts";
import { EVERY_HOST, type HostPattern, matchesHost, parseHostPattern, shownPattern } from "./host-pattern.ts";

/** What of a tool decides what it may reach. */
export type AskingTool = Pick<Tool, "name" | "metadata">;

/** Hosts that one tool, or the server's owner, may name. */
const HOSTS_MAX = 100;
/** The name by which tools reach the server's own API, where they may: it is the proxy's alone, no resolver is asked. */
export const OWN_HOST = "selkie.internal";
const OWN_PORT = 80;
/** Where a tool says that it uses the server's own API. */
const OWN_KEY = "letta_client";
/** Where a tool names the hosts that it needs. */
const METADATA_KEY = "network";

/** What the server's owner lets tools reach: the setting `SELKIE_TOOL_NETWORK`. */
export interface NetworkPolicy {
  readonly hosts: readonly HostPattern[];
  /** Whether a tool reaches none of them unless it names it. */
  readonly mustAsk: boolean;
}

/** What one tool may reach. */
export interface NetworkGrant {
  /** The same for two tools that may reach the same. */
  readonly key: string;
  /**
   * How a host, as URLs write it, may be reached: at any address of its, at public ones alone, or not at all. Private
   * addresses need a setting of their own besides. `own` is the server itself, by {@link OWN_HOST} and a lent key.
   */
  reach(host: string, port: number): "anywhere" | "public" | "own" | "no";
}

/** Reads the setting. Throws a `refused` Failure that names it. */
export function readNetworkPolicy(text: string | undefined): NetworkPolicy {
  const words = (text ?? "none").split(",").map((word) => word.trim());
  if (words.length > HOSTS_MAX)
    throw new Failure(
      "refused",
      `SELKIE_TOOL_NETWORK names more than ${HOSTS_MAX} hosts; use patterns like *.example.org`,
    );
  const isNone = words.some((word) => word === "none");
  if (isNone && words.length > 1) throw new Failure("refused", "SELKIE_TOOL_NETWORK names hosts beside 'none'");
  return { hosts: isNone ? [] : words.map(ownersPattern), mustAsk: words.includes("listed") };
}

function ownersPattern(word: string): HostPattern {
  if (word === "public" || word === "listed") return EVERY_HOST;
  try {
    return parseHostPattern(word);
  } catch (error) {
    const reason = error instanceof Failure ? error.message : String(error);
    throw new Failure("refused", `SELKIE_TOOL_NETWORK is none, listed, public or a list of hosts: ${reason}`, {
      cause: error,
    });
  }
}

/**
 * What a tool may reach; null when that is nothing. What it names in its metadata narrows what the owner allows. Throws a
 * `refused` Failure when its metadata makes no sense.
 */
export function grantOf(policy: NetworkPolicy, tool: AskingTool): NetworkGrant | null {
  const named = namedBy(tool);
  const isNothing = policy.hosts.length === 0 || named?.length === 0 || (named === undefined && policy.mustAsk);
  const hosts = isNothing ? [] : policy.hosts;
  const isOwn = wantsOwnServer(tool);
  if (hosts.length === 0 && !isOwn) return null;
  return {
    key: JSON.stringify([isOwn, hosts.length === 0 ? [] : (named?.map(shownPattern).toSorted() ?? null)]),
    reach(host, port) {
      if (host === OWN_HOST) return isOwn && port === OWN_PORT ? "own" : "no";
      const isNamed = named?.some((pattern) => matchesHost(pattern, host, port)) ?? true;
      const allowing = isNamed ? hosts.filter((pattern) => matchesHost(pattern, host, port)) : [];
      if (allowing.length === 0) return "no";
      return allowing.some((pattern) => pattern.host !== EVERY_HOST.host) ? "anywhere" : "public";
    },
  };
}

/** What tools may reach by this setting, in words for the server's owner. */
export function shownPolicy({ hosts, mustAsk }: NetworkPolicy): string {
  if (hosts.length === 0) return "tools reach no network; SELKIE_TOOL_NETWORK lets them";
  const names = hosts.map((pattern) => (pattern === EVERY_HOST ? "all public hosts" : shownPattern(pattern)));
  return `tools reach ${[...new Set(names)].join(", ")}${mustAsk ? ", as far as they name them" : ""}`;
}

/** Whether the tool uses the server's own API, by a key that it is lent. */
export function wantsOwnServer({ metadata }: Pick<Tool, "metadata">): boolean {
  return metadata[OWN_KEY] === true;
}

/** Whether the tool says itself that it needs a network, whoever lets it. */
export function asksForNetwork(tool: Pick<Tool, "metadata">): boolean {
  const said = tool.metadata[METADATA_KEY];
  return wantsOwnServer(tool) || (Array.isArray(said) && said.length > 0);
}

/** Why the tool reaches nothing, and what to do about it, as whoever wrote it should read it. */
export function refusalOf(policy: NetworkPolicy, tool: AskingTool): string {
  if (policy.hosts.length === 0)
    return "Tools may not reach the network: the server's owner has to set SELKIE_TOOL_NETWORK to public, listed or a list of hosts";
  if (namedBy(tool)?.length === 0) return `The tool's metadata_ says that it needs no network ("${METADATA_KEY}": [])`;
  return `The tool may not reach the network: its metadata_ has to name the hosts that it needs, such as {"${METADATA_KEY}": ["api.example.org"]}`;
}

function namedBy({ name, metadata }: AskingTool): readonly HostPattern[] | undefined {
  const said = metadata[METADATA_KEY];
  if (said === undefined || said === null) return undefined;
  const isList = Array.isArray(said) && said.length <= HOSTS_MAX;
  if (!isList || !said.every((host) => typeof host === "string"))
    throw new Failure(
      "refused",
      `metadata_.${METADATA_KEY} of the tool '${name}' must be a list of at most ${HOSTS_MAX} hosts`,
    );
  return [...new Set(said)].map((host) => parseHostPattern(String(host)));
}
