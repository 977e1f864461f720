import { constants, deflateRawSync } from "node:zlib";

/** A PDF with a page for each text; a text's lines stand below one another. */
export function pdf(...pages: readonly string[]): Uint8Array<ArrayBuffer> {
  return pdfOf(
    pages.map((text) => {
      const lines = text.split("\n").map((line) => `(${line}) Tj T*`);
      const content = `BT /F1 12 Tf 14 TL 72 720 Td ${lines.join(" ")} ET`;
      return { head: `/Length ${content.length}`, content };
    }),
  );
}

/** A PDF of one page that says a word, behind so many spaces that are packed to a thousandth. */
export function pdfBomb(spaces: number): Uint8Array<ArrayBuffer> {
  const piece = deflateRawSync(Buffer.alloc(PIECE_BYTES, " "), { finishFlush: constants.Z_FULL_FLUSH });
  const last = deflateRawSync(Buffer.from("BT /F1 12 Tf 72 720 Td (boom) Tj ET"));
  // A header of zlib, and no sum at the end: readers do without.
  const count = Math.ceil(spaces / PIECE_BYTES);
  const packed = Buffer.concat([Buffer.from([0x78, 0x9c]), ...Array<Buffer>(count).fill(piece), last]);
  return pdfOf([{ head: `/Length ${packed.length} /Filter /FlateDecode`, content: packed.toString("latin1") }]);
}

/** Bytes that are packed at once. */
const PIECE_BYTES = 1024 * 1024;

/** A PDF of such pages, their contents a character for a byte. */
function pdfOf(pages: readonly { readonly head: string; readonly content: string }[]): Uint8Array<ArrayBuffer> {
  const objects: string[] = [];
  const add = (body: string) => objects.push(body);
  add("<< /Type /Catalog /Pages 2 0 R >>");
  add(`<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, i) => `${4 + i * 2} 0 R`).join(" ")}] >>`);
  add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
  for (const [i, { head, content }] of pages.entries()) {
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents ${5 + i * 2} 0 R >>`,
    );
    add(`<< ${head} >>\nstream\n${content}\nendstream`);
  }
  let file = "%PDF-1.4\n";
  const offsets = objects.map((body, i) => {
    const offset = file.length;
    file += `${i + 1} 0 obj\n${body}\nendobj\n`;
    return offset;
  });
  const at = file.length;
  const entries = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries}`;
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF`;
  return new Uint8Array(Buffer.from(file, "latin1"));
}

/** A Word document with this body, in the markup of Word, and more files in its archive. */
export function docx(body: string | Uint8Array, more: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
  const open =
    '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>';
  const document = Buffer.concat([Buffer.from(open), Buffer.from(body), Buffer.from("</w:body></w:document>")]);
  const types =
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>';
  const relations =
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>';
  return zip({ "[Content_Types].xml": types, "_rels/.rels": relations, "word/document.xml": document, ...more });
}

function zip(files: Readonly<Record<string, string | Uint8Array>>): Uint8Array<ArrayBuffer> {
  const [bodies, directory] = [[] as Buffer[], [] as Buffer[]];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const data = Buffer.from(content);
    const packed = deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(Bun.hash.crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const body = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), common, rest, Buffer.from(name)]));
    bodies.push(body);
    offset += body.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(list.length, 8);
  end.writeUInt32LE(offset, 12);
  return new Uint8Array(Buffer.concat([...bodies, list, Buffer.from("PK\x05\x06"), end]));
}
