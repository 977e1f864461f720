// Hot: events are stored while a model speaks, and read by everybody who follows. That takes 1 and 8 µs, and 9 and 19 µs
// where it is built (Bun 1.4.5).
import type { NumberedEvent, RunEventStore, RunEvents, StoredEvent } from "../../agent/ports/run-events.ts";
import { assert } from "../../core/assert.ts";
import type { TypedConnection } from "../base/driver.ts";
import { placeholders } from "../base/placeholders.ts";
import type { Session } from "../base/session.ts";

/**
 * Events are first stored in the order they come, where the tokens of a hundred runs fill a few pages, and moved to
 * where each run has its own, which would be a page for each, when there are this many.
 */
export const ARRIVALS_MAX = 2_000;
/** Or when they are this long together. */
const ARRIVED_CHARS_MAX = 1_000_000;
/** Events of a run that share a row once they are moved, at most. */
const ROW_EVENTS_MAX = 64;
/** Rows of moved events read at once. */
const ROWS_PER_READ = 16;
/** Between the events of a row. JSON writes this character as an escape, so no event holds it. */
const SEPARATOR = "\u001e";

/** A run, a number, the frames before it and an event. */
const ARRIVAL_COLUMNS = 4;
/** Statements that store so many events at once, the largest first. */
const ARRIVE = [32, 8, 4, 2, 1].map((events) => ({ sql: arriveSql(events), values: events * ARRIVAL_COLUMNS }));

/** An event that was moved begins with the frames before it. Those of older servers, a frame each, have no such number. */
const MOVED_DATA = "coalesce(cast(arrived.frames_before as text), '') || arrived.data";

// Older servers left those of deleted runs.
const MOVE = `insert into run_events (run_id, seq_id, frames_before, data)
  select arrived.run_id, min(arrived.seq_id), min(arrived.frames_before),
    string_agg(${MOVED_DATA}, $1 order by arrived.seq_id)
  from run_event_arrivals as arrived join runs on runs.id = arrived.run_id
  group by arrived.run_id, arrived.seq_id / ${ROW_EVENTS_MAX}`;

/** From the first row that arrived to the last: about how many there are, without a look at each. */
const WAITING = `select (select max(number) from run_event_arrivals) - (select min(number) from run_event_arrivals) + 1 as events`;

const FORGET =
  "delete from run_event_arrivals where not exists (select 1 from runs where runs.id = run_event_arrivals.run_id)";
/** Runs are looked up so many at a time, or one alone. */
const RUNS_PER_LOOK = 32;

/** A run of another organisation gives no rows. */
const isOurs = (organization: string) =>
  `exists (select 1 from runs where id = $1 and organization_id = ${organization})`;

const LAST = `select * from (select seq_id, frames_before, data from run_event_arrivals where run_id = $1
    and ${isOurs("$2")} order by seq_id desc limit 1) as arrived
  union all
  select * from (select seq_id, cast(null as integer) as frames_before, data from run_events where run_id = $1
    and ${isOurs("$2")} order by seq_id desc limit 1) as moved`;

// One statement, because events may be moved between two. A first row that has no number of frames may hold all events of
// its run, or one that was asked for no more.
const AFTER = `select * from (select seq_id, cast(null as integer) as frames_before, data from run_events where run_id = $1
    and seq_id >= coalesce((select max(seq_id) from run_events where run_id = $1 and seq_id <= $2 + 1), 0)
    and ${isOurs("$3")}
    order by seq_id limit ${ROWS_PER_READ}) as moved
  union all
  select * from (select seq_id, frames_before, data from run_event_arrivals where run_id = $1
    and (seq_id > $2 or seq_id = 1 and frames_before is null)
    and ${isOurs("$3")}
    order by seq_id limit $4 + 1) as arrived
  order by seq_id`;

const IS_NEAR = `run_id = $1 and coalesce(frames_before, seq_id - 1) <= $2 and ${isOurs("$3")}
    order by seq_id desc limit 1`;
const NEAR_FRAME = `select max(seq_id) as near from (
    select * from (select seq_id from run_events where ${IS_NEAR}) as moved
    union all
    select * from (select seq_id from run_event_arrivals where ${IS_NEAR}) as arrived
  ) as both_places`;

