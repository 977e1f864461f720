import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";

/** How the text of a file is got, and where it is cut into passages. */
export type FileFormat = "text" | "code" | "markdown" | "csv" | "json" | "html" | "pdf" | "docx";

/** The type of a file, by its media type. */
export interface FileType {
  readonly mediaType: string;
  readonly format: FileFormat;
}

const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/** Media types by their formats, the usual one of each first, with the endings of names that mean them. */
const TYPES: readonly (readonly [format: FileFormat, mediaType: string, endings: string])[] = [
  ["text", "text/plain", "txt text log conf cfg ini env properties srt vtt rst tex"],
  ["markdown", "text/markdown", "md markdown mdx"],
  ["markdown", "text/x-markdown", ""],
  ["html", "text/html", "html htm xhtml"],
  ["html", "application/xhtml+xml", ""],
  ["csv", "text/csv", "csv"],
  ["csv", "text/tab-separated-values", "tsv"],
  ["csv", "application/csv", ""],
  ["json", "application/json", "json"],
  ["json", "text/json", ""],
  ["json", "application/jsonl", "jsonl ndjson"],
  ["json", "application/x-ndjson", ""],
  ["json", "application/ld+json", "jsonld"],
  ["pdf", "application/pdf", "pdf"],
  ["docx", DOCX, "docx"],
  ["code", "text/x-python", "py pyi"],
  ["code", "application/x-python", ""],
  ["code", "text/x-python-script", ""],
  ["code", "text/javascript", "js mjs cjs jsx"],
  ["code", "application/javascript", ""],
  ["code", "application/x-javascript", ""],
  ["code", "text/typescript", "ts tsx mts cts"],
  ["code", "application/typescript", ""],
  ["code", "application/x-typescript", ""],
  ["code", "text/x-java-source", "java"],
  ["code", "text/x-java", ""],
  ["code", "text/x-c", "c h"],
  ["code", "text/x-csrc", ""],
  ["code", "text/x-chdr", ""],
  ["code", "text/x-c++", "cpp cc cxx hpp hh"],
  ["code", "text/x-c++src", ""],
  ["code", "text/x-csharp", "cs"],
  ["code", "text/x-go", "go"],
  ["code", "text/x-rust", "rs"],
  ["code", "text/x-ruby", "rb"],
  ["code", "text/x-php", "php"],
  ["code", "application/x-httpd-php", ""],
  ["code", "text/x-swift", "swift"],
  ["code", "text/x-kotlin", "kt kts"],
  ["code", "text/x-scala", "scala"],
  ["code", "text/x-lua", "lua"],
  ["code", "text/x-perl", "pl pm"],
  ["code", "text/x-r", "r"],
  ["code", "text/x-shellscript", "sh bash zsh"],
  ["code", "application/x-sh", ""],
  ["code", "text/x-powershell", "ps1"],
  ["code", "text/x-sql", "sql"],
  ["code", "application/sql", ""],
  ["code", "text/css", "css scss less"],
  ["code", "text/xml", "xml svg"],
  ["code", "application/xml", ""],
  ["code", "text/yaml", "yaml yml"],
  ["code", "text/x-yaml", ""],
  ["code", "application/yaml", ""],
  ["code", "application/x-yaml", ""],
  ["code", "application/toml", "toml"],
  ["code", "text/x-toml", ""],
  ["code", "text/x-vue", "vue svelte"],
  ["code", "text/x-dockerfile", "dockerfile"],
  ["code", "text/x-diff", "diff patch"],
];

const BY_MEDIA_TYPE = new Map(TYPES.map(([format, mediaType]) => [mediaType, { mediaType, format }]));
const BY_ENDING = new Map(
  TYPES.flatMap(([format, mediaType, endings]) =>
    endings === "" ? [] : endings.split(" ").map((ending) => [ending, { mediaType, format }] as const),
  ),
);

/**
 * The type of what is uploaded: as whoever sends it says, else as the ending of its name means. Throws an `unsupported`
 * Failure where neither is a type that can be read.
 */
export function fileTypeOf(fileName: string, declared: string): FileType {
  const mediaType = (declared.split(";")[0] ?? "").trim().toLowerCase();
  const said = BY_MEDIA_TYPE.get(mediaType);
  const meant = BY_ENDING.get(endingOf(fileName));
  // A document is none because it is called plain text, as browsers do with what they do not know.
  const isPlain = said?.mediaType === "text/plain" || said === undefined;
  const found = isPlain ? (meant ?? said) : said;
  if (found !== undefined) return found;
  throw new Failure(
    "unsupported",
    `The type of '${cut(fileName, 100)}' (${cut(mediaType, 100) || "none told"}) cannot be read. Send text, Markdown, CSV, JSON, HTML, source code, PDF or DOCX`,
  );
}

/** The format of a stored file, by the media type that {@link fileTypeOf} gave it. */
export function formatOf(mediaType: string): FileFormat {
  return BY_MEDIA_TYPE.get(mediaType)?.format ?? "text";
}

/** What stands behind the last dot of a name, or all of it: `Dockerfile` means itself. */
function endingOf(fileName: string): string {
  return fileName.slice(fileName.lastIndexOf(".") + 1).toLowerCase();
}
