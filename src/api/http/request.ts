import type { Context } from "hono";
import { z } from "zod";
import { joinBytes } from "../../core/bytes.ts";
import { Failure } from "../../core/failure.ts";
import { type Id, requireId } from "../../core/id.ts";
import { PAGE_ITEMS_MAX, type Page } from "../../core/page.ts";
import { cut, wellFormed } from "../../core/text.ts";
import { parseBody } from "./body-json.ts";
import type { ApiEnv } from "./env.ts";

/** The longest body of any request. Ten megabytes of messages are ordinary. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;
/** Problems that one answer lists. */
const ISSUES_MAX = 10;
/** Characters of a wrong value that an answer repeats. */
const SHOWN_CHARS_MAX = 100;
/** Fields whose values no answer repeats: answers end up in logs of clients. */
const SECRETS: ReadonlySet<string> = new Set([
  "password",
  "current_password",
  "secret",
  "token",
  "api_key",
  "secrets",
  "tool_exec_environment_variables",
  "env_vars",
]);
const HIDDEN = "***";
/** Length from which on a body is parsed apart. */
const APART_BYTES_MIN = 256 * 1024;
/** Values that one query parameter may be given. */
const REPEATS_MAX = 1_000;

/** Reads the JSON body, checked; throws an `invalid` Failure that names what is wrong. An absent body is `{}`. */
export async function readBody<S extends z.ZodType>(c: Context<ApiEnv>, schema: S): Promise<z.output<S>> {
  const body = check(schema, await readJson(c), "body");
  await c.env?.giveWay?.();
  return body;
}

/** The JSON of the body, as {@link parseBody} reads it. A long one is parsed where it keeps nobody waiting. */
export async function readJson(c: Context<ApiEnv>): Promise<unknown> {
  const bytes = await readBytes(c);
  const parseApart = c.env?.parseApart;
  if (parseApart === undefined || bytes.byteLength < APART_BYTES_MIN) return parseBody(new Uint8Array(bytes));
  return parseApart(bytes);
}

/**
 * The bytes of a body. Throws a `too_large` Failure as soon as that shows, and a `refused` one when the connection is
 * lost.
 */
export async function readBytes(c: Context<ApiEnv>, bytesMax = BODY_BYTES_MAX): Promise<ArrayBuffer> {
  const { raw } = c.req;
  if (Number(raw.headers.get("content-length") ?? 0) > bytesMax) throw tooLarge(bytesMax);
  try {
    const bytes = raw.headers.has("transfer-encoding") ? await readChunks(raw.body, bytesMax) : await raw.arrayBuffer();
    if (bytes.byteLength > bytesMax) throw tooLarge(bytesMax);
    // Absent where nobody listens: in a test, or in the simulator.
    c.env?.bodyIsHere?.();
    return bytes;
  } catch (cause) {
    if (!(cause instanceof Error) || cause.name !== "AbortError") throw cause;
    throw new Failure("refused", "The connection was closed before the whole body had come", { cause });
  }
}

/** A body whose length was not told before it came. */
async function readChunks(body: ReadableStream<Uint8Array> | null, bytesMax: number): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > bytesMax) throw tooLarge(bytesMax);
  }
  return joinBytes(chunks, length).buffer;
}

function tooLarge(bytesMax: number): Failure {
  return new Failure("too_large", `The request body is larger than ${Math.floor(bytesMax / 1024 / 1024)} MB`);
}

/** Reads the query, checked. A parameter whose schema is a list takes repeated keys. */
export function readQuery<T extends z.ZodObject>(c: Context, schema: T): z.output<T> {
  const given: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    const values = c.req.queries(name) ?? c.req.queries(`${name}[]`);
    if (values === undefined || values.length === 0) continue;
    const cleaned = values.slice(0, REPEATS_MAX).map(wellFormed);
    given[name] = isListField(field) ? cleaned : cleaned.at(-1);
  }
  return check(schema, given, "query");
}

/** An id in the path, or an `invalid` Failure that shows what one looks like. */
export function pathId<K extends string>(c: Context, prefix: K, parameter: string): Id<K> {
  return requireId(prefix, pathText(c, parameter));
}

/** A text in the path. */
export function pathText(c: Context, parameter: string): string {
  return c.req.param(parameter) ?? "";
}

