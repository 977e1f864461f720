import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** One exported declaration as its file has it. */
export interface ExportedName {
  readonly name: string;
  /** `src/core/id.ts:12` */
  readonly place: string;
  /** Whether a doc comment stands above it, or above the lines it stands with. */
  readonly hasDoc: boolean;
}

/** Paths under `root` of the TypeScript files in `folders`, sorted. */
export function sourceFiles(root: string, folders: readonly string[]): readonly string[] {
  const pattern = new Bun.Glob(`{${folders.join(",")}}/**/*.{ts,tsx}`);
  return [...pattern.scanSync({ cwd: root })].filter((path) => !path.includes("node_modules/")).sort();
}

/** The exported declarations of one file. Re-exports are not declarations. */
export function exportedNames(root: string, path: string): readonly ExportedName[] {
  const text = readFileSync(join(root, path), "utf8");
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  const listed = namesInExportLists(file);
  const names: ExportedName[] = [];
  let previous: { readonly end: number; readonly hasDoc: boolean } | undefined;
  for (const statement of file.statements) {
    const own = declaredNames(statement);
    const isPublic = isExported(statement) || own.some((name) => listed.has(name));
    const standsWithPrevious =
      previous?.hasDoc === true && /^[^\S\n]*\n[^\S\n]*$/.test(text.slice(previous.end, statement.getStart(file)));
    const hasDoc = standsWithPrevious || hasDocComment(text, statement);
    if (isPublic) {
      const line = file.getLineAndCharacterOfPosition(statement.getStart(file)).line + 1;
      names.push(...own.map((name) => ({ name, place: `${path}:${line}`, hasDoc })));
    }
    previous = isPublic ? { end: statement.end, hasDoc } : undefined;
  }
  return names;
}

function hasDocComment(text: string, statement: ts.Statement): boolean {
  const comments = ts.getLeadingCommentRanges(text, statement.pos) ?? [];
  return comments.some((comment) => text.startsWith("/**", comment.pos));
}

/** Whether a statement is exported where it stands. */
export function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  return modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);
}

function declaredNames(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []));
  }
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement);
  return isNamed && statement.name !== undefined ? [statement.name.text] : [];
}

/** What `export { a, b }` names, where it names declarations of the same file. */
function namesInExportLists(file: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  for (const statement of file.statements) {
    if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier !== undefined) continue;
    if (statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause)) continue;
    for (const { propertyName, name } of statement.exportClause.elements) names.add((propertyName ?? name).text);
  }
  return names;
}
