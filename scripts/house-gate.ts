// What keeps a room findable and its doors plain: files in a folder, parameters told apart by place, casts, who may store,
// and where SQL is written out.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { isExported, sourceFiles } from "./exports.ts";
import { FOLDERS } from "./gates.ts";

/** Files that lie in one folder, tests aside: more are read as a list and no longer as a room. */
const FOLDER_FILES_MAX = 24;
/** Parameters of an exported function, which callers tell apart by their place alone. More are named, in an object. */
const PARAMETERS_MAX = 3;
/** Holds how many casts `src` had, in how many lines, when it was written last: it is written again when they fall. */
const RATCHET = "scripts/casts.json";
/** Casts that may go before the ratchet has to be written anew. */
const RATCHET_SLACK = 15;
/** What stores something, or begins to. A route has a use case do it. */
const STORING = new Set(["write", "save", "insert", "remove"]);

/** What gives rights without a check: only the server's own work has them. A route has a use case ask what its caller may. */
const UNCHECKED = new Set(["actorOf", "systemFor", "everywhere", "DEFAULT_ACTOR"]);

/** Where statements are written out without being hot: migrations, and what passes on those that were built. */
const WRITTEN_OUT = /^src\/store\/(?:migrations\/|base\/(?:migrate|dialect)\.ts$)/;

const root = process.argv[2] ?? ".";
const isTest = (path: string) => /\.test\.tsx?$|\/_test-/.test(path);
const shipped = sourceFiles(root, ["src"]).filter((path) => !isTest(path));

const sources = shipped.map(parsed);

const found = [
  ...fullFolders(),
  ...sources.flatMap(longSignatures),
  ...sources.flatMap(storingRoutes),
  ...sources.flatMap(uncheckedRoutes),
  ...sources.flatMap(rawStatements),
  ...risingCasts(),
];
for (const line of found) console.log(line);
process.exit(found.length === 0 ? 0 : 1);

function fullFolders(): readonly string[] {
  const files = sourceFiles(root, FOLDERS).filter((path) => !isTest(path));
  return [...Map.groupBy(files, dirname)]
    .filter(([, { length }]) => length > FOLDER_FILES_MAX)
    .map(
      ([, [first, ...others]]) =>
        `${first} lies flat with ${others.length} others; over ${FOLDER_FILES_MAX} need rooms`,
    );
}

function longSignatures(file: ts.SourceFile): readonly string[] {
  return file.statements.filter(isExported).flatMap((statement) =>
    functionsOf(statement)
      .filter(({ parameters }) => parameters.length > PARAMETERS_MAX)
      .map(({ name, parameters }) => {
        const told = `${name?.getText(file) ?? "A function"} takes ${parameters.length} parameters by place`;
        return `${placeOf(file, statement)} ${told}; at most ${PARAMETERS_MAX}`;
      }),
  );
}

/** The function that a statement declares, or those that it gives names to. */
function functionsOf(statement: ts.Statement): readonly ts.SignatureDeclaration[] {
  if (ts.isFunctionDeclaration(statement)) return [statement];
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap(({ initializer }) =>
    initializer !== undefined && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer))
      ? [initializer]
      : [],
  );
}

function storingRoutes(file: ts.SourceFile): readonly string[] {
  if (!file.fileName.startsWith("src/api/")) return [];
  return nodesOf(file).flatMap((node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
    const { name } = node.expression;
    return STORING.has(name.text)
      ? [`${placeOf(file, name)} calls .${name.text}(); a use case left of api does that`]
      : [];
  });
}

/** The door is the one place of a face where somebody comes to be who they are. */
function uncheckedRoutes(file: ts.SourceFile): readonly string[] {
  if (!file.fileName.startsWith("src/api/") || file.fileName === "src/api/http/auth.ts") return [];
  return nodesOf(file).flatMap((node) =>
    ts.isIdentifier(node) && UNCHECKED.has(node.text)
      ? [`${placeOf(file, node)} names ${node.text}, which asks nobody; take c.var.caller`]
      : [],
  );
}

/** Statements that are written out, where none has earned it: a built one and a template are executed without the values. */
function rawStatements(file: ts.SourceFile): readonly string[] {
  const { fileName } = file;
  if (!fileName.startsWith("src/store/") || WRITTEN_OUT.test(fileName)) return [];
  if (fileName.endsWith(".hot.ts"))
    return file.text.startsWith("// Hot: ") ? [] : [`${fileName} does not begin with "// Hot:" and what was measured`];
  return nodesOf(file).flatMap((node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
    const { name } = node.expression;
    return name.text === "execute" && node.arguments.length > 1
      ? [`${placeOf(file, name)} writes a statement out; build it, or measure it and name the file .hot.ts`]
      : [];
  });
}

function placeOf(file: ts.SourceFile, node: ts.Node): string {
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`;
}

/** Casts per line may not rise, but by lines that go: the casts that stay are no fault then. */
function risingCasts(): readonly string[] {
  const kept: { readonly casts: number; readonly lines: number } = JSON.parse(
    readFileSync(join(root, RATCHET), "utf8"),
  );
  let [casts, lines] = [0, 0];
  for (const file of sources) {
    casts += nodesOf(file).filter((node) => ts.isAsExpression(node) && !ts.isConstTypeReference(node.type)).length;
    lines += file.getLineStarts().length;
  }
  const now = JSON.stringify({ casts, lines });
  if (casts > kept.casts && casts / lines > kept.casts / kept.lines)
    return [`src has ${casts} casts in ${lines} lines; ${RATCHET} allows ${kept.casts} in ${kept.lines}`];
  return casts < kept.casts - RATCHET_SLACK ? [`src has fewer casts; write ${now} into ${RATCHET}`] : [];
}

function parsed(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.Latest, true);
}

function nodesOf(file: ts.SourceFile): readonly ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node) => {
    nodes.push(node);
    node.forEachChild(visit);
  };
  visit(file);
  return nodes;
}
