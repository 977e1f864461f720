import type { Answer, TestServer } from "../_harness/server.ts";

/** How long a file gets to be read. */
const READ_MS_MAX = 100_000;

/** What a test sends. */
export interface Sent {
  readonly name: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
  readonly type?: string;
  /** The query, its question mark included. */
  readonly query?: string;
}

/** Uploads a file and gives the answer as it is. */
export function upload(
  { server }: Pick<TestServer, "server">,
  folderId: string,
  { name, content, type = "text/plain", query = "" }: Sent,
): Promise<Response> {
  const form = new FormData();
  form.set("file", new File([content], name, { type }));
  const path = `http://localhost/v1/folders/${folderId}/upload${query}`;
  return Promise.resolve(server.api.request(path, { method: "POST", body: form }));
}

/** Uploads a file, waits until it was read or could not be, and gives it. */
export async function stored(server: TestServer, folderId: string, sent: Sent): Promise<Answer> {
  const response = await upload(server, folderId, sent);
  if (response.status !== 200) throw new Error(`${sent.name}: ${response.status} ${await response.text()}`);
  return settled(server, folderId, ((await response.json()) as Answer).id);
}

/** Waits until a file was read or could not be, and gives it. */
export async function settled(server: TestServer, folderId: string, fileId: string): Promise<Answer> {
  for (const start = performance.now(); performance.now() - start < READ_MS_MAX; await Bun.sleep(10)) {
    const file = await server.ok("GET", `/v1/folders/${folderId}/files/${fileId}?include_content=true`);
    if (["completed", "error"].includes(file.processing_status)) return file;
  }
  throw new Error(`${fileId} was not read in ${READ_MS_MAX} ms`);
}

/** Makes a folder and gives its id. */
export async function folder(server: TestServer, name: string, more: object = {}): Promise<string> {
  return (await server.ok("POST", "/v1/folders/", { name, ...more })).id;
}
