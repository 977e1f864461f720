import { changedBy, madeBy } from "../../core/authorship.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type AgentId, newId } from "../../core/id.ts";
import type { Random } from "../../core/random.ts";
import { cut } from "../../core/text.ts";
import type { Repositories } from "../ports/ports.ts";
import type { Secret } from "../ports/secrets.ts";

/** What is shown of every secret. Who sends it back leaves what is stored as it is. */
export const HIDDEN_VALUE = "********";

/** Secrets that one owner may have. */
const SECRETS_MAX = 200;
const NAME_CHARS_MAX = 256;
/** Characters of a value. A program can be given a few times that for each variable. */
const VALUE_CHARS_MAX = 32_768;
const NAME_CHARS_SHOWN = 100;

/** Secrets as a client brings them: what each name holds. */
export type SecretValues = Readonly<Record<string, string>>;

/** Throws an `invalid` Failure where these are too many, too long, or no names of variables. `where` is the field that they are in. */
export function requireSecrets(where: string, values: SecretValues): void {
  const entries = Object.entries(values);
  if (entries.length > SECRETS_MAX)
    throw new Failure("invalid", `${where}: ${SECRETS_MAX} are the most, got ${entries.length}`);
  for (const [name, value] of entries) requireSecret(where, name, value);
}

/** The same for one. */
export function requireSecret(where: string, name: string, value: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what no name may hold
  if (name === "" || name.length > NAME_CHARS_MAX || /[=\u0000-\u001f\u007f]/.test(name))
    throw new Failure(
      "invalid",
      `${where}: a variable is called by 1 to ${NAME_CHARS_MAX} characters without '=', got ${JSON.stringify(cut(name, NAME_CHARS_SHOWN))}`,
    );
  if (value.length > VALUE_CHARS_MAX || value.includes("\u0000"))
    throw new Failure(
      "invalid",
      `${where}.${cut(name, NAME_CHARS_SHOWN)}: a value has ${VALUE_CHARS_MAX} characters at most, and no NUL among them`,
    );
}

/** What secrets are made with. */
export interface SecretWorkshop {
  readonly clock: Clock;
  readonly random: Random;
}

/** Gives an agent these secrets instead of those that it has; undefined leaves them. {@link HIDDEN_VALUE} stands for what is stored. */
export async function replaceAgentSecrets(
  { clock, random }: SecretWorkshop,
  { secrets }: Pick<Repositories, "secrets">,
  {
    actor,
    agentId,
    values,
  }: { readonly actor: Actor; readonly agentId: AgentId; readonly values: SecretValues | undefined },
): Promise<void> {
  if (values === undefined) return;
  const known = new Map((await secrets.listForOwners([agentId])).get(agentId)?.map((one) => [one.name, one]));
  for (const [name, secret] of known) if (!Object.hasOwn(values, name)) await secrets.remove(secret.id);
  for (const [name, value] of Object.entries(values)) {
    const before = known.get(name);
    if (before !== undefined && value === HIDDEN_VALUE) continue;
    const now = clock.now();
    const secret: Secret =
      before === undefined
        ? { id: newId("agent-env", random), ownerId: agentId, name, description: null, ...madeBy(actor, now) }
        : { ...before, ...changedBy(actor, now) };
    await secrets.put(secret, value);
  }
}

/** Throws a `conflict` Failure where an owner has as many as it may. */
export async function requireRoom({ secrets }: Pick<Repositories, "secrets">, ownerId: string): Promise<void> {
  const held = (await secrets.listForOwners([ownerId])).get(ownerId)?.length ?? 0;
  if (held >= SECRETS_MAX)
    throw new Failure("conflict", `There are ${held} variables already, as many as there may be`);
}
