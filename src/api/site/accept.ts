/** What the site can answer with. */
export type SiteType = "text/html" | "application/json";

const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;

/**
 * Which of the two a client asks for by name and likes best; undefined when it takes anything, or neither. Browsers
 * name HTML, clients of the API name JSON, and curl takes anything.
 */
export function preferredType(accept: string | undefined): SiteType | undefined {
  const html = weightOf(accept, "text/html");
  const json = weightOf(accept, "application/json");
  if (html > 0 && html >= json) return "text/html";
  return json > 0 ? "application/json" : undefined;
}

/**
 * How much a type is wanted, from 0 to 1 (RFC 9110, 12.5.1). Only named types count: whoever takes anything wants
 * neither.
 */
function weightOf(accept: string | undefined, type: SiteType): number {
  for (const range of (accept ?? "").split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim());
    if (name.toLowerCase() !== type) continue;
    const weight = parameters.map((parameter) => WEIGHT.exec(parameter)?.[1]).find((found) => found !== undefined);
    return weight === undefined ? 1 : Number(weight);
  }
  return 0;
}
