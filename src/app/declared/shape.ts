import { z } from "zod";

/** Things of one kind in a file. */
const THINGS_MAX = 1_000;
/** What another name may be said by: the variable of the environment that holds a secret. */
const REFERENCE = /^\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))$/;

const name = z.string().min(1).max(THINGS_MAX);
const named = <S extends z.ZodType>(shape: S) =>
  z
    .record(name, shape)
    .refine((things) => Object.keys(things).length <= THINGS_MAX, `has more than ${THINGS_MAX} entries`)
    .default({});
const packages = z.array(z.strictObject({ name: z.string(), version: z.string().nullish() })).optional();

const BlockFields = {
  value: z.string().default(""),
  limit: z.int().nonnegative().optional(),
  description: z.string().optional(),
  read_only: z.boolean().optional(),
};

const SharedBlock = z.strictObject({ label: z.string().min(1).optional(), ...BlockFields });
const OwnBlock = z.strictObject({ label: z.string().min(1), ...BlockFields });

const Tool = z
  .strictObject({
    source: z.string().optional(),
    source_code: z.string().optional(),
    source_type: z.enum(["python", "typescript"]).optional(),
    description: z.string().optional(),
    default_requires_approval: z.boolean().optional(),
    return_char_limit: z.int().positive().optional(),
    pip_requirements: packages,
    npm_requirements: packages,
  })
  .refine((tool) => (tool.source === undefined) !== (tool.source_code === undefined), {
    error: "needs either source (a file) or source_code",
  });

const FolderFile = z.union([z.string().min(1), z.strictObject({ name: z.string().min(1), content: z.string() })], {
  error: "must be the path of a file, or a name with its content",
});

const Folder = z.strictObject({
  description: z.string().optional(),
  instructions: z.string().optional(),
  files: z.array(FolderFile).max(THINGS_MAX).default([]),
});

const Schedule = z.strictObject({
  cron: z.string().min(1),
  message: z.string().min(1),
  timezone: z.string().optional(),
});

const Agent = z.strictObject({
  description: z.string().optional(),
  agent_type: z.string().optional(),
  model: z.string().optional(),
  embedding: z.string().optional(),
  system: z.string().optional(),
  system_file: z.string().optional(),
  context_window_limit: z.int().positive().optional(),
  timezone: z.string().optional(),
  hidden: z.boolean().optional(),
  enable_sleeptime: z.boolean().optional(),
  message_buffer_autoclear: z.boolean().optional(),
  max_files_open: z.int().nonnegative().optional(),
  per_file_view_window_char_limit: z.int().nonnegative().optional(),
  memory_settings: z.record(z.string(), z.json()).optional(),
  compaction_settings: z.record(z.string(), z.json()).optional(),
  metadata: z.record(z.string(), z.json()).optional(),
  tags: z.array(z.string()).max(THINGS_MAX).default([]),
  include_base_tools: z.boolean().optional(),
  blocks: z
    .array(z.union([z.string().min(1), OwnBlock], { error: "must be the name of a block, or a block with a label" }))
    .max(THINGS_MAX)
    .default([]),
  tools: z.array(z.string().min(1)).max(THINGS_MAX).default([]),
  folders: z.array(z.string().min(1)).max(THINGS_MAX).default([]),
  secrets: z
    .record(
      z.string(),
      z
        .string()
        .regex(REFERENCE, "must name a variable of the environment, such as $TOKEN: no secret stands in a file"),
    )
    .default({}),
  schedules: z.array(Schedule).max(THINGS_MAX).default([]),
});

/** A whole file. */
export const Declaration = z.strictObject({
  /** What the things of this file are marked by; the name of the file when absent. */
  name: z.string().min(1).max(100).optional(),
  blocks: named(SharedBlock),
  tools: named(Tool),
  folders: named(Folder),
  agents: named(Agent),
});

/** A whole file. */
export type Declaration = z.output<typeof Declaration>;
/** An agent of a file. */
export type DeclaredAgent = z.output<typeof Agent>;
/** A tool of a file. */
export type DeclaredTool = z.output<typeof Tool>;
/** A folder of a file. */
export type DeclaredFolder = z.output<typeof Folder>;
/** A block of a file, shared or an agent's own. */
export type DeclaredBlock = z.output<typeof SharedBlock>;

/** The keys that may stand at a place, by what stands on the way there; names of things are passed over. */
export const KEYS_AT: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(Declaration.shape),
  blocks: Object.keys(SharedBlock.shape),
  tools: [
    "source",
    "source_code",
    "source_type",
    "description",
    "default_requires_approval",
    "return_char_limit",
    "pip_requirements",
    "npm_requirements",
  ],
  folders: Object.keys(Folder.shape),
  agents: Object.keys(Agent.shape),
  "agents.blocks": Object.keys(OwnBlock.shape),
  "agents.schedules": Object.keys(Schedule.shape),
};

/** The variable that a reference names. */
export function variableOf(reference: string): string {
  const [, braced, plain] = REFERENCE.exec(reference) ?? [];
  return braced ?? plain ?? reference;
}
