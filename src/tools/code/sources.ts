/** Marks what a source below returns: a value, none, or what the code threw. The rest of the text follows it. */
export const MARKS = { value: "=", nothing: "-", error: "!" } as const;

/** A tool in Python that runs code, and returns what its last line comes to if that is an expression. */
export const PYTHON_SOURCE = `
def run_code(code: str):
    import ast, sys, traceback, types
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        tree = ast.parse(code, "<code>")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<code>", "exec", dont_inherit=True), vars(module))
        if last is None:
            return "${MARKS.nothing}"
        value = eval(compile(ast.Expression(last.value), "<code>", "eval", dont_inherit=True), vars(module))
    except SystemExit as stop:
        return "${MARKS.nothing}" if stop.code in (None, 0) else "${MARKS.error}SystemExit: " + str(stop.code)
    except BaseException as error:
        own = error.__traceback__.tb_next if error.__traceback__ else None
        sys.stderr.write("".join(traceback.format_exception(type(error), error, own)))
        return "${MARKS.error}" + type(error).__name__ + ": " + str(error)
    if value is None:
        return "${MARKS.nothing}"
    return "${MARKS.value}" + (value if isinstance(value, str) else repr(value))
`;

/** As {@link PYTHON_SOURCE}, for TypeScript and so for JavaScript, with imports and awaits at the top of the code. */
export const SCRIPT_SOURCE = `
import { createRequire } from "node:module";
import { inspect } from "node:util";

export async function run_code(code: string) {
  try {
    globalThis.require ??= createRequire("/tmp/code.ts");
    const last = await (0, eval)(new Bun.Transpiler({ loader: "ts", replMode: true }).transformSync(code));
    const value = await last?.value;
    if (value === undefined) return "${MARKS.nothing}";
    return "${MARKS.value}" + (typeof value === "string" ? value : inspect(value));
  } catch (thrown) {
    const error = thrown instanceof AggregateError && thrown.errors.length > 0 ? thrown.errors[0] : thrown;
    if (error instanceof Error) console.error(error.stack ?? "");
    return "${MARKS.error}" + (error instanceof Error ? error.name + ": " + error.message : inspect(error));
  }
}
`;
