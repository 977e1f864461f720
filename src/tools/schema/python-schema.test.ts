import { expect, test } from "bun:test";
import fc from "fast-check";
import { Failure } from "../../core/failure.ts";
import { isRecord, type JsonObject } from "../../core/json.ts";
import { pythonFunctionNames, pythonSchema, pythonSchemaWithArguments, SOURCE_CHARS_MAX } from "./python-schema.ts";

/** A source whose only function has one parameter of that annotation. */
function withType(annotation: string, before = ""): string {
  return `${before}\ndef f(x: ${annotation}):\n    """Do it.\n\n    Args:\n        x: The x.\n    """\n`;
}

/** The schema of that parameter without its description, and whether it is required. */
function typeOf(annotation: string, before = ""): { schema: JsonObject; required: boolean } {
  const { parameters } = pythonSchema(withType(annotation, before));
  const properties = parameters["properties"];
  if (!isRecord(properties)) throw new Error("no properties");
  const { description, ...schema } = properties["x"] as JsonObject;
  expect(description).toBe("The x.");
  return { schema, required: JSON.stringify(parameters["required"]) === '["x"]' };
}

function refusal(source: string): string {
  try {
    pythonSchema(source);
  } catch (error) {
    if (error instanceof Failure && error.kind === "refused") return error.message;
    throw error;
  }
  throw new Error("It was not refused");
}

const DICE = `import random

def roll_dice(num_sides: int, label: str = "d") -> str:
    """
    Roll a die deterministically.

    Args:
        num_sides (int): Number of sides.
        label (str): A label.

    Returns:
        str: The outcome.
    """
    print("rolling", num_sides)
    return f"{label}:{num_sides}"
`;

test("pythonSchema() describes a function as Letta does", () => {
  expect(pythonSchema(DICE)).toEqual({
    name: "roll_dice",
    description: "Roll a die deterministically.",
    parameters: {
      type: "object",
      properties: {
        num_sides: { type: "integer", description: "Number of sides." },
        label: { type: "string", description: "A label." },
      },
      required: ["num_sides"],
    },
  });
});

test("pythonSchema() reads every type that Letta takes", () => {
  const cases: readonly (readonly [string, JsonObject, boolean?])[] = [
    ["str", { type: "string" }],
    ["float", { type: "number" }],
    ["bool", { type: "boolean" }],
    ["'int'", { type: "integer" }],
    ["list", { type: "array", items: { type: "string" } }],
    ["List", { type: "array", items: { type: "string" } }],
    ["list[int]", { type: "array", items: { type: "integer" } }],
    ["typing.List[t.List[bool]]", { type: "array", items: { type: "array", items: { type: "boolean" } } }],
    ["dict", { type: "object" }],
    ["Dict[str, Any]", { type: "object" }],
    ["Dict[str, int]", { type: "object", additionalProperties: { type: "integer" } }],
    ["Literal['a', \"b\"]", { type: "string", enum: ["a", "b"] }],
    ["Literal[1, -2]", { type: "integer", enum: [1, -2] }],
    [
      "Tuple[int, str]",
      { type: "array", prefixItems: [{ type: "integer" }, { type: "string" }], minItems: 2, maxItems: 2 },
    ],
    ["tuple[int, ...]", { type: "array", items: { type: "integer" } }],
    ["Optional[str]", { type: "string" }, false],
    ["Optional['List[int]']", { type: "array", items: { type: "integer" } }, false],
    ["Union[int, None]", { type: "integer" }, false],
    ["None | str", { type: "string" }, false],
    ["Optional[Union[int, None]]", { type: "integer" }, false],
    ["'Optional[int]'", { type: "integer" }, false],
    ["Annotated[int, Field(gt=1, le=[2])]", { type: "integer" }],
    ["Annotated[Optional[int], 'why']", { type: "integer" }, false],
    ["(int)", { type: "integer" }],
  ];
  for (const [annotation, schema, required = true] of cases)
    expect({ annotation, ...typeOf(annotation) }).toEqual({ annotation, schema, required });
});

