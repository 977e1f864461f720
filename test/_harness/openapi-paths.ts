/** What of an OpenAPI document says which operations there are. */
export type OpenApiPaths = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The document's path that this one is an instance of: the one with the fewest parameters. */
export function templateOf(paths: OpenApiPaths, method: string, path: string): string | undefined {
  const partsOf = (text: string) => text.replace(/\/$/, "").split("/");
  const wanted = partsOf(path);
  const fits = (template: string) => {
    const parts = partsOf(template);
    return (
      parts.length === wanted.length && parts.every((part, index) => part.startsWith("{") || part === wanted[index])
    );
  };
  const found = Object.keys(paths).filter((template) => fits(template) && paths[template]?.[method] !== undefined);
  return found.toSorted((a, b) => a.split("{").length - b.split("{").length)[0];
}

/** Where something stands in a document, as a reference to it says it. */
export function pointerTo(...keys: readonly string[]): string {
  return keys.map((key) => `/${encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"))}`).join("");
}
