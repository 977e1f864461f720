import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { wellFormed } from "../../core/text.ts";
import { insertText, relabel, replaceOnce } from "../../umi/core/block-edit.ts";
import { type CoreMemory, labelTaken } from "../../umi/core/core-blocks.ts";
import { type BuiltinTool, defineTool, objectSchema, type ToolContext } from "../builtin.ts";
import { relabelled } from "./agent-block.ts";
import { optionalText, wholeNumber } from "./arguments.ts";

const PREFIX = /^\/?memories\/|^\//u;

const description = `Keep your memory blocks in order: create, change, rename and delete them. Blocks are named by paths such as \`/memories/notes\`.

Examples:
    memory(command="create", path="/memories/travel", description="Where the person goes", file_text="Rome in May")
    memory(command="str_replace", path="/memories/travel", old_string="Rome", new_string="Siena")
        The old text must occur exactly once.
    memory(command="insert", path="/memories/travel", insert_text="Oslo in July", insert_line=0)
        Inserts after that line; 0 is the top. Without insert_line the text goes to the end.
    memory(command="rename", old_path="/memories/travel", new_path="/memories/trips")
    memory(command="rename", path="/memories/trips", description="Journeys, planned and past")
        Changes what the block says it is for.
    memory(command="delete", path="/memories/trips")

str_replace and insert return the new value of the block.`;

const argumentsSchema = z.object({
  command: z.enum(["create", "str_replace", "insert", "delete", "rename"]),
  path: optionalText,
  file_text: optionalText,
  description: optionalText,
  old_string: optionalText,
  new_string: optionalText,
  insert_line: wholeNumber.nullish(),
  insert_text: optionalText,
  old_path: optionalText,
  new_path: optionalText,
});

type Arguments = z.infer<typeof argumentsSchema>;

/** `memory`: one tool for all that an agent can do to its blocks. */
export const memory: BuiltinTool = defineTool({
  name: "memory",
  toolType: "letta_memory_core",
  description,
  parameters: objectSchema(
    {
      command: { type: "string", description: "One of: create, str_replace, insert, delete, rename." },
      path: { type: "string", description: "The block: for every command, but for rename only with description." },
      file_text: { type: "string", description: "create: what the block holds at first. Default: nothing." },
      description: { type: "string", description: "create, rename: what the block is for." },
      old_string: { type: "string", description: "str_replace: the text to replace, exactly as it stands." },
      new_string: { type: "string", description: "str_replace: what to put in its place. May be empty." },
      insert_line: { type: "integer", description: "insert: the line after which to insert. Default: the end." },
      insert_text: { type: "string", description: "insert: the text to insert." },
      old_path: { type: "string", description: "rename: the block as it is called now." },
      new_path: { type: "string", description: "rename: the block as it shall be called." },
    },
    ["command"],
  ),
  arguments: argumentsSchema,
  changesPrompt: true,
  run(args, context) {
    return COMMANDS[args.command](args, context);
  },
});

const COMMANDS: Readonly<Record<Arguments["command"], (args: Arguments, context: ToolContext) => Promise<string>>> = {
  async create(args, { core }) {
    const label = labelOf(required(args, "path"));
    const wanted = { label, description: required(args, "description"), value: args.file_text ?? "" };
    const block = core.draft(wanted);
    if ((await core.get(label)) !== undefined) throw labelTaken(label);
    await core.add(block);
    return `Created memory block \`${label}\``;
  },

  async str_replace(args, { core }) {
    const label = await labelAt(core, required(args, "path"));
    const replacement = { from: required(args, "old_string"), to: args.new_string ?? "" };
    return (await core.edit(label, (block, at) => replaceOnce(block, replacement, at))).value;
  },

  async insert(args, { core }) {
    const label = await labelAt(core, required(args, "path"));
    const insertion = { text: required(args, "insert_text"), line: args.insert_line ?? -1 };
    return (await core.edit(label, (block, at) => insertText(block, insertion, at))).value;
  },

  async delete(args, { core }) {
    const label = await labelAt(core, required(args, "path"));
    if (!(await core.remove(label))) await core.require(label);
    return `Deleted memory block \`${label}\``;
  },

  async rename(args, context) {
    if (args.new_path == null && args.description != null) return describe(args, context.core);
    const { core } = context;
    const block = await core.require(await labelAt(core, args.old_path ?? required(args, "path")));
    const label = labelOf(required(args, "new_path"));
    const holder = await core.get(label);
    if (holder !== undefined && holder.id !== block.id) throw labelTaken(label);
    const renamed = await relabelled(context, block, label);
    await core.save(args.description == null ? renamed : { ...renamed, description: wellFormed(args.description) });
    return `Renamed memory block \`${block.label}\` to \`${renamed.label}\``;
  },
};

async function describe(args: Arguments, core: CoreMemory): Promise<string> {
  const label = await labelAt(core, args.path ?? required(args, "old_path"));
  const change = { description: wellFormed(required(args, "description")) };
  await core.edit(label, (block, at) => relabel(block, change, at));
  return `Changed the description of memory block \`${label}\``;
}

/** The label of a path's block. Labels may hold slashes, but models also write underscores for them, and the reverse. */
async function labelAt(core: CoreMemory, path: string): Promise<string> {
  const label = labelOf(path);
  const flat = label.replaceAll("/", "_");
  if (flat === label || (await core.get(label)) !== undefined) return label;
  return (await core.get(flat)) === undefined ? label : flat;
}

function labelOf(path: string): string {
  return path.trim().replace(PREFIX, "");
}

function required(args: Arguments, name: Exclude<keyof Arguments, "command" | "insert_line">): string {
  const value = args[name];
  if (value == null) throw new Failure("invalid", `memory ${args.command} needs ${name}`);
  return value;
}
