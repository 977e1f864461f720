import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** The part of `fetch` that the server uses. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Everything outside the process that code may touch. `app/main.ts` passes the real one, a simulator a seeded one. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly fetch: Fetch;
}
