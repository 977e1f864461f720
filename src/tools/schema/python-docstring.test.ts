import { expect, test } from "bun:test";
import { parseDocstring } from "./python-docstring.ts";

function parse(text: string) {
  const { description, parameters } = parseDocstring(text);
  return { description, parameters: Object.fromEntries(parameters) };
}

test("parseDocstring() takes summary, body, arguments and examples apart", () => {
  const text = `
    Send a note
    to somebody.

      Kept as it is.

    Args:
        to (str, optional): Whom it goes to,
            by name.

            Never by number.
        text (Dict[str, List[int]]): What it says: all of it.
        flag: Plain.

    Returns:
        bool: Whether it went out.

    Example:
        send("Ada")
            nested
    `;
  expect(parse(text)).toEqual({
    description: 'Send a note\n\nto somebody.\n\n  Kept as it is.\n\nExamples:\nsend("Ada")\n    nested',
    parameters: {
      to: "Whom it goes to,\nby name.\n\nNever by number.",
      text: "What it says: all of it.",
      flag: "Plain.",
    },
  });
});

test("parseDocstring() puts what follows a section without indent back into the description", () => {
  expect(parse("Do.\n\nArgs:\n  a: An a.\n\nNote that it is slow.")).toEqual({
    description: "Do.\n\nNote that it is slow.",
    parameters: { a: "An a." },
  });
});

test("parseDocstring() expands tabs and passes over what is no entry", () => {
  expect(parse("\tDo.\n\n\tArguments:\n\t\ta: An a.\n\t\tnothing here\n\t\tb : A b.\n")).toEqual({
    description: "Do.",
    parameters: { a: "An a.", b: "A b." },
  });
  expect(parse("")).toEqual({ description: "", parameters: {} });
  expect(parse("   \n  ")).toEqual({ description: "", parameters: {} });
});
