/** The members of both, in the order of `a`. */
export function common(a: ReadonlySet<string>, b: ReadonlySet<string>): readonly string[] {
  return [...a].filter((member) => b.has(member));
}

/** Whether any member is in both. */
export function intersects(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const member of a) if (b.has(member)) return true;
  return false;
}

/** The words of a text, which may run over several lines. */
export function wordSet(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/u).filter((word) => word !== ""));
}
