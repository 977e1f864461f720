import { Failure } from "../core/failure.ts";

/** Characters of one part of a scope. */
const PART_CHARS_MAX = 200;

/** Whose memories they are. Nothing of one scope is ever found from another. */
export interface Scope {
  readonly organization?: string;
  readonly user?: string;
  readonly agent?: string;
}

/** The space of a scope: one text that no other scope has. */
export function spaceOf({ organization = "", user = "", agent = "" }: Scope): string {
  const parts = [organization, user, agent];
  const long = parts.find((part) => part.length > PART_CHARS_MAX);
  if (long !== undefined)
    throw new Failure("invalid", `A part of a scope has up to ${PART_CHARS_MAX} characters, got ${long.length}`);
  return parts.map((part) => part.replace(/[%/]/g, (char) => (char === "%" ? "%25" : "%2F"))).join("/");
}
