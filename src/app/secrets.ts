import { hash, randomBytes } from "node:crypto";
import { Failure } from "../core/failure.ts";
import type { Secrets } from "../core/secrecy/secrets.ts";

/** Passwords that are worked on at once: each takes a core for a sixth of a second. */
const AT_ONCE = 2;
/** Passwords that may wait for that. */
const WAITING_MAX = 20;
/** After which time there is room again. */
const RETRY_MS = 2_000;

/** Of 32 random bytes that nobody has kept. */
const NOBODYS_HASH =
  "$argon2id$v=19$m=65536,t=2,p=1$kt3UM1h15yuMC12Ci7xA/PCREntnjDdgBme0PDS/1m4$INpq64l9xgsUyWE3/pvnv+QXq6R5pGpeWUNPLM6IV/Y";

/** {@link Secrets} by the runtime: SHA-256 at once, Argon2id away from the thread that serves requests. */
export function realSecrets(): Secrets {
  const inTurn = turns();
  return {
    bytes: (count) => randomBytes(count),
    nobodysHash: NOBODYS_HASH,
    digest: (text) => hash("sha256", text, "hex"),
    hashPassword: (password) => inTurn(() => Bun.password.hash(password, "argon2id")),
    isPassword: (password, hashed) => inTurn(() => Bun.password.verify(password, hashed)),
  };
}

function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let atWork = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (atWork >= AT_ONCE) {
      if (waiting.length >= WAITING_MAX)
        throw new Failure("too_many", "Too many passwords are being looked at; try again", { retryAfterMs: RETRY_MS });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else atWork++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) atWork--;
      else next();
    }
  };
}
