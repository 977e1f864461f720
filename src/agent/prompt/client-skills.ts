import { sectionLine } from "./section-line.ts";

/** A skill that the client can load for the agent, told to the model with one request. */
export interface ClientSkill {
  readonly name: string;
  readonly description: string;
  /** Where its instructions are, in the client's words. */
  readonly location: string;
}

/** A system message with the skills of its request after it, one to a line; as it is when there are none. */
export function withSkills(system: string, skills: readonly ClientSkill[]): string {
  if (skills.length === 0) return system;
  const lines = skills.map(({ name, description, location }) =>
    sectionLine("available_skills", `- ${name} (${location}): ${description}`),
  );
  return [
    system,
    "",
    "<available_skills>",
    "Skills that can be loaded for you, each with where it is kept and what it is for. Load one before you do what it is for:",
    ...lines,
    "</available_skills>",
  ].join("\n");
}
