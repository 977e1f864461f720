import { DOCUMENT_FAULTS } from "../servers/document-reader.ts";
import { HOOK_FAULTS } from "../servers/hook-server.ts";
import { MODEL_FAULTS } from "../servers/model-answer.ts";
import { TOOL_FAULTS } from "../servers/tool-server.ts";
import { CRASH_POINTS } from "../world/aim.ts";
import { CRASHES } from "./options.ts";

/** The disks that seeds run on: `fast` has SQLite itself, `power` loses its power at any write. */
export const LANES = ["fast", "power"] as const;

/** One of {@link LANES}. */
export type Lane = (typeof LANES)[number];

/** What happens in every lane. */
const EVERYWHERE: readonly string[] = [
  ...CRASHES.map((kind) => `crash ${kind}`),
  "crash flush failed",
  "clock set back",
  "clock set forward",
  "connection lost",
  "frame cut",
  "reader left",
  "stream continued",
  "message sent twice",
  "message of unknown fate",
  "compaction",
];

const KINDS: Readonly<Record<Lane, readonly string[]>> = {
  fast: [
    ...EVERYWHERE,
    ...MODEL_FAULTS.map((kind) => `model ${kind}`),
    "model too_long",
    ...TOOL_FAULTS.map((kind) => `tool ${kind}`),
    ...DOCUMENT_FAULTS.map((kind) => `document ${kind}`),
    ...HOOK_FAULTS.map((kind) => `callback ${kind}`),
    ...CRASH_POINTS.map((point) => `crash ${point}`),
    ...["before commit", "after commit", "after flush", "between statements"].map((moment) => `crash ${moment}`),
    ...["in start", "in recovery", "loop", "pause"].map((moment) => `crash ${moment}`),
    ...["start", "statement", "commit"].map((work) => `disk full in ${work}`),
    ...["start", "read", "statement", "commit"].map((work) => `disk unreadable in ${work}`),
    "folder copied",
    "paused process woke",
    "replaced process refused",
  ],
  power: [
    ...EVERYWHERE,
    ...["start", "commit", "checkpoint", "stop"].map((work) => `crash power in ${work}`),
    "checkpoint",
    "disk full in commit",
    "disk full in checkpoint",
    "write failed in commit",
    "write failed in checkpoint",
    "sync failed in checkpoint",
    ...["start", "statement", "checkpoint"].map((work) => `disk unreadable in ${work}`),
  ],
};

/** The kinds of faults and the moments of crashes that never came up: what is said to be tested, and is not. */
export function missingKinds(lane: Lane, applied: ReadonlyMap<string, number>): readonly string[] {
  return KINDS[lane].filter((kind) => (applied.get(kind) ?? 0) === 0);
}
