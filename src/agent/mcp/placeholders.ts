/** A place that an agent's variable stands in for: `{{ NAME }}`, or `{{ NAME | what else }}` where it has none. */
const PLACE = /\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\|([^{}]*))?\}\}/g;

/** Variables of whoever calls, by their names. */
export type Variables = Readonly<Record<string, string>>;

/** The text with variables in their places. A place without a variable and without what else stays as it is. */
export function filled(text: string, variables: Variables): string {
  return text.replace(PLACE, (place: string, name: string, otherwise: string | undefined) =>
    Object.hasOwn(variables, name) ? (variables[name] ?? place) : (otherwise?.trim() ?? place),
  );
}

/** {@link filled} for every value of a record. */
export function filledRecord(record: Readonly<Record<string, string>>, variables: Variables): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, filled(value, variables)]));
}
