import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { wellFormed } from "../../core/text.ts";
import type { Block } from "../../umi/core/block.ts";
import { insertText, refuseReadOnly, relabel, replaceOnce } from "../../umi/core/block-edit.ts";
import { type BuiltinTool, defineTool, objectSchema, type ToolContext } from "../builtin.ts";
import { addBlock, draftBlock, labelTaken, relabelled, requireBlock, saveBlock } from "./agent-block.ts";
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
  async create(args, context) {
    const label = labelOf(required(args, "path"));
    const draft = { label, description: required(args, "description"), value: args.file_text ?? "" };
    const block = draftBlock(context, draft);
    if ((await context.blocks.findForAgent(context.agentId, label)) !== undefined) throw labelTaken(label);
    await addBlock(context, block);
    return `Created memory block \`${label}\``;
  },

  async str_replace(args, context) {
    const block = await blockAt(context, required(args, "path"));
    const replacement = { from: required(args, "old_string"), to: args.new_string ?? "" };
    return saveBlock(context, replaceOnce(block, replacement, context.clock.now()));
  },

  async insert(args, context) {
    const block = await blockAt(context, required(args, "path"));
    const text = required(args, "insert_text");
    return saveBlock(context, insertText(block, { text, line: args.insert_line ?? -1 }, context.clock.now()));
  },

  async delete(args, context) {
    const block = await blockAt(context, required(args, "path"));
    refuseReadOnly(block);
    await context.blocks.detach(context.agentId, block.id);
    return `Deleted memory block \`${block.label}\``;
  },

  async rename(args, context) {
    if (args.new_path == null && args.description != null) return describe(args, context);
    const block = await blockAt(context, args.old_path ?? required(args, "path"));
    const label = labelOf(required(args, "new_path"));
    const holder = await context.blocks.findForAgent(context.agentId, label);
    if (holder !== undefined && holder.id !== block.id) throw labelTaken(label);
    const renamed = await relabelled(context, block, label);
    await saveBlock(
      context,
      args.description == null ? renamed : { ...renamed, description: wellFormed(args.description) },
    );
    return `Renamed memory block \`${block.label}\` to \`${renamed.label}\``;
  },
};

async function describe(args: Arguments, context: ToolContext): Promise<string> {
  const block = await blockAt(context, args.path ?? required(args, "old_path"));
  const change = { description: wellFormed(required(args, "description")) };
  await saveBlock(context, relabel(block, change, context.clock.now()));
  return `Changed the description of memory block \`${block.label}\``;
}

/** A path's block. Labels may hold slashes, but models also write them as underscores, and the reverse. */
async function blockAt(context: ToolContext, path: string): Promise<Block> {
  const label = labelOf(path);
  const { agentId, blocks } = context;
  const flat = label.replaceAll("/", "_");
  const found = await blocks.findForAgent(agentId, label);
  if (found !== undefined || flat === label) return found ?? requireBlock(context, label);
  return (await blocks.findForAgent(agentId, flat)) ?? requireBlock(context, label);
}

function labelOf(path: string): string {
  return path.trim().replace(PREFIX, "");
}

function required(args: Arguments, name: Exclude<keyof Arguments, "command" | "insert_line">): string {
  const value = args[name];
  if (value == null) throw new Failure("invalid", `memory ${args.command} needs ${name}`);
  return value;
}
