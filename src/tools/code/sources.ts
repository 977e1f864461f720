/** Marks what a source below returns: a value, none, or what the code threw. The rest of the text follows it. */
export const MARKS = { value: "=", nothing: "-", error: "!" } as const;

/** A tool in Python that runs code beside the tools that it may call, and returns what its last line comes to if that is an expression. */
export const PYTHON_SOURCE = `
def run_code(code: str, tools: list):
    import ast, sys, traceback, types
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    around = {name: value for name, value in globals().items() if name != "run_code"}

    def refused(name, why):
        def refuse(*_, **__):
            raise RuntimeError(name + " cannot be called here: " + why)
        return refuse

    def read(tool):
        own = types.ModuleType("tool_" + tool["name"])
        vars(own).update(around)
        sys.modules[own.__name__] = own
        tree = ast.parse(tool["source"], "<" + tool["name"] + ">")
        exec(compile(tree, "<" + tool["name"] + ">", "exec", dont_inherit=True), vars(own))
        names = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        return vars(own)[tool["name"] if tool["name"] in names else names[-1]]

    for tool in tools:
        try:
            found = refused(tool["name"], tool["why"]) if tool["source"] is None else read(tool)
        except BaseException as error:
            found = refused(tool["name"], "its source does not load: " + type(error).__name__ + ": " + str(error))
        vars(module)[tool["name"]] = found
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
