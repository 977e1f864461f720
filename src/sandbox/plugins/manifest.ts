import { z } from "zod";
import {
  GRANTS_OF,
  HOOK_EVENTS,
  PLUGIN_GRANTS,
  PLUGIN_KINDS,
  type PluginManifest,
} from "../../agent/plugins/plugin.ts";
import { Failure } from "../../core/failure.ts";

/** The way of calling that this server knows. */
const ABI = 1;
const DESCRIPTION_CHARS_MAX = 10_000;
const HOSTS_MAX = 100;
const DIMENSIONS_MAX = 8_192;
/** Tags that a hook names, and characters of one. */
const TAGS_MAX = 100;
const TAG_CHARS_MAX = 200;
/** Characters of a manifest, as JSON. */
const MANIFEST_CHARS_MAX = 100_000;

const Manifest = z.strictObject({
  abi: z.literal(ABI),
  kind: z.enum(PLUGIN_KINDS),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,48}$/, "has 1 to 48 letters (a-z), digits, _ and -"),
  description: z.string().max(DESCRIPTION_CHARS_MAX).nullable().default(null),
  grants: z.array(z.enum(PLUGIN_GRANTS)).max(PLUGIN_GRANTS.length).default([]),
  network: z.array(z.string()).max(HOSTS_MAX).default([]),
  parameters: z.record(z.string(), z.json()).nullable().default(null),
  dimensions: z.int().min(1).max(DIMENSIONS_MAX).nullable().default(null),
  events: z.array(z.enum(HOOK_EVENTS)).max(HOOK_EVENTS.length).default([]),
  on_failure: z.enum(["allow", "refuse"]).default("allow"),
  tags: z.array(z.string().min(1).max(TAG_CHARS_MAX)).max(TAGS_MAX).default([]),
});

/** Reads what a plugin says of itself. Throws a `refused` Failure that says what is wrong with it. */
export function readManifest(given: unknown): PluginManifest {
  if ((JSON.stringify(given) ?? "").length > MANIFEST_CHARS_MAX)
    throw new Failure("refused", `The plugin's manifest has more than ${MANIFEST_CHARS_MAX} characters`);
  const read = Manifest.safeParse(given);
  if (!read.success) throw new Failure("refused", `The plugin's manifest: ${z.prettifyError(read.error)}`);
  const { abi: _, on_failure: onFailure, ...said } = read.data;
  const manifest: PluginManifest = { ...said, onFailure };
  const beyond = manifest.grants.find((grant) => !GRANTS_OF[manifest.kind].includes(grant));
  if (beyond !== undefined)
    throw new Failure(
      "refused",
      `The plugin's manifest: a plugin of the kind '${manifest.kind}' cannot have '${beyond}'`,
    );
  if (manifest.kind === "embedder" && manifest.dimensions === null)
    throw new Failure("refused", "The plugin's manifest: an embedder must say how many 'dimensions' its vectors have");
  if (manifest.kind === "hook" && manifest.events.length === 0)
    throw new Failure("refused", `The plugin's manifest: a hook must name its 'events': ${HOOK_EVENTS.join(", ")}`);
  return manifest;
}
