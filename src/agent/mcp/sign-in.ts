import { type Caller, mayEverywhere } from "../../access/may.ts";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { newId } from "../../core/id.ts";
import type { Secrets } from "../../core/secrecy/secrets.ts";
import { encodeSixtyFour } from "../../core/sixty-four.ts";
import { required } from "../find.ts";
import { signInKeeper } from "./config.ts";
import type { McpChallenge } from "./mcp-failure.ts";
import type { McpSignIn, McpSignInId, McpSignInStatus } from "./mcp-server.ts";
import type { McpWorkshop } from "./mcp-servers.ts";

/** As much as nobody can guess. */
const STATE_BYTES = 32;
/** How long a redirect is awaited. */
const AWAITED_MS = 10 * 60_000;
const URL_FIELD = "redirectUrl";

/** What sign-ins are made with. */
export interface SignInWorkshop extends McpWorkshop {
  readonly secrets: Pick<Secrets, "bytes" | "digest">;
}

/** A sign-in that was begun, and where a person goes on with it; null where nobody has to. */
export interface BegunSignIn {
  readonly id: McpSignInId;
  readonly url: string | null;
  /** Until when the person is awaited. */
  readonly dueAt: McpSignIn["dueAt"];
}

/** What came back with a redirect. */
export interface SignInAnswer {
  readonly state: string;
  readonly code: string | null;
  /** Who says to have answered. */
  readonly issuer: string | null;
}

/**
 * Begins to sign in at the MCP server of an address, for the whole organisation. What was signed in with before serves on
 * until somebody has come back.
 */
export async function beginSignIn(
  workshop: SignInWorkshop,
  caller: Caller,
  {
    url,
    redirectUrl,
    challenge,
  }: { readonly url: string; readonly redirectUrl: string; readonly challenge: McpChallenge },
): Promise<BegunSignIn> {
  const { store, clock, random, secrets, mcp } = workshop;
  const actor = mayEverywhere(caller, "tools:write");
  const state = encodeSixtyFour(secrets.bytes(STATE_BYTES))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
  const now = clock.now();
  const awaited = { stateHash: secrets.digest(state), status: "pending", error: null } as const;
  const signIn = await store.write(actor, async (repositories) => {
    const known = await repositories.mcp.signInAt(url);
    const { id, createdAt } = known ?? { id: newId("mcp_oauth", random), createdAt: now };
    const next: McpSignIn = { id, url, ...awaited, dueAt: instantOf(now + AWAITED_MS), createdAt, updatedAt: now };
    await repositories.mcp.putSignIn(next);
    return next;
  });
  const keeper = signInKeeper(workshop, actor, signIn);
  await keeper.save({ ...(await keeper.load()), [URL_FIELD]: redirectUrl });
  const target = await mcp.signIns.begin({ url, redirectUrl, keeper }, { state, challenge });
  if (target === null) await store.write(actor, ({ mcp: kept }) => kept.putSignIn(ended(signIn, "authorized")));
  return { id: signIn.id, url: target?.href ?? null, dueAt: signIn.dueAt };
}

/**
 * Ends a sign-in with what a redirect brought. The state alone says whose it is: it serves once, whatever comes of it.
 * Throws a `refused` Failure where nobody awaits it, or the answer is not from who was asked.
 */
export async function finishSignIn(
  workshop: SignInWorkshop,
  { state, code, issuer }: SignInAnswer,
): Promise<McpSignIn> {
  const { store, clock, secrets, mcp } = workshop;
  const stateHash = secrets.digest(state);
  const found = await store.awaitedSignIn(stateHash);
  const nobody = () => new Failure("refused", "Nobody awaits this answer: a sign-in serves once, within ten minutes");
  if (found === undefined) throw nobody();
  const { actor } = found;
  const signIn = await store.write(actor, async (repositories) => {
    const current = await repositories.mcp.signInAt(found.signIn.url);
    if (current === undefined || current.stateHash !== stateHash || current.dueAt < clock.now()) throw nobody();
    const taken = { ...current, stateHash: null, updatedAt: clock.now() };
    await repositories.mcp.putSignIn(taken);
    return taken;
  });
  const settle = (status: McpSignInStatus, error: string | null) =>
    store.write(actor, async (repositories) => {
      if ((await repositories.mcp.signInAt(signIn.url))?.id !== signIn.id) return;
      await repositories.mcp.putSignIn({ ...ended(signIn, status), error, updatedAt: clock.now() });
    });
  const keeper = signInKeeper(workshop, actor, signIn);
  const { [URL_FIELD]: redirectUrl } = await keeper.load();
  try {
    if (code === null) throw new Failure("refused", "The server let nobody in");
    if (typeof redirectUrl !== "string") throw nobody();
    await mcp.signIns.finish({ url: signIn.url, redirectUrl, keeper }, { code, issuer });
  } catch (error) {
    await settle("failed", error instanceof Failure ? error.message : "It failed");
    throw error;
  }
  await settle("authorized", null);
  const servers = (await store.reader(actor).mcp.list()).filter(({ url }) => url === signIn.url);
  for (const { id } of servers) mcp.forget(actor.organizationId, id);
  return ended(signIn, "authorized");
}

/** How far a sign-in has come. */
export async function signInState({ store }: SignInWorkshop, caller: Caller, url: string): Promise<McpSignIn> {
  const signIn = await store.reader(mayEverywhere(caller, "tools:write")).mcp.signInAt(url);
  return required(signIn, "The sign-in is not there any more");
}

function ended(signIn: McpSignIn, status: McpSignInStatus): McpSignIn {
  return { ...signIn, stateHash: null, status, error: null };
}
