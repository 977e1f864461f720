import { closeSync, openSync, readFileSync } from "node:fs";
import type { ConnectionBindings } from "../../api/http/env.ts";
import { createBodyThread } from "./body-thread.ts";
import { type Sockets, systemSockets } from "./sockets.ts";
import { createTurns } from "./turns.ts";

/** How long an idle connection is kept, seconds. Streams send a sign of life more often. */
export const IDLE_SECONDS = 60;
/** How long a body may take to arrive, seconds; the runtime begins it anew with each megabyte that came. */
const BODY_SECONDS = 30;
/** Bodies that may be on their way at once; one more, and the oldest is given up. */
const ARRIVING_MAX = 1_000;
/** How often the descriptors are looked at. */
const LOOK_MS = 250;
/** Connections that may wait until they are taken, as far as the system lets them; the runtime has 512. */
const WAITING_MAX = 4_096;
/** The part of the process's descriptors that connections may use up before idle ones are closed. */
const CROWDED_PART = 3 / 4;
/** The part that bodies on their way may use up. */
const ARRIVING_PART = 1 / 4;
/** Descriptors to reckon with where the system does not tell. */
const DESCRIPTORS_DEFAULT = 10_240;

/** How the API answers whom it does not let in. */
const STRANGERS: ReadonlySet<number> = new Set([401, 403]);

/** Requests to remember before those that were answered are forgotten. */
const REMEMBERED_MIN = 256;

type Http = Pick<Bun.Server<unknown>, "timeout" | "closeIdleConnections" | "requestIP" | "port">;
type Answer = (request: Request, connection: ConnectionBindings) => Response | Promise<Response>;

/** What stands between the sockets and the API. */
export interface Intake {
  readonly take: (request: Request, http: Http) => Response | Promise<Response>;
  /** Closes connections that nobody needs, whenever the process runs short of descriptors. Returns what ends it. */
  readonly watch: (http: Http) => () => void;
}

/**
 * Bounds what clients hold open. A request has a time limit until its body is here; only then, and with the right key,
 * may it take as long as the agent works, which the run's own limits bound. Who is slow gives way to who comes later,
 * and of those who have not even said what they want the runtime tells nothing: the system is asked.
 */
export function createIntake(answer: Answer): Intake {
  const thread = createBodyThread();
  const descriptorsMax = readDescriptorsMax();
  const arrivingMax = Math.min(ARRIVING_MAX, Math.floor(descriptorsMax * ARRIVING_PART));
  /** Oldest first: how to give each up. */
  const arriving = new Map<Request, () => void>();
  const open = createOpenRequests();
  const turns = createTurns();

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
        ...addressed(request, http),
        async parseApart(bytes) {
          const body = await thread.parse(bytes);
          turns.begin();
          return body;
        },
        giveWay: turns.ifDue,
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
      open.add(request, http);
      if (request.method === "GET" || request.method === "HEAD") return answer(request, addressed(request, http));
      return new Promise((resolve, reject) => {
        takeWithBody(request, http, () => resolve(givenUp())).then(resolve, reject);
      });
    },
    watch(http) {
      const sockets = systemSockets();
      for (let descriptor = 0; descriptor < lowestFreeDescriptor(); descriptor++)
        sockets?.lengthenQueue(descriptor, http.port ?? 0, WAITING_MAX);
      const shed = createShedding(sockets);
      const timer = setInterval(() => {
        const descriptor = Math.min(lowestFreeDescriptor(), descriptorsMax);
        if (descriptor <= descriptorsMax * CROWDED_PART) return;
        http.closeIdleConnections();
        shed(descriptor, http.port ?? 0, open.ports(http));
      }, LOOK_MS);
      timer.unref();
      return () => {
        clearInterval(timer);
        thread.stop();
      };
    },
  };
}

/** Requests that have come and are not answered to their end: a stream is one of them while it lasts. */
function createOpenRequests() {
  const requests = new Set<Request>();
  let rememberedMax = REMEMBERED_MIN;

  /** The runtime knows an address as long as it has something to say there. */
  function forgetAnswered(http: Http): void {
    for (const request of requests) if (http.requestIP(request) === null) requests.delete(request);
    rememberedMax = Math.max(REMEMBERED_MIN, requests.size * 2);
  }

  return {
    add(request: Request, http: Http) {
      requests.add(request);
      if (requests.size > rememberedMax) forgetAnswered(http);
    },
    /** The ports that they came from. */
    ports(http: Http): ReadonlySet<number> {
      forgetAnswered(http);
      return new Set([...requests].flatMap((request) => http.requestIP(request)?.port ?? []));
    },
  };
}

/**
 * Ends connections on which there is no request, not even a part of its body, at two looks: those that have not sent
 * their headers in between. Ports alone are compared: that of a request elsewhere only spares one that could go.
 */
function createShedding(
  sockets: Sockets | undefined,
): (descriptorsEnd: number, ownPort: number, busyPorts: ReadonlySet<number>) => void {
  let seen = new Map<number, number>();
  return (descriptorsEnd, ownPort, busyPorts) => {
    const found = new Map<number, number>();
    for (let descriptor = 0; descriptor < descriptorsEnd; descriptor++) {
      const port = sockets?.peerPort(descriptor, ownPort);
      if (port === undefined || busyPorts.has(port)) continue;
      if (seen.get(descriptor) === port) sockets?.end(descriptor);
      else found.set(descriptor, port);
    }
    seen = found;
  };
}

/** Asked for where it matters alone, as that takes its time. */
function addressed(request: Request, http: Http): Pick<ConnectionBindings, "address"> {
  return { address: () => http.requestIP(request)?.address ?? null };
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

/** How many files and sockets this process may open, as Linux tells it; elsewhere what is usual. */
function readDescriptorsMax(): number {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? DESCRIPTORS_DEFAULT : Number(soft);
  } catch {
    return DESCRIPTORS_DEFAULT;
  }
}