test("pythonSchema() refuses types that no model could be told of, and names them", () => {
  const refused = [
    "Any",
    "object",
    "set",
    "datetime.date",
    "int | str",
    "Union[int, str]",
    "None",
    "Literal[1, 'a']",
    "Literal[1.5]",
    "Callable[[int], str]",
    "Dict[int, str]",
    "List[int, str]",
    "f(x)",
    "Optional",
    "...",
    "Thing",
  ];
  for (const annotation of refused) expect(refusal(withType(annotation))).toMatch(/parameter 'x' of 'f'/);
  expect(refusal(withType("Fancy"))).toMatch(/Fancy/);
});

test("pythonSchema() puts pydantic models of the same source in place", () => {
  const models = `
from pydantic import BaseModel, Field
class Base(BaseModel):
    """A place."""
    model_config = {"extra": "forbid"}
    _cache: int = 1
    x: int = Field(..., description="Across.")
class Point(Base):
    y: float = Field(description='Up' 'wards.', default=0)
    tags: List[str] = Field(default_factory=list, description="Words.")
    def size(self) -> int:
        z: int = 1
        return z
`;
  const point = {
    type: "object",
    properties: {
      x: { type: "integer", description: "Across." },
      y: { type: "number", description: "Upwards." },
      tags: { type: "array", items: { type: "string" }, description: "Words." },
    },
    required: ["x"],
  };
  expect(typeOf("Point", models).schema).toEqual(point);
  expect(typeOf("Optional[List['Point']]", models)).toEqual({
    schema: { type: "array", items: point },
    required: false,
  });
  expect(refusal(withType("P", "class P(BaseModel):\n    a: int\n"))).toMatch(/field 'a' of 'P' has no description/);
  expect(refusal(withType("P", "class P:\n    a: int\n"))).toMatch(/parameter 'x' of 'f'/);
});

test("pythonSchema() refuses models that contain themselves, and ones that multiply", () => {
  const self = "class P(BaseModel):\n    p: 'P' = Field(description='d')\n";
  expect(refusal(withType("P", self))).toMatch(/nested too deep|too large/);
  const levels = Array.from({ length: 15 }, (_, i) => {
    const fields = Array.from({ length: 10 }, (__, j) => `    f${j}: P${i + 1} = Field(description='d')\n`).join("");
    return `class P${i}(BaseModel):\n${fields}`;
  });
  expect(
    refusal(withType("P0", `${levels.join("")}class P15(BaseModel):\n    x: int = Field(description='d')\n`)),
  ).toMatch(/too large/);
});

test("pythonSchema() counts the fields that it passes over, too", () => {
  const hidden = Array.from({ length: 1_000 }, (_, i) => `    _f${i}: int = 1\n`).join("");
  const model = `class P(BaseModel):\n${hidden}    x: int = Field(description='d')\n`;
  expect(typeOf("P", model).required).toBe(true);
  expect(refusal(withType("Tuple[P, P, P]", model))).toMatch(/too large/);
});

test("pythonSchema() takes the last function at the top, and nothing else", () => {
  const source = `
def helper(a):
    return a
class Tool:
    def run(self): pass
@decorated(1,
    2)
async def last[T](
    self, agent_state: "AgentState", /, a: int, *rest: int, b: str = lambda: {"x": [1]}, **more,
) -> Dict[str, int]:
    r'''Say \\d.'''; x = 1
    def inner(): pass
if True:
    def hidden(): pass
`.replace("Say \\d.", "Say \\d.\n\n    Args:\n        a: An a.\n        b: A b.\n    ");
  const schema = pythonSchema(source);
  expect(schema.name).toBe("last");
  expect(schema.description).toBe("Say \\d.");
  expect(schema.parameters["required"]).toEqual(["a"]);
  expect(Object.keys(schema.parameters["properties"] as JsonObject)).toEqual(["a", "b"]);
  expect(pythonFunctionNames(source)).toEqual(["helper", "last"]);
});

test("pythonSchema() reads strings, comments and layout as Python does", () => {
  const source =
    'x = """\ndef no(): pass\n"""\ny = f"{x[\'a\']}" # def (\nz = 1 + \\\n  2\n\ndef f(\n  a: int, # (first\n  b: str = ")",\n): "One" \' line\\x2e\\u00e9\\N{BULLET}\'\n';
  expect(refusal(source)).toMatch(/parameter 'a' of 'f' is not described/);
  expect(pythonSchema("def f(): \"One\" ' line\\x2e\\u00e9\\101'").description).toBe("One line.éA");
  expect(pythonSchema("\ufeffdef größe(): 'Groß.'").name).toBe("größe");
  expect(pythonSchema("def f():\r\n\t'''Do\r\n\tit.'''\r\n").description).toBe("Do\n\nit.");
  expect(refusal("def f(): b'No text.'")).toMatch(/no docstring/);
  expect(refusal("def f(): f'No text.'")).toMatch(/no docstring/);
});

