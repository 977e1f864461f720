import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { folder, stored, upload } from "./_files.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

const json = async (response: Response): Promise<Answer> => response.json();

test("a folder goes by both names, and a second one of its name is refused", async () => {
  const made = await server.ok("POST", "/v1/sources/", { name: "both", description: "D", instructions: "I" });
  expect(made).toMatchObject({ name: "both", description: "D", instructions: "I", vector_db_provider: "native" });
  const again = await server.request("POST", "/v1/folders/", { name: "both" });
  expect([again.status, again.body.detail]).toEqual([409, `A folder named 'both' exists already: ${made.id}`]);
  expect(await server.ok("GET", `/v1/folders/${made.id}`)).not.toHaveProperty("vector_db_provider");
  expect(await server.ok("GET", "/v1/folders/name/both")).toBe(made.id);
  expect((await server.request("GET", "/v1/folders/name/neither")).status).toBe(404);
  const changed = await server.ok("PATCH", `/v1/folders/${made.id}`, { description: "new", metadata: { a: 1 } });
  expect(changed).toMatchObject({ name: "both", description: "new", metadata: { a: 1 } });
  expect(await server.ok("GET", "/v1/sources/count")).toBe(1);
  for (const name of ["", "a/b", "x".repeat(256), "a\nb"])
    expect([name, (await server.request("POST", "/v1/folders/", { name })).status]).toEqual([name, 400]);
  expect(await server.ok("DELETE", `/v1/sources/${made.id}`)).toBe("null");
  expect((await server.request("GET", `/v1/folders/${made.id}`)).status).toBe(404);
});

test("an upload is read, counted and found in lists, with its text when that is asked for", async () => {
  const id = await folder(server, "papers");
  const file = await stored(server, id, { name: "notes.txt", content: "One about apples.\n\nTwo about oranges.\n" });
  expect(file).toMatchObject({
    file_name: "notes.txt",
    original_file_name: "notes.txt",
    file_type: "text/plain",
    file_size: 38,
    processing_status: "completed",
    error_message: null,
    total_chunks: 1,
    chunks_embedded: 0,
    content: "One about apples.\n\nTwo about oranges.\n",
  });
  const [listed] = await server.ok("GET", `/v1/folders/${id}/files`);
  expect([listed.id, listed.content]).toEqual([file.id, null]);
  const [passage, ...others] = await server.ok("GET", `/v1/folders/${id}/passages`);
  expect(others).toEqual([]);
  expect(passage).toMatchObject({ file_id: file.id, source_id: id, file_name: "papers/notes.txt", embedding: null });
  expect(await server.ok("GET", "/v1/folders/metadata?include_detailed_per_source_metadata=true")).toMatchObject({
    total_files: 1,
    total_size: 38,
    sources: [{ source_name: "papers", files: [{ file_name: "notes.txt", file_size: 38 }] }],
  });
  expect((await server.request("DELETE", `/v1/folders/${id}/${file.id}`)).status).toBe(204);
  expect(await server.ok("GET", `/v1/folders/${id}/files`)).toEqual([]);
  expect(await server.ok("GET", `/v1/folders/${id}/passages`)).toEqual([]);
});

test("a second file of a name gets a suffix, is skipped, is refused, or takes the place of the first", async () => {
  const id = await folder(server, "twice");
  const first = await stored(server, id, { name: "a.md", content: "first" });
  const send = async (how: string) => {
    const response = await upload(server, id, { name: "a.md", content: "other", query: `?duplicate_handling=${how}` });
    return { response, body: await json(response) };
  };
  const skipped = await send("skip");
  expect([skipped.body.id, skipped.response.headers.get("X-Upload-Result")]).toEqual([first.id, "skipped"]);
  const refused = await send("error");
  expect([refused.response.status, refused.body.detail]).toEqual([
    400,
    `The folder 'twice' has a file named 'a.md' already: ${first.id}`,
  ]);
  const second = (await send("suffix")).body;
  expect([second.file_name, second.original_file_name]).toEqual(["twice/a_(1).md", "a.md"]);
  expect((await send("suffix")).body.file_name).toBe("twice/a_(2).md");
  const replaced = (await send("replace")).body;
  expect([replaced.file_name, replaced.id === first.id]).toEqual(["twice/a.md", false]);
  expect((await server.request("GET", `/v1/folders/${id}/files/${first.id}`)).status).toBe(404);
  // The number that it would get is taken: it gets the next.
  await server.request("DELETE", `/v1/folders/${id}/${second.id}`);
  expect((await send("suffix")).body.file_name).toBe("twice/a_(3).md");
  expect((await send("sideways")).response.status).toBe(422);
});

