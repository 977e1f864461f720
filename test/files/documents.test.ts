import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openDocuments } from "../../src/app/tools/documents.ts";
import { bareJail } from "../../src/sandbox/parse/bare-jail.ts";
import { startTestServer, type TestServer } from "../_harness/server.ts";
import { describeInJail } from "../sandbox/_jail.ts";
import { docx, pdf, pdfBomb } from "./_documents.ts";
import { folder, stored } from "./_files.ts";

/** A process for each document takes its time where the machine is busy. */
const TIMEOUT_MS = 120_000;
/** What a bomb is given. */
const BOMB_MS_MAX = 8_000;
const WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const paragraph = (text: string, style = "") =>
  `<w:p>${style === "" ? "" : `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`}<w:r><w:t>${text}</w:t></w:r></w:p>`;

describeInJail("documents", () => {
  let server: TestServer;
  let id: string;

  beforeAll(async () => {
    server = await startTestServer({ readDocument: openDocuments("strict") });
    id = await folder(server, "documents");
  });

  afterAll(() => server.close());

  test(
    "the text of PDF, DOCX and HTML is read, page by page and with headings",
    async () => {
      const pages = pdf("The first page is about ap-\nples.", "The second about pears.");
      const read = await stored(server, id, { name: "a.pdf", content: pages, type: "application/pdf" });
      expect([read.processing_status, read.error_message]).toEqual(["completed", null]);
      expect(read.content).toBe("The first page is about apples.\n\nThe second about pears.");
      const word = docx(paragraph("Plans", "Heading1") + paragraph("We sail at dawn."));
      expect((await stored(server, id, { name: "b.docx", content: word, type: WORD })).content).toContain(
        "We sail at dawn.",
      );
      const html =
        "<style>x</style><h2>Plans</h2><p>We <b>sail</b> at dawn.</p><table><tr><td>a</td><td>b</td></tr></table><script>alert(1)</script>";
      const page = await stored(server, id, { name: "c.html", content: html, type: "text/html" });
      expect(page.content).toStartWith("## Plans\n\nWe sail at dawn.\n\na   b");
      expect(page.content).not.toContain("alert");
    },
    TIMEOUT_MS,
  );

  test(
    "what is no document ends with an error that names it",
    async () => {
      const errorOf = async (name: string, content: string | Uint8Array<ArrayBuffer>, type: string) => {
        const { processing_status, error_message } = await stored(server, id, { name, content, type });
        expect(processing_status).toBe("error");
        return error_message;
      };
      expect(await errorOf("no.pdf", "This is no PDF", "application/pdf")).toStartWith(
        "'no.pdf' cannot be read as PDF: ",
      );
      expect(await errorOf("cut.pdf", pdf("x").slice(0, 300), "application/pdf")).toContain("'cut.pdf'");
      expect(await errorOf("empty.pdf", pdf(""), "application/pdf")).toContain("there is no text in it");
      expect(await errorOf("no.docx", new Uint8Array([80, 75, 3, 4, 0, 0]), WORD)).toStartWith(
        "'no.docx' cannot be read as DOCX: ",
      );
    },
    TIMEOUT_MS,
  );

  test(
    "a bomb ends its own process, and the server goes on",
    async () => {
      const hurried = await startTestServer({ readDocument: openDocuments("strict", BOMB_MS_MAX) });
      const id = await folder(hurried, "bombs");
      const bomb = docx(
        Buffer.concat([
          Buffer.from("<w:p><w:r><w:t>"),
          Buffer.alloc(400_000_000, "a"),
          Buffer.from("</w:t></w:r></w:p>"),
        ]),
      );
      expect(bomb.length).toBeLessThan(1_000_000);
      const file = await stored(hurried, id, { name: "bomb.docx", content: bomb, type: WORD });
      expect([file.processing_status, file.content]).toEqual(["error", null]);
      expect(file.error_message).toContain("'bomb.docx'");
      const deep = await stored(hurried, id, {
        name: "deep.html",
        content: `${"<div>".repeat(200_000)}deep`,
        type: "text/html",
      });
      expect(["completed", "error"]).toContain(deep.processing_status);
      expect((await stored(hurried, id, { name: "after.txt", content: "still here" })).content).toBe("still here");
      await hurried.close();
    },
    TIMEOUT_MS,
  );

  test(
    "a PDF whose one stream inflates to gigabytes ends its own process, and one of a size that fits is read",
    async () => {
      const small = await stored(server, id, { name: "dud.pdf", content: pdfBomb(1_000_000), type: "application/pdf" });
      expect([small.processing_status, small.content]).toEqual(["completed", "boom"]);
      const bomb = pdfBomb(2 * 1024 ** 3);
      expect(bomb.length).toBeLessThan(3_000_000);
      const file = await stored(server, id, { name: "bomb.pdf", content: bomb, type: "application/pdf" });
      expect([file.processing_status, file.content]).toEqual(["error", null]);
      expect(file.error_message).toContain("'bomb.pdf'");
      expect((await stored(server, id, { name: "after.txt", content: "still here" })).content).toBe("still here");
    },
    TIMEOUT_MS,
  );

  test(
    "names in an archive that lead out of it write nothing",
    async () => {
      const outside = join(server.directory, "written-by-a-document");
      const up = "../".repeat(20);
      const content = docx(paragraph("We sail at dawn."), {
        [`${up}${outside.slice(1)}`]: "written",
        [outside]: "written",
        "..\\..\\x": "written",
      });
      const file = await stored(server, id, { name: "out.docx", content, type: WORD });
      expect([file.processing_status, file.content]).toEqual(["completed", "We sail at dawn."]);
      expect(existsSync(outside)).toBe(false);
    },
    TIMEOUT_MS,
  );
});

test("where nothing may read documents they are refused, and other files are not", async () => {
  const server = await startTestServer();
  const id = await folder(server, "plain");
  const { processing_status, error_message } = await stored(server, id, {
    name: "a.pdf",
    content: pdf("x"),
    type: "application/pdf",
  });
  expect([processing_status, error_message]).toEqual([
    "error",
    "'a.pdf' cannot be read: this server has no place where that is safe",
  ]);
  expect((await stored(server, id, { name: "b.txt", content: "words" })).processing_status).toBe("completed");
  await server.close();
});

test("bareJail() gives a process its limits, and none of this one's environment", async () => {
  process.env["CANARY_OF_FILES"] = "sings";
  const worker = await bareJail().open({
    command: [
      process.execPath,
      "-e",
      `require("fs").writeSync(4, JSON.stringify({ canary: process.env.CANARY_OF_FILES ?? null }) + "\\n"); require("fs").readSync(3, Buffer.alloc(10))`,
    ],
    binds: [],
    environment: {},
    config: {},
    limits: {
      addressBytes: null,
      dataBytes: 1_024 * 1_024 * 1_024,
      cpuSeconds: null,
      openFiles: 128,
      fileBytes: 1_000_000,
      diskBytes: 0,
    },
    network: false,
    processes: false,
    proc: true,
    cancel: "kill",
  });
  expect(worker.hello).toEqual({ canary: null });
  await worker.close();
});
