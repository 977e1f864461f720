import { assert } from "../../core/assert.ts";
import type { Clock } from "../../core/clock.ts";
import type { ApiEnv } from "./env.ts";
import { type OpenStream, openStreamOf } from "./event-stream.ts";

/** How often it is looked whether the callers of open streams may still see them, where nothing tells of a change. */
const LOOK_EVERY_MS = 2_000;

/** Whoever began a stream, and whether they may still see it. */
export type Follower = Pick<ApiEnv["Variables"], "caller" | "stillMay">;

/** What the streams that are open are watched with. */
export interface OpenStreamsOptions {
  readonly clock: Clock;
  /** Calls back whenever somebody's access has changed. */
  readonly listen: (listener: () => void) => void;
  readonly log: (message: string, error: unknown) => void;
}

/** Every stream that is open, by whoever began it: it ends soon after they may not see it any more. */
export interface OpenStreams {
  /** Watches an answer that is a stream, until it is over. */
  watch(follower: Follower, response: Response): void;
}

/** No stream is open yet. */
export function createOpenStreams({ clock, listen, log }: OpenStreamsOptions): OpenStreams {
  const open = new Map<OpenStream, Follower>();
  let isLooking = false;

  async function look(isMeant: (follower: Follower) => boolean): Promise<void> {
    for (const [stream, follower] of open) {
      // Who cannot be looked up is not thrown out: the next look is soon.
      if (isMeant(follower) && (await follower.stillMay().catch(told)) === false) stream.end();
    }
  }

  function told(error: unknown): undefined {
    log("Whose streams may go on could not be looked up", error);
  }

  /** What ends with time alone, as keys and sessions do, nothing tells of. */
  async function lookAgainAndAgain(): Promise<void> {
    while ([...open.values()].some(canExpire)) {
      await clock.sleep(LOOK_EVERY_MS);
      await look(canExpire);
    }
    isLooking = false;
  }

  listen(() => void look(() => true));
  return {
    watch(follower, response) {
      const stream = openStreamOf(response);
      assert(stream !== undefined, "every stream of events can be ended");
      open.set(stream, follower);
      void stream.isOver.then(() => open.delete(stream));
      if (isLooking || !canExpire(follower)) return;
      isLooking = true;
      void lookAgainAndAgain();
    },
  };
}

function canExpire({ caller: { proof } }: Follower): boolean {
  return ["key", "session", "lent"].includes(proof.kind);
}
