import * as oauth from "oauth4webapi";
import type { Departure, Identified, IdentityProvider } from "../../access/identity-provider.ts";
import type { Clock, Instant } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { inWords } from "./answers.ts";
import { checkKeys, createDescriber, endpointOf, type OidcOptions } from "./described.ts";
import { identified } from "./identified.ts";

/** How long somebody may take to sign in at the provider. */
const AWAY_MS_MAX = 10 * 60_000;
/** How far a clock may have been set back meanwhile. */
const BACK_MS_MAX = 60_000;
/** Sign-ins that are checked at a time: each asks the provider up to three things. */
const ARRIVING_MAX = 16;
const ARRIVING_RETRY_MS = 5_000;
/** Sign-ins of which is remembered that they were used. Of those before them only the provider knows it. */
const USED_MAX = 10_000;
/** When it was made, in milliseconds of base 36, and 256 bits. */
const SECRET = /^([0-9a-z]{1,10})\.[\w-]{43}$/;

/** An {@link IdentityProvider} that can also be asked whether it is there. */
export interface OidcProvider extends IdentityProvider {
  /** Reads what the provider says of itself, and its keys; the Failure of a sign-in where that cannot be. */
  check(): Promise<void>;
}

/** The provider of these settings, by OpenID Connect's code flow with PKCE. It is asked nothing before somebody signs in. */
export function createOidcProvider(options: OidcOptions): OidcProvider {
  const { settings, clock } = options;
  const description = createDescriber(options);
  const describe = () => inWords(description);
  const isFirstUse = createUses(clock);
  let arriving = 0;

  async function leave(): Promise<Departure> {
    const described = await describe();
    const secret = `${Math.floor(clock.now()).toString(36)}.${oauth.generateRandomState()}`;
    const { state, nonce, verifier } = await derivedFrom(secret);
    const url = await inWords(async () => endpointOf(described, "authorization_endpoint"));
    const sent = {
      client_id: settings.clientId,
      redirect_uri: settings.redirectUrl,
      response_type: "code",
      scope: settings.scopes,
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(sent)) url.searchParams.set(name, value);
    return { url: url.href, secret };
  }

  async function arrive(secret: string | undefined, query: URLSearchParams): Promise<Identified> {
    const derived = isRecent(secret, clock.now()) ? await derivedFrom(secret) : undefined;
    if (derived === undefined || query.getAll("state").join() !== derived.state)
      throw new Failure("refused", "This sign-in did not begin in this browser, or began more than 10 minutes ago");
    if (arriving >= ARRIVING_MAX)
      throw new Failure("too_many", "Too many sign-ins at once; try again in a moment", {
        retryAfterMs: ARRIVING_RETRY_MS,
      });
    if (!isFirstUse(derived.state)) throw new Failure("refused", "This sign-in was used already");
    arriving++;
    try {
      const described = await describe();
      return await inWords(() => identified(described, { settings, query, ...derived }));
    } finally {
      arriving--;
    }
  }

  return {
    leave,
    arrive,
    async check() {
      const described = await describe();
      await inWords(() => checkKeys(described));
    },
  };
}

/**
 * What one sign-in sends: each a digest of the browser's secret, which none of them tells. The verifier goes only to the
 * provider, after the code.
 */
async function derivedFrom(secret: string) {
  const digest = (use: string) => oauth.calculatePKCECodeChallenge(`selkie ${use} ${secret}`);
  return { state: await digest("state"), nonce: await digest("nonce"), verifier: await digest("verifier") };
}

/** Whether it is a secret of a sign-in that may still be under way. */
function isRecent(secret: string | undefined, now: Instant): secret is string {
  const [, made = ""] = SECRET.exec(secret ?? "") ?? [];
  const age = now - Number.parseInt(made, 36);
  return age <= AWAY_MS_MAX && age >= -BACK_MS_MAX;
}

/** Tells whether a sign-in comes back for the first time. */
function createUses(clock: Clock): (state: string) => boolean {
  const used = new Map<string, number>();
  return (state) => {
    const now = clock.elapsedMs();
    for (const [oldest, usedAt] of used) {
      if (used.size < USED_MAX && now - usedAt <= AWAY_MS_MAX + BACK_MS_MAX) break;
      used.delete(oldest);
    }
    if (used.has(state)) return false;
    used.set(state, now);
    return true;
  };
}