/** {@link RunEventStore} over SQL. */
export function sqlRunEventStore(session: Session): RunEventStore {
  const { sql, organizationId, arrivals } = session;
  async function move(): Promise<void> {
    await sql.execute(MOVE, [SEPARATOR]);
    await sql.execute("delete from run_event_arrivals", []);
    arrivals.waiting = undefined;
  }

  return {
    async last(runId) {
      const { rows } = await sql.execute(LAST, [runId, organizationId]);
      return rows
        .flatMap(eventsIn)
        .reduce<NumberedEvent | undefined>(
          (last, event) => (last === undefined || event.seqId > last.seqId ? event : last),
          undefined,
        );
    },

    async append(appended, areThere = false) {
      const wanted = areThere ? appended : await ofPresentRuns(session, appended);
      arrivals.waiting ??= await countWaiting(sql);
      const { waiting } = arrivals;
      for (const whole of wanted.filter(isWhole)) await insertWhole(sql, whole);
      const parts = wanted.filter((events) => !isWhole(events));
      await insertArrivals(sql, valuesOf(parts));
      for (const { events } of wanted) {
        waiting.events += events.length;
        for (const { data } of events) waiting.chars += data.length;
      }
      if (waiting.events >= arrivals.eventsMax || waiting.chars >= ARRIVED_CHARS_MAX) await move();
    },

    async after(runId, seqId, limit) {
      const { rows } = await sql.execute(AFTER, [runId, seqId, organizationId, limit]);
      const found: NumberedEvent[] = [];
      let next = seqId + 1;
      for (const row of rows) {
        const first = Number(row["seq_id"]);
        // What lies between the moved events that were read and those that arrived was not read; it is next time.
        if (first > next && found.length > 0) break;
        next = Math.max(next, first);
        found.push(...eventsIn(row).slice(next - first));
        next = (found.at(-1)?.seqId ?? seqId) + 1;
      }
      return found.slice(0, limit);
    },

    async nearFrame(runId, frames) {
      const { rows } = await sql.execute(NEAR_FRAME, [runId, frames, organizationId]);
      return Number(rows[0]?.["near"] ?? 1);
    },
  };
}

/** What waits to be moved without this process knowing of it. */
async function countWaiting(sql: TypedConnection) {
  const { rows } = await sql.execute(WAITING, []);
  return { events: Number(rows[0]?.["events"] ?? 0), chars: 0 };
}

/** Removes the newest events of runs that are gone: the older ones go with their run. */
export async function forgetArrivals({ sql }: Session): Promise<void> {
  await sql.execute(FORGET, []);
}

/** Of a run that was deleted while it was at work, or whose conversation was, nothing is stored any more. */
async function ofPresentRuns(
  { sql, organizationId }: Session,
  appended: readonly RunEvents[],
): Promise<readonly RunEvents[]> {
  const present = new Set<unknown>();
  const step = appended.length === 1 ? 1 : RUNS_PER_LOOK;
  const look = `select id from runs where id in (${placeholders(1, step)}) and organization_id = $${step + 1} and (conversation_id is null
    or exists (select 1 from conversations where conversations.id = runs.conversation_id))`;
  for (let at = 0; at < appended.length; at += step) {
    const ids = Array.from({ length: step }, (_, index) => appended[Math.min(at + index, appended.length - 1)]?.runId);
    for (const row of (await sql.execute(look, [...ids, organizationId])).rows) present.add(row["id"]);
  }
  return appended.filter(({ runId }) => present.has(runId));
}

/** The events of a row: of one that arrived one, with the frames before it in a column; of a moved one some, each with its own. */
function eventsIn(row: Readonly<Record<string, unknown>>): readonly NumberedEvent[] {
  const first = Number(row["seq_id"]);
  const before = row["frames_before"];
  if (before != null) return [{ seqId: first, framesBefore: Number(before), data: String(row["data"]) }];
  return String(row["data"])
    .split(SEPARATOR)
    .map((text, index) => {
      const at = text.search(NOT_A_DIGIT);
      const framesBefore = at <= 0 ? first + index - 1 : Number(text.slice(0, at));
      return { seqId: first + index, framesBefore, data: text.slice(Math.max(0, at)) };
    });
}

const NOT_A_DIGIT = /\D/;

/** Whether these are all events of their run, and fit one row. */
function isWhole({ firstSeqId, events, hasEnd = false }: RunEvents): boolean {
  return hasEnd && firstSeqId === 1 && events.length <= ROW_EVENTS_MAX;
}

/** A row with several events, as those are that were moved; it has no number of frames. */
async function insertWhole(sql: TypedConnection, { runId, firstSeqId, events }: RunEvents): Promise<void> {
  const data = events.map((event) => `${event.framesBefore}${fitting(event)}`).join(SEPARATOR);
  await insertArrivals(sql, [runId, firstSeqId, null, data]);
}

function fitting({ data }: StoredEvent): string {
  assert(!data.includes(SEPARATOR), "an event has no separator in it");
  return data;
}

/** Run, number, frames and event, one after the other. */
function valuesOf(appended: readonly RunEvents[]): readonly (string | number)[] {
  const values: (string | number)[] = [];
  for (const { runId, firstSeqId, events } of appended) {
    for (const [index, event] of events.entries())
      values.push(runId, firstSeqId + index, event.framesBefore, fitting(event));
  }
  return values;
}

async function insertArrivals(sql: TypedConnection, values: readonly (string | number | null)[]): Promise<void> {
  let done = 0;
  for (const statement of ARRIVE) {
    for (; values.length - done >= statement.values; done += statement.values)
      await sql.execute(statement.sql, values.slice(done, done + statement.values));
  }
}

function arriveSql(events: number): string {
  const rows = Array.from({ length: events }, (_, index) => {
    const values = Array.from({ length: ARRIVAL_COLUMNS }, (_, column) => `$${index * ARRIVAL_COLUMNS + column + 1}`);
    return `(${values.join(", ")})`;
  });
  return `insert into run_event_arrivals (run_id, seq_id, frames_before, data) values ${rows.join(", ")}`;
}