test("pythonSchema() takes a docstring that speaks of the arguments alone", () => {
  const source = "def f(a: int):\n    '''\n    Args:\n        a: An a.\n    '''";
  expect(pythonSchema(source).description).toBe("No description available");
});

test("pythonSchema() says what is missing", () => {
  expect(refusal("")).toMatch(/no function/);
  expect(refusal("x = 1")).toMatch(/no function/);
  expect(refusal("def nodoc(a):\n    return a\n")).toMatch(/'nodoc' has no docstring/);
  expect(refusal("def f():\n    ''' '''")).toMatch(/'f' has no docstring/);
  expect(refusal("def f(a):\n    '''Do.\n\n    Args:\n        a: An a.'''")).toMatch(
    /'a' of 'f' has no type annotation/,
  );
  expect(refusal("def f(a: int):\n    '''Do.'''")).toMatch(/'a' of 'f' is not described under Args/);
  expect(refusal("def f(a: int):\n    '''Do.\n\n    Args:\n        a:\n    '''")).toMatch(
    /'a' of 'f' is not described under Args/,
  );
  expect(refusal("x".repeat(SOURCE_CHARS_MAX + 1))).toMatch(/1000000 are read at most/);
});

test("pythonSchema() refuses broken Python with the line", () => {
  const sources = [
    "def x(:\n",
    "def x(a b):\n  pass",
    "def x()\n  pass",
    "def x() -> :\n  pass",
    "def x():\n",
    "def x():\npass",
    "def (a):\n  pass",
    "def x(a=):\n  pass",
    "def x(a:):\n  pass",
    "def x(a,,b):\n  pass",
    "def x(a):\n  pass\n pass",
    "  def x(a):\n    pass",
    "def x(a):\n  y = (1\n",
    "def x(a]:\n  pass",
    "x = 'never\ndef f(): pass",
    "x = '''never\ndef f(): pass",
    "x = 1 ? 2",
    "x = 1 \\ 2",
    "x = \ud800",
    `x = ${"(".repeat(300)}${")".repeat(300)}`,
  ];
  for (const source of sources) expect(refusal(source)).toMatch(/cannot be parsed: .* \(line \d+\)$/);
  expect(refusal("a = 1\n\n'''\n\n'''\ndef x(:\n")).toMatch(/\(line 6\)$/);
});

test("pythonSchemaWithArguments() takes the arguments from the schema it is given", () => {
  const source = "def f(request):\n    '''Do it.'''\n";
  const given = {
    title: "Args",
    $defs: {
      P: {
        title: "P",
        type: "object",
        properties: { title: { type: "string", title: "Title", description: "Its title." } },
      },
    },
    properties: { title: { type: "string", description: "A title." }, p: { $ref: "#/$defs/P", description: "A p." } },
    required: ["p"],
  };
  expect(pythonSchemaWithArguments(source, given)).toEqual({
    name: "f",
    description: "Do it.",
    parameters: {
      type: "object",
      properties: {
        title: { type: "string", description: "A title." },
        p: {
          type: "object",
          properties: { title: { type: "string", description: "Its title." } },
          description: "A p.",
        },
      },
      required: ["p"],
    },
  });
  const undescribed = { properties: { a: { type: "string" } }, required: ["a"] };
  for (const bare of ["def f(a): ...", "def f(a):\n    ''' '''\n"]) {
    expect(pythonSchemaWithArguments(bare, undescribed)).toEqual({
      name: "f",
      description: "The f tool",
      parameters: { type: "object", properties: { a: { type: "string", description: "" } }, required: ["a"] },
    });
  }
  const refused: readonly JsonObject[] = [
    { properties: { a: "string" } },
    { properties: { a: { $ref: "#/$defs/No" } } },
    { $defs: { A: { $ref: "#/$defs/A" } }, properties: { a: { $ref: "#/$defs/A" } } },
    {
      $defs: { A: { anyOf: Array.from({ length: 10 }, () => ({ $ref: "#/$defs/A" })) } },
      properties: { a: { $ref: "#/$defs/A" } },
    },
  ];
  for (const schema of refused) expect(() => pythonSchemaWithArguments(source, schema)).toThrow(Failure);
});

