import { convert, type FormatCallback, type HtmlToTextOptions } from "html-to-text";
import mammoth from "mammoth";
import { extractText, getDocumentProxy } from "unpdf";

/** Characters of a document's text: a line of JSON must hold it. */
export const DOCUMENT_CHARS_MAX = 3_000_000;
/** Pages of a PDF. */
const PAGES_MAX = 5_000;
/** How deep HTML may nest, and how much of it is read. */
const DEPTH_MAX = 500;
const CHILDREN_MAX = 100_000;
/** Bytes at the beginning of HTML in which it says how it is written. */
const HEAD_BYTES = 2_048;

/** What a document is, by how it is read. */
export type DocumentFormat = "html" | "pdf" | "docx";

/** The text of a document. Rejects with an error whose message says what is wrong with it. */
export async function readText(format: DocumentFormat, bytes: Uint8Array): Promise<string> {
  const text =
    format === "pdf" ? await pdfText(bytes) : format === "docx" ? await docxText(bytes) : htmlText(decoded(bytes));
  if (text.trim() === "") throw new Error("there is no text in it; what is scanned is a picture");
  if (text.length > DOCUMENT_CHARS_MAX)
    throw new Error(`its text is longer than ${DOCUMENT_CHARS_MAX} characters; split it`);
  return text;
}

async function pdfText(bytes: Uint8Array): Promise<string> {
  // The caller's bytes are taken away by what reads them.
  const document = await getDocumentProxy(Uint8Array.from(bytes));
  if (document.numPages > PAGES_MAX)
    throw new Error(`it has ${document.numPages} pages, more than ${PAGES_MAX}; split it`);
  const { text: pages } = await extractText(document, { mergePages: false });
  return pages.map(withoutHyphens).join("\n\n");
}

/** Words that were divided at the end of a line, whole again. */
function withoutHyphens(page: string): string {
  return page.replace(/(\p{L})-\n(\p{Ll})/gu, "$1$2").trim();
}

async function docxText(bytes: Uint8Array): Promise<string> {
  const none = mammoth.images.imgElement(() => Promise.resolve({ src: "" }));
  const { value } = await mammoth.convertToHtml({ buffer: Buffer.from(bytes) }, { convertImage: none });
  return htmlText(value);
}

function decoded(bytes: Uint8Array): string {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, HEAD_BYTES));
  const said = /<meta[^>]{1,200}charset\s*=\s*["']?([\w-]{1,40})/i.exec(head)?.[1];
  for (const name of ["utf-8", said ?? "windows-1252", "windows-1252"]) {
    try {
      // The types know fewer names than the runtime does.
      const decoder: TextDecoder = Reflect.construct(TextDecoder, [name, { fatal: name === "utf-8" }]);
      return decoder.decode(bytes);
    } catch {
      // It is written otherwise, or in a way that nobody here knows.
    }
  }
  return head;
}

/** A heading as Markdown has it, so that passages can end before it. */
const heading: FormatCallback = (element, walk, builder) => {
  const level = Number(/\d/.exec(element.name ?? "")?.[0] ?? 1);
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addInline(`${"#".repeat(level)} `);
  walk(element.children ?? [], builder);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

const OPTIONS: HtmlToTextOptions = {
  wordwrap: false,
  limits: { maxDepth: DEPTH_MAX, maxChildNodes: CHILDREN_MAX, maxInputLength: DOCUMENT_CHARS_MAX * 4 },
  formatters: { heading },
  selectors: [
    ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, format: "heading" })),
    ...["img", "script", "style", "noscript", "template", "svg", "iframe"].map((selector) => ({
      selector,
      format: "skip",
    })),
    { selector: "table", format: "dataTable", options: { uppercaseHeaderCells: false } },
    { selector: "a", options: { ignoreHref: true } },
  ],
};

function htmlText(html: string): string {
  return convert(html, OPTIONS);
}
