// Names that say nothing are refused, in file names and in what files export: name what the thing is, or replace the
// old one.
import { basename } from "node:path";
import { exportedNames, sourceFiles } from "./exports.ts";
import { FOLDERS } from "./gates.ts";

/** In identifiers a word starts with a capital, so `Database` and `Based` are fine. */
const EMPTY_WORDS = /(Manager|Service|Helper|Util|Base)s?(?![a-z])|V2(?![0-9])/;
const EMPTY_FILE_WORDS = /(^|[-_.])(manager|service|helper|util|base)s?(?=[-_.])|(^|[-_.])v2(?=[-_.])/;

const root = process.argv[2] ?? ".";
const files = sourceFiles(root, FOLDERS);
const found = [
  ...files
    .filter((path) => EMPTY_FILE_WORDS.test(basename(path)))
    .map((path) => `${path} has a file name that says nothing`),
  ...files
    .flatMap((path) => exportedNames(root, path))
    .filter(({ name }) => EMPTY_WORDS.test(name))
    .map(({ place, name }) => `${place} ${name} is a name that says nothing`),
];

for (const line of found) console.log(line);
process.exit(found.length === 0 ? 0 : 1);
