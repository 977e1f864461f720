import { API_VERSION } from "../http/health.ts";
import { type Docs, shownRoute } from "./docs-page.ts";

const METHOD_CHARS = 6;

/** The operations of the API for a terminal. */
export function docsText({ groups, gaps }: Docs): string {
  const operations = groups.flatMap((group) => group.operations);
  const width = Math.max(...operations.map(({ path }) => path.length));
  const listed = groups.map(({ name, operations }) => [
    "",
    name,
    ...operations.map(({ method, path, summary }) =>
      `  ${method.padEnd(METHOD_CHARS)} ${path.padEnd(width)}  ${summary}`.trimEnd(),
    ),
  ]);
  const missing = gaps.map(({ missing, refused }) => [
    `  ${missing}`,
    ...refused.map((one) => `    ${shownRoute(one)}`),
  ]);
  const lines = [
    `Selkie's API, as Letta ${API_VERSION} has it. /openapi.json says the same for programs.`,
    ...listed.flat(),
    "",
    "not built yet: lists are empty, everything else answers 404 or 501",
    ...missing.flat(),
  ];
  return `${lines.join("\n")}\n`;
}
