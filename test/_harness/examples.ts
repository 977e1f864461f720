// With SELKIE_EXAMPLES_WRITE=true, what tests send and are answered becomes the examples of `/openapi.json`, where that
// has none yet.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord, parseJson } from "../../src/core/json.ts";

const FILE = join(import.meta.dir, "../../src/api/http/examples.txt");
const ITEMS_MAX = 1;
const NUMBERS_MAX = 3;
const CHARS_MAX = 100;
const BODY_CHARS_MAX = 2_000;
const UUID = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
/** What comes out otherwise every time. */
const SECRET = /^(?:key|token|secret|code|hash|previous_hash)$/;

/** Examples by the name of what is shown, or by the route. */
interface Examples {
  readonly answers: Record<string, unknown>;
  readonly bodies: Record<string, unknown>;
}

let kept: Examples | undefined;

/** Keeps an answer, and what was sent for it, as examples. */
export function addExample(
  route: string,
  schema: unknown,
  { body, sent }: { readonly body: unknown; readonly sent?: unknown },
): void {
  if (process.env["SELKIE_EXAMPLES_WRITE"] !== "true") return;
  kept ??= read();
  const before = Object.keys(kept.answers).length + Object.keys(kept.bodies).length;
  const items = isRecord(schema) && isRecord(schema["items"]) ? schema["items"] : undefined;
  const named = nameIn(schema) ?? nameIn(items);
  const shown = nameIn(items) !== undefined && Array.isArray(body) ? body[0] : body;
  if (shown !== undefined) kept.answers[named ?? route] ??= shortened(shown, "");
  const given = typeof sent === "string" ? parseJson(sent) : sent;
  const isShort = JSON.stringify(given ?? null).length < BODY_CHARS_MAX;
  if (isRecord(given) && isShort && Object.keys(given).length > 0) kept.bodies[route] ??= shortened(given, "");
  if (Object.keys(kept.answers).length + Object.keys(kept.bodies).length > before) write(kept);
}

function read(): Examples {
  const { answers, bodies } = JSON.parse(readFileSync(FILE, "utf8"));
  return { answers, bodies };
}

function write({ answers, bodies }: Examples): void {
  const sorted = (map: object) => Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(FILE, `${JSON.stringify({ answers: sorted(answers), bodies: sorted(bodies) }, null, 2)}\n`);
}

function nameIn(schema: unknown): string | undefined {
  const reference = isRecord(schema) ? schema["$ref"] : undefined;
  return typeof reference === "string" ? reference.split("/").at(-1) : undefined;
}

/** The same with little of each list and text, and with ids and times that are always the same. */
function shortened(value: unknown, field: string): unknown {
  if (typeof value === "string") {
    if (SECRET.test(field) && value.length > 0) return "...";
    if (TIME.test(value)) return "2026-01-31T09:30:00+00:00";
    const text = value.replace(UUID, "123e4567-e89b-42d3-8456-426614174000");
    return text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX - 3)}...` : text;
  }
  if (typeof value === "number") return Math.abs(value) >= 1e6 ? 1_000_000 : value;
  if (Array.isArray(value)) {
    const most = typeof value[0] === "number" ? NUMBERS_MAX : ITEMS_MAX;
    return value.slice(0, most).map((item) => shortened(item, field));
  }
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shortened(inner, name)]));
}
