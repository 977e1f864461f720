import CALL from "./call.py" with { type: "text" };
import WORKER from "./worker.py" with { type: "text" };

/** How a call is made in Python, for whatever runs there. */
export const CALL_PROGRAM = CALL;

/** What runs in the system's Python, inside a jail. */
export const WORKER_PROGRAM = `${CALL}\n\n${WORKER}`;
