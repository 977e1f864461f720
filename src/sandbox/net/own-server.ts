import { Failure } from "../../core/failure.ts";

/** The server itself, as tools reach it that may. */
export interface OwnServer {
  readonly host: string;
  readonly port: number;
  /** Whether a key is one that a tool was lent. Without such a key nothing reaches it: it may be open to who shows none. */
  isLent(key: string): boolean;
}

/** Finds the server itself; null while it does not listen. */
export type FindOwnServer = () => OwnServer | null;

/** The server for a request with these headers. Throws a `refused` Failure where it shows no key that was lent. */
export function ownServerFor(
  find: FindOwnServer | undefined,
  headers: readonly (readonly [string, string])[],
): OwnServer {
  const own = find?.() ?? null;
  if (own === null) throw new Failure("unavailable", "The server does not listen yet");
  const shown = headers.filter(([name]) => /^authorization$/i.test(name));
  const [, key = ""] = /^Bearer +(\S+)$/i.exec(shown[0]?.[1].trim() ?? "") ?? [];
  if (shown.length !== 1 || !own.isLent(key))
    throw new Failure("refused", "Tools reach the server only with the key that their call was lent, in LETTA_API_KEY");
  return own;
}
