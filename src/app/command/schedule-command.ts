import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { ask, connect } from "../terminal/connection.ts";
import { limitOf, writeListing } from "../terminal/list-command.ts";
import { type Listing, requireAgent } from "../terminal/listings.ts";
import type { Settings } from "./settings.ts";

/** What each action takes: an agent alone, or something of it. */
const ACTIONS: Readonly<Record<string, number>> = { list: 1, add: 2, remove: 2 };
/** The longest list that the server gives. */
const LISTED_MAX = 100;

const ScheduleShape = z.object({
  id: z.string(),
  message: z.object({ messages: z.array(z.object({ content: z.unknown() })) }),
  schedule: z.object({ cron_expression: z.string().optional(), timezone: z.string() }),
  next_scheduled_time: z.string().nullable(),
});
const ListShape = z.object({ scheduled_messages: z.array(ScheduleShape), has_next_page: z.boolean() });
const MadeShape = z.object({ id: z.string(), next_scheduled_at: z.string().nullable() });

type Connection = Awaited<ReturnType<typeof connect>>;

/** What the command line says. */
export interface ScheduleAsk {
  /** What is to be done, at which agent, and with what. */
  readonly names: readonly string[];
  readonly cron: string | undefined;
  readonly at: string | undefined;
  readonly timezone: string | undefined;
  readonly asJson: boolean;
  readonly limit: string | undefined;
}

/** `selkie schedule`. */
export async function scheduleCommand(settings: Settings, given: ScheduleAsk): Promise<number> {
  const [action = "", agent = "", subject = ""] = given.names;
  if (ACTIONS[action] !== given.names.length - 1)
    throw new Failure(
      "refused",
      `'selkie schedule' takes list AGENT, add AGENT "MESSAGE" (--at TIME | --cron EXPRESSION) or remove AGENT ID`,
    );
  const when = action === "add" ? whenOf(given) : {};
  const limit = Math.min(limitOf(given.limit), LISTED_MAX);
  const connection = await connect(settings, { recovers: false });
  try {
    const path = `/v1/agents/${(await requireAgent(connection, agent)).id}/schedule`;
    await writeListing(connection, await carriedOut(connection, { action, path, subject, when, limit }), given.asJson);
    return 0;
  } finally {
    await connection.close();
  }
}

/** When something is due, as the API wants it. */
function whenOf({ cron, at, timezone }: ScheduleAsk): object {
  if ((cron === undefined) === (at === undefined))
    throw new Failure("refused", "'selkie schedule add' needs --at or --cron, and one of them alone");
  if (cron !== undefined)
    return { type: "recurring", cron_expression: cron, ...(timezone === undefined ? {} : { timezone }) };
  if (timezone !== undefined)
    throw new Failure("refused", "--timezone goes with --cron; --at says its own: 2026-12-03T09:00+01:00");
  const scheduledAt = Date.parse(at ?? "");
  if (Number.isNaN(scheduledAt))
    throw new Failure("refused", `--at must be a time such as 2026-12-03T09:00+01:00, got '${at}'`);
  return { type: "one-time", scheduled_at: scheduledAt };
}

interface Wanted {
  readonly action: string;
  readonly path: string;
  /** The message, or the id. */
  readonly subject: string;
  readonly when: object;
  readonly limit: number;
}

async function carriedOut(connection: Connection, { action, path, subject, when, limit }: Wanted): Promise<Listing> {
  if (action === "add") {
    const body = { messages: [{ role: "user", content: subject }], schedule: when };
    const made = await ask(connection, { path, shape: MadeShape, method: "POST", body });
    return { rows: [[made.id, timeOf(made.next_scheduled_at)]], json: made };
  }
  if (action === "remove") {
    const shape = z.object({ success: z.boolean() });
    const gone = await ask(connection, { path: `${path}/${encodeURIComponent(subject)}`, shape, method: "DELETE" });
    return { rows: [], remark: `${subject} is deleted`, json: gone };
  }
  const found = await ask(connection, { path: `${path}?limit=${limit}`, shape: ListShape });
  const empty = "Nothing is scheduled. 'selkie schedule add' does it.";
  const remark = found.scheduled_messages.length === 0 ? empty : found.has_next_page ? "There are more." : undefined;
  return {
    rows: found.scheduled_messages.map(rowOf),
    json: found.scheduled_messages,
    ...(remark === undefined ? {} : { remark }),
  };
}

function rowOf({ id, message, schedule, next_scheduled_time }: z.infer<typeof ScheduleShape>): readonly string[] {
  const { cron_expression: cron, timezone } = schedule;
  const [first] = message.messages;
  const text = typeof first?.content === "string" ? first.content : "";
  return [timeOf(next_scheduled_time), cron === undefined ? "once" : `${cron} (${timezone})`, text, id];
}

function timeOf(time: string | null): string {
  return time === null ? "not any more" : time.replace(/:00(?:\.\d+)?Z$/, "Z");
}
