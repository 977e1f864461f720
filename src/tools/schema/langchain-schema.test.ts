import { expect, test } from "bun:test";
import { importsLangchain, langchainSchema } from "./langchain-schema.ts";
import { typescriptCall } from "./typescript-schema.ts";

const IMPORTS =
  'import { tool, DynamicStructuredTool, StructuredTool, Tool } from "@langchain/core/tools";\nimport { z } from "zod";\n';

const WEATHER = `${IMPORTS}
// it's a comment
const unit = z.enum(["c", 'f']).describe("The unit").default("c")
const schema = z.object({
  city: z.string().min(1).describe("Where " + "it is"),
  days: z.number().int().max(10).optional(), unit,
  tags: z.array(z.string()),
  note: z.string().describe("A note").nullable(),
  "place": z.object({ lat: z.number(), isHigh: z.boolean() }).optional(),
});
const cut = (x: string) => x.replace(/["'\`({]/g, "") + \`a\${ \`b\${x}\` + "}" } tool(\`;
export const weather = tool(async ({ city, days }) => { return cut(city) + days / 2; }, {
  name: "weather", description: \`Tells the
weather\`, schema, responseFormat: "content_and_artifact",
});
`;

test("langchainSchema() reads the simple forms of zod", () => {
  expect(langchainSchema(WEATHER)).toEqual({
    name: "weather",
    description: "Tells the\nweather",
    parameters: {
      type: "object",
      properties: {
        city: { type: "string", minLength: 1, description: "Where it is" },
        days: { type: "integer", maximum: 10 },
        unit: { type: "string", enum: ["c", "f"], description: "The unit", default: "c" },
        tags: { type: "array", items: { type: "string" } },
        note: { anyOf: [{ type: "string" }, { type: "null" }], description: "A note" },
        place: {
          type: "object",
          properties: { lat: { type: "number" }, isHigh: { type: "boolean" } },
          required: ["lat", "isHigh"],
        },
      },
      required: ["city", "tags", "note"],
    },
  });
});

test("langchainSchema() knows the other ways to make a tool", () => {
  const a = { type: "object", properties: { a: { type: "string" } }, required: ["a"] };
  const fields =
    'name: "f", description: "it\\u0027s \\"f\\"\\n", schema: z.object({ a: z.string() }), async func({ a }) { return a; }';
  expect(langchainSchema(`${IMPORTS}export default new DynamicStructuredTool({ ${fields} })`)).toEqual({
    name: "f",
    description: 'it\'s "f"\n',
    parameters: a,
  });
  const made = `export class F extends StructuredTool {
    name = "f"
    description: string = "Does it"
    schema = z.object({ a: z.string() })
    static lc_name() { return "F" }
    async _call(given: { a: string }) { this.name = "other"; const name = "x"; return given.a + name; }
  }`;
  expect(langchainSchema(IMPORTS + made)).toEqual({ name: "f", description: "Does it", parameters: a });
  const text = { type: "object", properties: { input: { type: "string" } }, required: ["input"] };
  const simple = 'export class F extends Tool { name = "f"; description = "Does it"; _call(input) { return input; } }';
  expect(langchainSchema(IMPORTS + simple).parameters).toEqual(text);
  const plain = 'export const f = tool((a) => a, { name: "f", schema: { type: "object", properties: { a: {} } } });';
  expect(langchainSchema(IMPORTS + plain)).toEqual({
    name: "f",
    description: "f",
    parameters: { type: "object", properties: { a: {} } },
  });
});

test("langchainSchema() asks for a json_schema where a source is not simple, and says what is not", () => {
  const refusal = (rest: string) => {
    try {
      return langchainSchema(IMPORTS + rest);
    } catch (error) {
      return error;
    }
  };
  const withSchema = (schema: string) => `export const f = tool((a) => a, { name: "f", schema: ${schema} });`;
  const cases: readonly (readonly [string, string])[] = [
    ["export const f = 1;", "no tool(..., {...})"],
    [`${withSchema("z.object({})")} ${withSchema("z.object({})")}`, "more than one tool"],
    ['const f = tool((a) => a, { name: "f" });', "does not export"],
    ["export const f = tool((a) => a, { description: 'x' });", "no name"],
    [`export const f = tool((a) => a, { name: \`f\${1}\` });`, "the name of the tool is computed"],
    ["export const f = tool((a) => a, { ...rest });", "no plain object"],
    ["export const f = tool((a) => a, fields);", "no plain object"],
    [withSchema("z.union([z.string(), z.number()])"), "z.union() is not read"],
    [withSchema("z.string()"), "no z.object()"],
    [withSchema("made()"), "'made()' is no simple form of zod"],
    [withSchema("z.object({ ...more })"), "no plain object"],
    [withSchema("z.object({ a: z.enum(LETTERS) })"), "z.enum()"],
    [withSchema("z.object({ a: z.string().transform((a) => a) })"), ".transform(...)"],
    [withSchema("z.object({ a: z.string().default(now()) })"), ".default(...)"],
    [withSchema(`${"z.array(".repeat(40)}z.string()${")".repeat(40)}`), "within each other"],
    [`const a = z.object({ a, b: a });\n${withSchema("a")}`, "too many"],
  ];
  for (const [source, why] of cases)
    expect([source, refusal(source)]).toEqual([
      source,
      expect.objectContaining({ kind: "invalid", message: expect.stringContaining(why) }),
    ]);
  expect(refusal("export const f = tool((")).toMatchObject({ kind: "refused" });
  expect(refusal("export const f = `never")).toMatchObject({ kind: "refused" });
});

test("langchainSchema() answers for any source, long ones too", () => {
  for (const part of [
    "`${",
    "{",
    "z.object({a:",
    "a+",
    "/[",
    '"',
    "const a = a;",
    "tool(",
    "class A extends Tool ",
    "\\",
  ]) {
    const source = IMPORTS + part.repeat((20_000 - IMPORTS.length) / part.length);
    expect(() => langchainSchema(source)).toThrow(/source/);
  }
}, 120_000);

test("typescriptCall() leaves what is called to the process where LangChain may have made it", () => {
  expect(importsLangchain(WEATHER)).toBe(true);
  expect(importsLangchain("// from @langchain/core")).toBe(false);
  expect(typescriptCall(WEATHER, "weather")).toEqual({ name: null, parameters: null, mayBeMade: true });
  const own = `${IMPORTS}export function f(a: string) {}`;
  expect(typescriptCall(own, "f")).toEqual({ name: "f", parameters: ["a"], mayBeMade: false });
  expect(typescriptCall(own, "other")).toEqual({ name: "f", parameters: ["a"], mayBeMade: true });
});