/** A query parameter that may be repeated. */
export function listParam() {
  return z.array(z.string()).optional();
}

/** A query parameter that is a whole number within bounds. */
export function intParam(min: number, max: number) {
  return z
    .string()
    .regex(/^[+-]?\d{1,15}$/, "should be a whole number")
    .transform(Number)
    .pipe(z.int().min(min).max(max));
}

/** A query parameter that is true or false, however clients spell it. */
export function flagParam() {
  return z
    .string()
    .transform((text) => text.trim().toLowerCase())
    .pipe(z.enum(["true", "1", "yes", "on", "t", "y", "false", "0", "no", "off", "f", "n"]))
    .transform((text) => ["true", "1", "yes", "on", "t", "y"].includes(text));
}

/** The parameters of every paged list. */
export const pageParams = {
  before: z.string().optional(),
  after: z.string().optional(),
  limit: intParam(0, PAGE_ITEMS_MAX).optional(),
  order: z.enum(["asc", "desc"]).optional(),
};

/** What {@link pageParams} come to, with this list's defaults. */
export function pageOf(
  query: {
    readonly before?: string | undefined;
    readonly after?: string | undefined;
    readonly limit?: number | undefined;
    readonly order?: "asc" | "desc" | undefined;
  },
  defaults: { readonly limit: number; readonly order: "asc" | "desc" },
): Page {
  const { before, after, limit, order } = query;
  return {
    limit: limit ?? defaults.limit,
    order: order ?? defaults.order,
    ...(before === undefined || before === "" ? {} : { before }),
    ...(after === undefined || after === "" ? {} : { after }),
  };
}

/** Fields of which those that may lack a value are left out where they do. */
type Given<T> = { [K in keyof T as IfLacking<T[K], K, never>]?: NonNullable<T[K]> } & {
  [K in keyof T as IfLacking<T[K], never, K>]: T[K];
};
type IfLacking<V, Yes, No> = undefined extends V ? Yes : null extends V ? Yes : No;

/** The fields that have a value: what was not given is left out, not undefined. */
export function given<T extends object>(fields: T): Given<T> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as Given<T>;
}

/** Checks a value; throws an `invalid` Failure that names each wrong field and its value. */
export function check<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => told(issue, []));
  const issues = problems.slice(0, ISSUES_MAX).map((issue) => {
    const path = [where, ...issue.path.map(String)].join(".");
    const isSecret = issue.path.some((part) => SECRETS.has(String(part)));
    return `${path}: ${issue.message}, got ${isSecret ? HIDDEN : shown(valueAt(value, issue.path))}`;
  });
  throw new Failure("invalid", issues.join("; "));
}

/** A problem as it is told: that of a choice is what is wrong with the alternative that fits best. */
interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** How far the value is from what this asks for. */
  readonly distance: number;
}

/**
 * What is wrong with a value, with whole paths: of a union only the problems of the alternative that it is nearest to.
 */
function told(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): readonly Problem[] {
  const path = [...above, ...issue.path];
  const alternatives = issue.code === "invalid_union" ? issue.errors : [];
  const problems = alternatives.map((issues) => issues.flatMap((inner) => told(inner, path)));
  const distance = (list: readonly Problem[]) => list.reduce((sum, problem) => sum + problem.distance, 0);
  const [best] = problems.toSorted((a, b) => distance(a) - distance(b));
  if (best === undefined) return [{ path, message: issue.message, distance: distanceOf(issue) }];
  // What is wrong inside a field counts as one wrong field.
  return issue.path.length === 0 ? best : best.map((problem) => ({ ...problem, distance: 1 }));
}

/** Another kind of value is furthest away, then one that calls itself something else. */
function distanceOf({ path, code }: z.core.$ZodIssue): number {
  if (path.length === 0) return 10_000;
  return path.at(-1) === "type" && code === "invalid_value" ? 100 : 1;
}

function isListField(field: z.ZodType): boolean {
  const inner = field instanceof z.ZodOptional || field instanceof z.ZodNullable ? field.unwrap() : field;
  return inner instanceof z.ZodArray;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}

/** A value as an answer repeats it: as JSON, its beginning alone where it is long. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value, (name, part) => (SECRETS.has(name) ? HIDDEN : part)) ?? String(value);
  const start = cut(text, SHOWN_CHARS_MAX);
  return start === text ? text : `${start}...`;
}