test("a name is made safe, whatever it is, and one of which nothing is left is refused", async () => {
  const id = await folder(server, "names");
  const nameOf = async (name: string) => {
    const response = await upload(server, id, {
      name: "x.txt",
      content: "x",
      query: `?name=${encodeURIComponent(name)}`,
    });
    const body = await json(response);
    return response.status === 200 ? body.original_file_name : response.status;
  };
  expect(await nameOf("../../etc/passwd.txt")).toBe("passwd.txt");
  expect(await nameOf("C:\\Windows\\win.ini")).toBe("win.ini");
  expect(await nameOf("a\0b\u202Etxt.exe\u0007.txt")).toBe("abtxt.exe.txt");
  expect(await nameOf('<script>"|?*.txt')).toBe("script.txt");
  for (const name of ["..", ".env", "a/..", "dir/", "\u202E"]) expect([name, await nameOf(name)]).toEqual([name, 400]);
  const long = await nameOf(`${"ä".repeat(10_000)}.txt`);
  expect(new TextEncoder().encode(long).length).toBeLessThanOrEqual(255);
  expect(long).toEndWith("ä.txt");
});

test("a type that cannot be read is refused, by what is declared and by the name", async () => {
  const id = await folder(server, "types");
  const send = async (name: string, type: string, content: string | Uint8Array<ArrayBuffer> = "x") =>
    upload(server, id, { name, type, content });
  const refused = await send("a.exe", "application/x-msdownload");
  expect(refused.status).toBe(415);
  expect((await json(refused)).detail).toStartWith("The type of 'a.exe' (application/x-msdownload) cannot be read.");
  expect((await send("a", "application/octet-stream")).status).toBe(415);
  expect((await json(await send("a.py", "application/octet-stream"))).file_type).toBe("text/x-python");
  expect((await json(await send("Dockerfile", ""))).file_type).toBe("text/x-dockerfile");
  expect((await json(await send("a.json", "application/json; charset=utf-8", "{}"))).file_type).toBe(
    "application/json",
  );
});

test("what is called text and is none ends with an error that says so, and keeps nothing", async () => {
  const id = await folder(server, "binary");
  const file = await stored(server, id, { name: "a.txt", content: new Uint8Array([80, 75, 0, 3, 4]) });
  expect(file).toMatchObject({ processing_status: "error", content: null });
  expect(file.error_message).toStartWith("'a.txt' is not text");
  const { rows } = await server.database.reader.execute(
    "select count(*) as kept from file_uploads where file_id = $1",
    [file.id],
  );
  expect(rows).toEqual([{ kept: 0 }]);
});

test("text is read as it is written: UTF-8, UTF-16 with its mark, else Windows-1252", async () => {
  const id = await folder(server, "encodings");
  const utf16 = new Uint8Array([
    0xff,
    0xfe,
    ...new Uint8Array(new Uint16Array([..."Grüße"].map((c) => c.charCodeAt(0))).buffer),
  ]);
  const contentOf = async (name: string, content: Uint8Array<ArrayBuffer>) =>
    (await stored(server, id, { name, content })).content;
  expect(await contentOf("a.txt", utf16)).toBe("Grüße");
  expect(await contentOf("b.txt", new Uint8Array([0x47, 0x72, 0xfc, 0xdf, 0x65]))).toBe("Grüße");
  expect(await contentOf("c.txt", new TextEncoder().encode("\ufeffGrüße 😀"))).toBe("Grüße 😀");
  expect(await contentOf("d.txt", new Uint8Array())).toBe("");
});

test("a body that is no form, is cut off, has no file or is too large is refused, and leaves nothing", async () => {
  const id = await folder(server, "bodies");
  const send = async (body: string, type: string) => {
    const path = `http://localhost/v1/folders/${id}/upload`;
    const response = await server.server.api.request(path, { method: "POST", body, headers: { "content-type": type } });
    return [response.status, (await json(response)).detail];
  };
  const form = 'multipart/form-data; boundary="b"';
  expect(await send("{}", "application/json")).toEqual([422, expect.stringContaining("multipart/form-data")]);
  const whole = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc\r\n--b--\r\n';
  expect(await send(whole.slice(0, 70), form)).toEqual([422, expect.anything()]);
  expect(await send(whole.replace('name="file"', 'name="other"'), form)).toEqual([
    422,
    expect.stringContaining("file:"),
  ]);
  expect(await send("x".repeat(52 * 1024 * 1024), form)).toEqual([413, expect.stringContaining("50 MB")]);
  expect(await server.ok("GET", `/v1/folders/${id}/files`)).toEqual([]);
});
