// A hook in TypeScript: tells the model a rule of the house, keeps card numbers out of memory, and logs each step.

/** What it may ask the server for, where it was granted. */
interface Host {
  log(message: string): Promise<null>;
}

/** What it is told of an event; what there is depends on which. */
interface Told {
  readonly event: "before_model" | "memory_write" | "after_step";
  readonly step_id: string | null;
  readonly total_tokens?: number | null;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** What it says of itself. With `tags` it would hear of agents with one of these alone. */
export const manifest = {
  abi: 1,
  kind: "hook",
  name: "house-rules",
  description: "Adds a rule to each prompt, and blackens card numbers that are to be remembered.",
  events: ["before_model", "memory_write", "after_step"],
  on_failure: "allow",
  grants: ["log"],
};

const CARD_NUMBER = /\b(?:\d[ -]?){13,19}\b/g;

/** Is called with each event. No answer means that all may go on as it was. */
export async function call(told: Told, host: Host): Promise<object | null> {
  if (told.event === "before_model") return { note: "Prices are told in euros." };
  if (told.event === "after_step") {
    await host.log(`step ${told.step_id} took ${told.total_tokens ?? 0} tokens`);
    return null;
  }
  const given = JSON.stringify(told.arguments ?? {});
  const blackened = given.replace(CARD_NUMBER, "[card number]");
  return blackened === given ? null : { arguments: JSON.parse(blackened) };
}
