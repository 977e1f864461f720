import { type Caller, mayEverywhere } from "../../access/may.ts";
import { changedBy, madeBy } from "../../core/authorship.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type Id, newId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Page } from "../../core/page.ts";
import type { Random } from "../../core/random.ts";
import { mustFind, required } from "../find.ts";
import type { Repositories, Store } from "../ports/ports.ts";
import type { SandboxConfig, SandboxConfigId, SandboxType, Secret } from "../ports/secrets.ts";
import { HIDDEN_VALUE, requireRoom, requireSecret } from "./owned-secrets.ts";

/** What settings of sandboxes are kept with. */
export interface SandboxWorkshop {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Told what a person should know. */
  readonly log: (message: string) => void;
}

/** Names a variable of a sandbox. */
export type VariableId = Id<"sandbox-env">;

/** What settings of each type are when nobody said anything. */
const DEFAULTS: Readonly<Record<SandboxType, JsonObject>> = {
  local: { sandbox_dir: null, use_venv: false, venv_name: "venv", pip_requirements: [] },
  e2b: { timeout: 300, template: null, pip_requirements: null },
  modal: { timeout: 60, pip_requirements: null, npm_requirements: null, language: "python" },
};

/** The settings of this type, made where there are none; those that are there get these over them. */
export async function keepSandbox(
  workshop: SandboxWorkshop,
  caller: Caller,
  { type, config = {} }: { readonly type: SandboxType; readonly config?: JsonObject },
): Promise<SandboxConfig> {
  const actor = mayEverywhere(caller, "tools:write");
  tellUnused(workshop, type);
  return workshop.store.write(actor, ({ sandboxes }) => kept(workshop, sandboxes, { actor, type, config }));
}

/** Changes settings. Their type stays: throws a `refused` Failure for settings of another one. */
export async function changeSandbox(
  { store, clock }: SandboxWorkshop,
  caller: Caller,
  { id, type, config }: { readonly id: SandboxConfigId; readonly type: SandboxType; readonly config: JsonObject },
): Promise<SandboxConfig> {
  const actor = mayEverywhere(caller, "tools:write");
  return store.write(actor, async ({ sandboxes }) => {
    const before = await mustFind(sandboxes, id);
    if (before.type !== type)
      throw new Failure(
        "refused",
        `The sandbox config ${id} is of type '${before.type}', and these settings of '${type}'`,
      );
    const after = { ...before, config: { ...before.config, ...config }, ...changedBy(actor, clock.now()) };
    await sandboxes.save(after);
    return after;
  });
}

/** Removes settings with their variables. */
export async function removeSandbox({ store }: SandboxWorkshop, caller: Caller, id: SandboxConfigId): Promise<void> {
  await store.write(mayEverywhere(caller, "tools:write"), ({ sandboxes }) => sandboxes.remove(id));
}

/** The settings of the caller's organisation. */
export function listSandboxes(
  { store }: SandboxWorkshop,
  caller: Caller,
  page: Page,
): Promise<readonly SandboxConfig[]> {
  return store.reader(mayEverywhere(caller, "agents:read")).sandboxes.list(page);
}

/** The variables of a sandbox; what they hold is not among it. */
export async function listVariables(
  { store }: SandboxWorkshop,
  caller: Caller,
  { id, page }: { readonly id: SandboxConfigId; readonly page: Page },
): Promise<readonly Secret[]> {
  const { sandboxes, secrets } = store.reader(mayEverywhere(caller, "agents:read"));
  await mustFind(sandboxes, id);
  return secrets.list(id, page);
}

/** What clients may set of a variable. */
export interface VariableChange {
  readonly name?: string;
  readonly value?: string;
  readonly description?: string;
}

/** Gives a sandbox a variable, in place of the one of its name. */
export async function addVariable(
  { store, clock, random }: SandboxWorkshop,
  caller: Caller,
  {
    id,
    name,
    value,
    description,
  }: VariableChange & { readonly id: SandboxConfigId; readonly name: string; readonly value: string },
): Promise<Secret> {
  const actor = mayEverywhere(caller, "tools:write");
  requireSecret("body", name, value);
  const secret: Secret = {
    id: newId("sandbox-env", random),
    ownerId: id,
    name,
    description: description ?? null,
    ...madeBy(actor, clock.now()),
  };
  return store.write(actor, async (repositories) => {
    await mustFind(repositories.sandboxes, id);
    const known = (await repositories.secrets.listForOwners([id])).get(id)?.find((one) => one.name === name);
    if (known === undefined) await requireRoom(repositories, id);
    await repositories.secrets.put(secret, value);
    return known === undefined
      ? secret
      : { ...secret, id: known.id, createdAt: known.createdAt, createdById: known.createdById };
  });
}

/** Changes a variable. Without a value, or with {@link HIDDEN_VALUE}, it keeps what it holds. */
export async function changeVariable(
  { store, clock }: SandboxWorkshop,
  caller: Caller,
  { id, change }: { readonly id: VariableId; readonly change: VariableChange },
): Promise<Secret> {
  const actor = mayEverywhere(caller, "tools:write");
  return store.write(actor, async (repositories) => {
    const before = await findVariable(repositories, id);
    const { name = before.name, description = before.description } = change;
    const value = await valueFor(repositories, before, change.value);
    requireSecret("body", name, value);
    const after: Secret = { ...before, name, description, ...changedBy(actor, clock.now()) };
    await repositories.secrets.put(after, value);
    return after;
  });
}

/** Removes a variable. */
export async function removeVariable({ store }: SandboxWorkshop, caller: Caller, id: VariableId): Promise<void> {
  await store.write(mayEverywhere(caller, "tools:write"), async (repositories) => {
    await findVariable(repositories, id);
    await repositories.secrets.remove(id);
  });
}

async function findVariable({ secrets }: Pick<Repositories, "secrets">, id: VariableId): Promise<Secret> {
  return required(await secrets.find(id), `Sandbox environment variable not found with id='${id}'`);
}

async function valueFor(
  { secrets }: Pick<Repositories, "secrets">,
  { ownerId, name }: Secret,
  given: string | undefined,
): Promise<string> {
  if (given !== undefined && given !== HIDDEN_VALUE) return given;
  const { [name]: kept } = (await secrets.open([ownerId])).values;
  if (kept === undefined)
    throw new Failure(
      "conflict",
      `What '${name}' holds cannot be read, as its key is not here; send a value with the change`,
    );
  return kept;
}

async function kept(
  { clock, random }: SandboxWorkshop,
  sandboxes: Repositories["sandboxes"],
  { actor, type, config }: { readonly actor: Actor; readonly type: SandboxType; readonly config: JsonObject },
): Promise<SandboxConfig> {
  const now = clock.now();
  const before = await sandboxes.ofType(type);
  if (before === undefined) {
    const made = {
      id: newId("sandbox", random),
      type,
      config: { ...DEFAULTS[type], ...config },
      ...madeBy(actor, now),
    };
    await sandboxes.insert(made);
    return made;
  }
  if (Object.keys(config).length === 0) return before;
  const after = { ...before, config: { ...before.config, ...config }, ...changedBy(actor, now) };
  await sandboxes.save(after);
  return after;
}

function tellUnused({ log }: SandboxWorkshop, type: SandboxType): void {
  if (type !== "local")
    log(
      `Settings of '${type}' sandboxes are kept, but not used: tools run in jails of this server, which take the variables of the 'local' settings`,
    );
}
