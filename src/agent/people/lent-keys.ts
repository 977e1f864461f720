import { type Caller, callerOf } from "../../access/may.ts";
import type { Scope } from "../../access/role.ts";
import { kindOfSecret, newSecret } from "../../access/secret-text.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Actor, AgentId } from "../../core/id.ts";
import type { Secrets } from "../../core/secrecy/secrets.ts";

/** Keys that are lent at once: more than calls can be at work. */
const LENT_MAX = 10_000;
/** How long a key lasts that nobody gave back. */
const LENT_MS = 10 * 60 * 1000;
/** What a tool may with its agent: talk, and change what it remembers; neither what the agent is nor what runs as code. */
const SCOPES: ReadonlySet<Scope> = new Set([
  "agents:read",
  "agents:talk",
  "memory:read",
  "memory:write",
  "memory:forget",
  "runs:read",
]);

/** A key that opens until it is given back. */
export interface LentKey {
  readonly text: string;
  giveBack(): void;
}

/** Keys for code that works for an agent, for as long as it does. They are kept nowhere: a restart ends them all. */
export interface LentKeys {
  /** Lends a key for one agent, on behalf of whoever its call is for. Throws a `too_many` Failure when too many are out. */
  lend(actor: Actor, agentId: AgentId): LentKey;
  /** Who shows this key; undefined when it is none that is out. */
  holderOf(credential: string): Caller | undefined;
}

/** None is out. */
export function createLentKeys({ clock, secrets }: { readonly clock: Clock; readonly secrets: Secrets }): LentKeys {
  const lent = new Map<string, { readonly caller: Caller; readonly endsAt: number }>();
  return {
    lend(actor, agentId) {
      const now = clock.now();
      for (const [digest, { endsAt }] of lent) if (endsAt <= now) lent.delete(digest);
      if (lent.size >= LENT_MAX) throw new Failure("too_many", `More than ${LENT_MAX} keys are lent to tools`);
      const { text } = newSecret("lent", secrets);
      const digest = secrets.digest(text);
      const proof = { kind: "lent", keyId: actor.keyId } as const;
      const narrowing = { scopes: SCOPES, agentIds: [agentId], proof };
      lent.set(digest, { caller: callerOf(actor, "editor", narrowing), endsAt: now + LENT_MS });
      return {
        text,
        giveBack() {
          lent.delete(digest);
        },
      };
    },
    holderOf(credential) {
      if (kindOfSecret(credential) !== "lent") return undefined;
      const one = lent.get(secrets.digest(credential));
      return one !== undefined && one.endsAt > clock.now() ? one.caller : undefined;
    },
  };
}
