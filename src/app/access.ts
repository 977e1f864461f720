import type { AccessNotices } from "../access/notices.ts";
import { createDoor, type Door, type DoorOptions } from "../agent/people/door.ts";
import { createLentKeys, type LentKeys } from "../agent/people/lent-keys.ts";
import type { BuiltinTools } from "../agent/people/organizations.ts";
import { createTries, type Tries } from "../agent/people/tries.ts";
import type { Store } from "../agent/ports/ports.ts";
import type { SignInElsewhere } from "../api/people/provider-sign-in.ts";
import { type Actor, DEFAULT_ACTOR } from "../core/id.ts";
import type { Secrets } from "../core/secrecy/secrets.ts";
import type { World } from "../core/world.ts";
import { builtinRows } from "../tools/catalog.ts";
import type { OidcSettings } from "./command/oidc-settings.ts";
import { createOidcProvider } from "./oidc/provider.ts";
import { resolveBySystem, type SafeFetchOptions } from "./safe-fetch.ts";
import { realSecrets } from "./secrets.ts";

/** Organisations whose tools are brought up to date in one go. */
const ORGANIZATIONS_READ = 100;

/** What lets people in, and what they are given. */
export interface Access {
  readonly door: Door;
  readonly lentKeys: LentKeys;
  readonly secrets: Secrets;
  readonly tries: Tries;
  readonly builtinTools: BuiltinTools;
  /** Null where nobody signs in by an identity provider. */
  readonly elsewhere: SignInElsewhere | null;
}

/** What access is opened with. */
export interface AccessOptions extends Pick<DoorOptions, "store" | "rootKey" | "log"> {
  readonly world: World;
  readonly notices: AccessNotices;
  /** The runtime's own when absent. */
  readonly secrets?: Secrets;
  readonly oidc?: OidcSettings | null;
  readonly resolveHost?: SafeFetchOptions["resolveHost"];
}

/** Opens the door as the database says that it stands, and gives every organisation the tools of this version. */
export async function openAccess(options: AccessOptions): Promise<Access> {
  const { store, world, notices, rootKey, log, secrets = realSecrets() } = options;
  const { clock } = world;
  const builtinTools = builtinToolsOf(world, secrets);
  await addBuiltinTools(store, builtinTools);
  const elsewhere = elsewhereOf(options);
  const isClosed = elsewhere !== null;
  const door = await createDoor({ store, clock, secrets, notices, rootKey, isClosed, log });
  return {
    door,
    lentKeys: createLentKeys({ clock, secrets }),
    secrets,
    tries: createTries(clock),
    builtinTools,
    elsewhere,
  };
}

function elsewhereOf({ oidc = null, world, resolveHost = resolveBySystem }: AccessOptions): SignInElsewhere | null {
  if (oidc === null) return null;
  const { rules, publicUrl } = oidc;
  return { provider: createOidcProvider({ settings: oidc, ...world, resolveHost }), rules, publicUrl };
}

/** The built-in tools as this version describes them. */
function builtinToolsOf(world: World, { digest }: Secrets): BuiltinTools {
  const rowsFor = (actor: Actor) => builtinRows({ ...world, actor });
  return { rowsFor, digest: digest(JSON.stringify(rowsFor(DEFAULT_ACTOR).map(({ jsonSchema }) => jsonSchema))) };
}

/** Makes sure that every organisation has every built-in tool, as this version describes it. */
async function addBuiltinTools(store: Store, builtinTools: BuiltinTools): Promise<void> {
  await refreshTools(store, DEFAULT_ACTOR, builtinTools);
  // Of the others only those are looked at that another version of the tools was given last.
  for (;;) {
    const others = await store.directory.withOtherTools(builtinTools.digest, ORGANIZATIONS_READ);
    for (const { id } of others) await refreshTools(store, { ...DEFAULT_ACTOR, organizationId: id }, builtinTools);
    if (others.length < ORGANIZATIONS_READ) return;
  }
}

/** The same for one organisation. */
async function refreshTools(store: Store, actor: Actor, { rowsFor, digest }: BuiltinTools): Promise<void> {
  const { organizationId } = actor;
  const rows = rowsFor(actor);
  const reader = store.reader(actor);
  const organization = await reader.organizations.find(organizationId);
  const stored = await reader.tools.findByNames(rows.map((row) => row.name));
  const known = new Map(stored.map((tool) => [tool.name, JSON.stringify(tool.jsonSchema)]));
  const changed = rows.filter((row) => known.get(row.name) !== JSON.stringify(row.jsonSchema));
  if (changed.length === 0 && organization?.toolsDigest === digest) return;
  await store.write(actor, async ({ tools, organizations }) => {
    for (const row of changed) await tools.upsert(row);
    const found = await organizations.find(organizationId);
    if (found !== undefined) await organizations.save({ ...found, toolsDigest: digest });
  });
}
