import { changedBy, madeBy } from "../../core/authorship.ts";
import type { Clock } from "../../core/clock.ts";
import { type Actor, newId } from "../../core/id.ts";
import type { Random } from "../../core/random.ts";
import { wellFormed } from "../../core/text.ts";
import { BLOCK_CHARS_DEFAULT, type Block } from "./block.ts";

/** A new block as somebody asks for it. Absent fields get their defaults. */
export type BlockDraft = Pick<Block, "label"> & BlockChange;

/** Fields of a block that clients may set. */
export type BlockChange = Partial<
  Pick<
    Block,
    | "label"
    | "value"
    | "limit"
    | "description"
    | "readOnly"
    | "metadata"
    | "tags"
    | "hidden"
    | "isTemplate"
    | "templateName"
    | "templateId"
    | "baseTemplateId"
    | "deploymentId"
    | "entityId"
    | "projectId"
    | "preserveOnMigration"
  >
>;

/** Descriptions of the two blocks that nearly every agent has, as clients of Letta know them. */
const DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  [
    "human",
    "What you know about the person you talk with: name, life, tastes, plans. Keep it true and up to date, and let it shape how you speak with them.",
  ],
  [
    "persona",
    "Who you are: character, role and manner. Stay true to it in everything you say, and change it when you are meant to become someone else.",
  ],
]);

/** A block that is not stored yet. */
export function newBlock(
  sources: { readonly clock: Pick<Clock, "now">; readonly random: Random },
  actor: { readonly userId: string },
  draft: BlockDraft,
): Block {
  const now = sources.clock.now();
  return {
    id: newId("block", sources.random),
    limit: BLOCK_CHARS_DEFAULT,
    readOnly: false,
    metadata: {},
    tags: [],
    hidden: null,
    isTemplate: false,
    templateName: null,
    templateId: null,
    baseTemplateId: null,
    deploymentId: null,
    entityId: null,
    projectId: null,
    preserveOnMigration: false,
    ...draft,
    value: wellFormed(draft.value ?? ""),
    description: draft.description ?? DESCRIPTIONS.get(draft.label) ?? null,
    ...madeBy(actor, now),
    version: 1,
  };
}

/** The block with these fields changed, as the next version. */
export function changedBlock(
  block: Block,
  change: BlockChange,
  { actor, clock }: { readonly actor: Actor; readonly clock: Pick<Clock, "now"> },
): Block {
  const next = { ...block, ...change };
  return {
    ...next,
    value: wellFormed(next.value),
    ...changedBy(actor, clock.now()),
    version: block.version + 1,
  };
}

/** Whether two versions of a block look different in a system prompt. */
export function looksDifferent(before: Block, after: Block): boolean {
  return (
    before.label !== after.label ||
    before.value !== after.value ||
    before.limit !== after.limit ||
    before.description !== after.description ||
    before.readOnly !== after.readOnly
  );
}
