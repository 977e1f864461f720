import { closeSync, openSync, readFileSync } from "node:fs";
import type { ConnectionBindings } from "../api/env.ts";
import { createBodyThread } from "./body-thread.ts";

/** How long an idle connection is kept, seconds. Streams send a sign of life more often. */
export const IDLE_SECONDS = 60;
/** How long a body may take to arrive, seconds; the runtime begins it anew with each megabyte that came. */
const BODY_SECONDS = 30;
/** Bodies that may be on their way at once; one more, and the oldest is given up. */
const ARRIVING_MAX = 1_000;
/** How often the descriptors are looked at. */
const LOOK_MS = 250;
/** The part of the process's descriptors that connections may use up before idle ones are closed. */
const CROWDED_PART = 3 / 4;
/** The part that bodies on their way may use up. */
const ARRIVING_PART = 1 / 4;
/** Descriptors to reckon with where the system does not tell. */
const DESCRIPTORS_DEFAULT = 10_240;

/** How the API answers whom it does not let in. */
const STRANGERS: ReadonlySet<number> = new Set([401, 403]);

type Http = Pick<Bun.Server<unknown>, "timeout" | "closeIdleConnections">;
type Answer = (request: Request, connection: ConnectionBindings) => Response | Promise<Response>;

/** What stands between the sockets and the API. */
export interface Intake {
  readonly take: (request: Request, http: Http) => Response | Promise<Response>;
  /** Closes connections that nobody needs, whenever the process runs short of descriptors. Returns what ends it. */
  readonly watch: (http: Http) => () => void;
}

/**
 * Bounds what clients hold open. A request has a time limit until its body is here; only then, and with the right key,
 * may it take as long as the agent works, which the run's own limits bound. Who is slow gives way to who comes later.
 */
export function createIntake(answer: Answer): Intake {
  const thread = createBodyThread();
  const descriptorsMax = readDescriptorsMax();
  const arrivingMax = Math.min(ARRIVING_MAX, Math.floor(descriptorsMax * ARRIVING_PART));
  /** Oldest first: how to give each up. */
  const arriving = new Map<Request, () => void>();

  function giveUpOldest(): void {
    for (const [request, giveUp] of arriving) {
      arriving.delete(request);
      giveUp();
      return;
    }
  }

  async function takeWithBody(request: Request, http: Http, giveUp: () => void): Promise<Response> {
    http.timeout(request, BODY_SECONDS);
    arriving.set(request, giveUp);
    if (arriving.size > arrivingMax) giveUpOldest();
    let isHere = false;
    try {
      const response = await answer(request, {
        parseApart: thread.parse,
        bodyIsHere() {
          isHere = true;
          arriving.delete(request);
          http.timeout(request, 0);
        },
      });
      http.timeout(request, IDLE_SECONDS);
      // Strangers need not be listened to any longer; others get to read why, once they have sent it all.
      if (!isHere && STRANGERS.has(response.status)) response.headers.set("connection", "close");
      return response;
    } finally {
      arriving.delete(request);
    }
  }

  return {
    take(request, http) {
      if (request.method === "GET" || request.method === "HEAD") return answer(request, {});
      return new Promise((resolve, reject) => {
        takeWithBody(request, http, () => resolve(givenUp())).then(resolve, reject);
      });
    },
    watch(http) {
      const timer = setInterval(() => {
        if (lowestFreeDescriptor() > descriptorsMax * CROWDED_PART) http.closeIdleConnections();
      }, LOOK_MS);
      timer.unref();
      return () => {
        clearInterval(timer);
        thread.stop();
      };
    },
  };
}

function givenUp(): Response {
  return Response.json(
    { detail: "The body of this request took too long while others were waiting; send it again" },
    { status: 408, headers: { connection: "close" } },
  );
}

/** The system gives out the lowest free one, so all below are in use; infinite when there is none. */
function lowestFreeDescriptor(): number {
  try {
    const descriptor = openSync("/dev/null", "r");
    closeSync(descriptor);
    return descriptor;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function readDescriptorsMax(): number {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? DESCRIPTORS_DEFAULT : Number(soft);
  } catch {
    return DESCRIPTORS_DEFAULT;
  }
}
