import { expect, test } from "bun:test";
import { type Answer, startTestServer } from "../_harness/server.ts";
import { pdf } from "./_documents.ts";
import { folder, stored, upload } from "./_files.ts";

test("a document that takes long keeps neither other files nor vectors waiting", async () => {
  const released = Promise.withResolvers<void>();
  const server = await startTestServer({
    async readDocument({ name }) {
      if (name === "slow.pdf") await released.promise;
      return `The text of ${name}`;
    },
  });
  try {
    const embedded = { embedding: "openai/text-embedding-3-small" };
    const slow = await folder(server, "slow");
    const quick = await folder(server, "quick", embedded);
    const type = "application/pdf";
    const sent = await upload(server, slow, { name: "slow.pdf", content: pdf("x"), type });
    const { id }: Answer = await sent.json();
    for (const name of ["one.pdf", "two.pdf"])
      expect(await stored(server, quick, { name, content: pdf("x"), type })).toMatchObject({
        processing_status: "completed",
        chunks_embedded: 1,
      });
    const waiting = await server.ok("GET", `/v1/folders/${slow}/files/${id}`);
    expect(waiting.processing_status).toBe("parsing");
    released.resolve();
    const after = await stored(server, slow, { name: "after.txt", content: "After it" });
    expect(after.processing_status).toBe("completed");
    expect((await server.ok("GET", `/v1/folders/${slow}/files/${id}`)).processing_status).toBe("completed");
  } finally {
    released.resolve();
    await server.close();
  }
}, 60_000);
