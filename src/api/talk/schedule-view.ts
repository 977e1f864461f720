import { z } from "zod";
import type { InputMessage } from "../../agent/new-message.ts";
import type { Schedule } from "../../agent/schedules/schedule.ts";
import type { Json } from "../../core/json.ts";
import { answer, json, list, time } from "../wire/answers/answer.ts";
import { lettaOptionsOf } from "../wire/letta-face.ts";
import { isoTime, isoTimeOrNull } from "../wire/time.ts";

const WireInput = answer("ScheduledInput", {
  role: z.enum(["user", "system", "assistant"]),
  content: json,
  name: z.string().exactOptional(),
  otid: z.string().exactOptional(),
  sender_id: z.string().exactOptional(),
});

/** What {@link toWireSchedule} shows. */
export const WireSchedule = answer("Schedule", {
  id: z.string(),
  agent_id: z.string(),
  message: z.strictObject({
    include_return_message_types: list(z.string()).exactOptional(),
    callback_url: z.string().exactOptional(),
    messages: list(WireInput),
    max_steps: z.number(),
  }),
  schedule: json,
  next_scheduled_time: time.nullable(),
  last_scheduled_time: time.nullable(),
  last_run_id: z.string().nullable(),
  missed_count: z.number(),
  last_missed_at: time.nullable(),
  stopped: z.string().nullable(),
  created_by_id: z.string(),
  created_at: time,
});

/** A scheduled message as clients see it: Letta's fields, and behind them what became of it so far. */
export function toWireSchedule(schedule: Schedule): z.output<typeof WireSchedule> {
  const { id, agentId, options, callbackUrl } = schedule;
  const { includeReturnMessageTypes } = lettaOptionsOf(options.face);
  return {
    id,
    agent_id: agentId,
    message: {
      messages: schedule.input.messages.map(toWireInput),
      max_steps: options.maxSteps,
      ...(callbackUrl === null ? {} : { callback_url: callbackUrl }),
      ...(includeReturnMessageTypes === null ? {} : { include_return_message_types: includeReturnMessageTypes }),
    },
    schedule: {
      ...(schedule.cron === null
        ? { type: "one-time", scheduled_at: schedule.scheduledAt }
        : { type: "recurring", cron_expression: schedule.cron }),
      timezone: schedule.timezone,
      missed: schedule.missedPolicy,
      grace_seconds: schedule.graceSeconds,
    },
    next_scheduled_time: isoTimeOrNull(schedule.nextDueAt),
    last_scheduled_time: isoTimeOrNull(schedule.lastDueAt),
    last_run_id: schedule.lastRunId,
    missed_count: schedule.missedCount,
    last_missed_at: isoTimeOrNull(schedule.lastMissedAt),
    stopped: schedule.stoppedWhy,
    created_by_id: schedule.createdById,
    created_at: isoTime(schedule.createdAt),
  };
}

function toWireInput({ role, parts, name, otid, senderId }: InputMessage): z.output<typeof WireInput> {
  return {
    role,
    content: toWireContent(parts),
    ...(name === null ? {} : { name }),
    ...(otid === null ? {} : { otid }),
    ...(senderId === null ? {} : { sender_id: senderId }),
  };
}

function toWireContent(parts: InputMessage["parts"]): Json {
  const [first] = parts;
  if (parts.length === 1 && first?.type === "text") return first.text;
  return parts.map((part) =>
    part.type === "text"
      ? { type: "text", text: part.text }
      : { type: "image", source: { type: "base64", media_type: part.mediaType, data: part.data } },
  );
}
