// A source in TypeScript: the documents that a site names in a list of its own, `[{"path", "title", "modified"}]`.
// It is granted `fetch`, and the server lets tools reach the host.

const SITE = "http://docs.example.com";

/** What it says of itself. */
export const manifest = {
  abi: 1,
  kind: "source",
  name: "site-index",
  description: "The documents of docs.example.com.",
  grants: ["fetch"],
  network: ["docs.example.com"],
};

/** What it is told: to list a page of its documents, or to read one. */
type Told = { readonly op: "list"; readonly page: string | null } | { readonly op: "read"; readonly id: string };

interface Listed {
  readonly path: string;
  readonly title: string;
  readonly modified: string;
}

/** Is called for each page of the list, and for each document that is new or has changed. */
export async function call(told: Told): Promise<object> {
  if (told.op === "list") {
    const listed: readonly Listed[] = JSON.parse(await (await got("/index.json")).text());
    return { items: listed.map(({ path, title, modified }) => ({ id: path, name: title, modified })) };
  }
  const bytes = await (await got(told.id)).bytes();
  return { base64: Buffer.from(bytes).toString("base64") };
}

async function got(path: string): Promise<Response> {
  const response = await fetch(`${SITE}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}
