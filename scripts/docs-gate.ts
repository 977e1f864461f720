// Every exported declaration of src/ says in a doc comment what it is. Lines without an empty line between them share
// the comment above the first.
import { exportedNames, sourceFiles } from "./exports.ts";

const root = process.argv[2] ?? ".";
const bare = sourceFiles(root, ["src"])
  .filter((path) => !path.endsWith(".test.ts"))
  .flatMap((path) => exportedNames(root, path))
  .filter(({ hasDoc }) => !hasDoc);

for (const { place, name } of bare) console.log(`${place} ${name} has no doc comment`);
process.exit(bare.length === 0 ? 0 : 1);
