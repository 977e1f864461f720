import { entryUrl } from "../entries.ts";
import type { Answer, Asked, Given, TaskName } from "./database-tasks.ts";

/** Has a thread of its own do long work on a database; throws what SQLite says, with its code. */
export async function workOn<Name extends TaskName>(name: Name, of: Asked<Name>): Promise<Given<Name>> {
  const thread = new Worker(entryUrl("copies/database-worker"));
  try {
    const answer = await new Promise<Answer<Name>>((resolve, reject) => {
      thread.onmessage = (event: MessageEvent<Answer<Name>>) => resolve(event.data);
      thread.onerror = (event) => reject(new Error(event.message));
      thread.postMessage({ name, of });
    });
    if ("given" in answer) return answer.given;
    throw Object.assign(new Error(answer.message), { code: answer.code });
  } finally {
    thread.terminate();
  }
}