/** The only ways a source may be answered, and the milliseconds of work that takes, whatever else the machine does. */
function answer(source: string): number {
  const before = process.cpuUsage();
  try {
    const schema = pythonSchema(source);
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error.kind).toBe("refused");
  }
  return process.cpuUsage(before).user / 1000;
}

const fragment = fc.oneof(
  fc.constantFrom(
    "def f(",
    "async def g(a: ",
    "class A(BaseModel):",
    ")",
    "):",
    ":",
    ",",
    "\n",
    "\n    ",
    "\n\t",
    '"""',
    "'",
    '"',
    "\\",
    "#",
    "=",
    "[",
    "]",
    "{",
    "}",
    "|",
    "...",
    "-",
    "->",
    "int",
    "List[",
    "Optional[",
    "Literal['a']",
    "Field(description='d')",
    "Args:\n        a: An a.",
    "a: int = 1",
    "'A'",
    "*",
    "/",
    "**k",
    "__proto__: int",
    "@",
    "lambda: 1",
    "\r\n",
    "\0",
    "\ud800",
    "é",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
);

test("pythonSchema() answers any text with a schema or a refusal", () => {
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 40 }), (parts) => {
      answer(parts.join(""));
      answer(`def f(${parts.join("")}):\n    """Do.\n\n    Args:\n        a: An a.\n    """\n`);
      answer(`def f(a: ${parts.join("")}):\n    """Do.\n\n    Args:\n        a: An a.\n    """\n`);
      answer(`def f(a: int):\n    """${parts.join("")}"""\n`);
    }),
    { numRuns: 500 },
  );
});

test("pythonSchema() takes bounded time for a megabyte of anything", () => {
  const size = SOURCE_CHARS_MAX;
  const filled = (piece: string, before = "", after = "") =>
    (before + piece.repeat(Math.floor((size - before.length - after.length) / piece.length)) + after).slice(0, size);
  const doc = ':\n "Do.\\n\\nArgs:\\n a: An a."\n';
  const sources = [
    ...[
      " ",
      "\n",
      "(",
      "()",
      "[]",
      "'",
      '"',
      "'''",
      '"""',
      "\\",
      "\\\n",
      "#",
      "a",
      "a ",
      "a.",
      "1",
      "1_",
      "=",
      "-",
      ":",
      "a:\n",
      "def f(",
      "def f():\n 'a'\n",
      "class A(A):\n a: A\n",
      "\t",
      "\\N{",
      "é",
      "😀",
    ].map((piece) => filled(piece)),
    ...["a, ", "a: int, ", "a: List[", "*a, ", " "].map((piece) => filled(piece, "def f(", `)${doc}`)),
    ...["int|", "'", "List[", "Optional[", "(", "-", "int,", "."].map((piece) => filled(piece, "def f(a: ", `)${doc}`)),
    filled("int, ", "def f(a: Tuple[", `])${doc}`),
    filled("1, ", "def f(a: Literal[", `])${doc}`),
    filled("\\\\", "def f(a: '", `')${doc}`),
    ...[" ", "a", "a ", "a (", "\n    a: b", "\nArgs:\n a: b", "\n\n", "\\t", "\\x41", "\\N{x"].map((piece) =>
      filled(piece, 'def f(a: int):\n    """Do.\n    Args:\n', '"""'),
    ),
    filled(" a: int\n", "class A(BaseModel):\n", `def f(${"a: A, ".repeat(100)})${doc}`),
    filled(" _a: int\n", "class A(BaseModel):\n", `def f(a: Tuple[${"A,".repeat(5000)}])${doc}`),
    filled("class A(A):\n x=1\n", "class A(BaseModel):\n x=1\n", `def f(a: Tuple[${"A,".repeat(5000)}])${doc}`),
    Array.from({ length: 30_000 }, (_, i) => `class C${i}(${i === 0 ? "BaseModel" : `C${i - 1}`}):\n x=1\n`).join("") +
      `def f(a: Tuple[${"C29999,".repeat(3000)}])${doc}`,
  ];
  for (const source of sources)
    expect({ source: source.slice(0, 60), fast: answer(source) < 3_000 }).toEqual({
      source: source.slice(0, 60),
      fast: true,
    });
}, 120_000);
