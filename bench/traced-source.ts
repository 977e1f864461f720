import ts from "typescript";

/** A TypeScript source in which each function says, when it is called, that somebody came through: `hook` is called first. */
export function tracedSource(path: string, source: string, hook: string): string {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const inserts: { readonly at: number; readonly text: string }[] = [];
  const visit = (node: ts.Node) => {
    const body = ts.isFunctionLike(node) && "body" in node ? node.body : undefined;
    if (body !== undefined && ts.isBlock(body)) {
      inserts.push({ at: body.getStart(file) + 1, text: `${hook};` });
    } else if (body !== undefined) {
      inserts.push({ at: body.getStart(file), text: `(${hook},` }, { at: body.getEnd(), text: ")" });
    }
    node.forEachChild(visit);
  };
  visit(file);
  let traced = source;
  // From the end on, so that no place moves before it is used.
  for (const { at, text } of inserts.toSorted((a, b) => b.at - a.at))
    traced = traced.slice(0, at) + text + traced.slice(at);
  return traced;
}
