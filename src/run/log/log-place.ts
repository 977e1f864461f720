import type { RunEvent } from "../../agent/events.ts";
import type { Message } from "../../agent/message.ts";
import type { Readers, Repositories } from "../../agent/ports/ports.ts";
import type { Run } from "../../agent/run.ts";
import { usageOf } from "../../agent/usage.ts";
import type { RunId } from "../../core/id.ts";
import { errorOf, producedOf, RESUMED, stepsOf } from "../step/run-rows.ts";
import {
  type CountFrames,
  fromStored,
  LOG_START,
  type LoggedEvent,
  type LogPlace,
  numberedAll,
  toStored,
} from "./stored-event.ts";

/** Events read at once. */
const EVENTS_PER_READ = 200;
/** Pieces that one message can be shown as, at most: what a message that is gone is taken for. */
const PIECES_MAX = 128;

/**
 * Where the log of a run goes on; undefined when it has none yet: nobody watched it, and it was cut off before its first
 * commit, or an older version began it.
 */
export async function placeAfterLast(
  repositories: Readers,
  run: Run,
  frames: CountFrames,
): Promise<LogPlace | undefined> {
  const row = await repositories.events.last(run.id);
  if (row === undefined) return undefined;
  const [last] = await fromStored(repositories, [row]);
  return { seqId: row.seqId + 1, framesBefore: row.framesBefore + framesOf(last?.event, frames) };
}

/**
 * The frames that an event was. Of a message that is gone nobody can tell: it is taken for as many as there can have
 * been, for a number may be left out but never given twice.
 */
function framesOf(event: LoggedEvent["event"] | undefined, frames: CountFrames): number {
  if (event === undefined || event.kind === "forgotten") return PIECES_MAX;
  return event.kind === "frame" ? 1 : frames(event);
}

/** As {@link placeAfterLast}; tells what came before, where nothing was told yet. Only inside a transaction. */
export async function placeToGoOn(repositories: Repositories, run: Run, frames: CountFrames): Promise<LogPlace> {
  const place = await placeAfterLast(repositories, run, frames);
  if (place !== undefined) return place;
  const [told, next] = numberedAll(toldBy(run, await saidIn(repositories, run)), LOG_START, frames);
  await repositories.events.append([{ runId: run.id, firstSeqId: LOG_START.seqId, events: told.map(toStored) }]);
  return next;
}

/** Everything that is stored of a run that has ended; made from its rows where no log was kept. */
export async function storedLog(repositories: Readers, runId: RunId): Promise<readonly LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  for (;;) {
    const rows = await repositories.events.after(runId, events.at(-1)?.seqId ?? 0, EVENTS_PER_READ);
    if (rows.length === 0) break;
    events.push(...(await fromStored(repositories, rows)));
  }
  const run = events.length > 0 ? undefined : await repositories.runs.find(runId);
  return run === undefined ? events : wholeLog(repositories, run, () => 0);
}

/** The whole log of a run that has ended without one. Of a conversation that is deleted nothing is told. */
export async function wholeLog(repositories: Readers, run: Run, frames: CountFrames): Promise<readonly LoggedEvent[]> {
  const { conversationId } = run;
  if (conversationId !== null && (await repositories.conversations.find(conversationId)) === undefined) return [];
  const ended: RunEvent = {
    kind: "ended",
    stopReason: run.stopReason ?? "error",
    usage: usageOf(await stepsOf(repositories, run.id)),
    error: errorOf(run),
    at: run.completedAt ?? run.createdAt,
  };
  return numberedAll([...toldBy(run, await saidIn(repositories, run)), ended], LOG_START, frames)[0];
}

async function saidIn({ messages }: Readers, run: Run): Promise<readonly Message[]> {
  return producedOf(await messages.list({ runId: run.id }, RESUMED));
}

/** What can still be told of a run that kept no log: its start and what it said, but no deltas, steps or tools. */
function toldBy({ id, createdAt }: Run, said: readonly Message[]): readonly RunEvent[] {
  return [
    { kind: "started", runId: id, at: createdAt },
    ...said.map(
      (message): RunEvent =>
        message.role === "summary"
          ? { kind: "compacted", summary: message, at: message.createdAt }
          : { kind: "message", message, wasStreamed: false, at: message.createdAt },
    ),
  ];
}
