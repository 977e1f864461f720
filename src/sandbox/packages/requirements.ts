import { Failure } from "../../core/failure.ts";

/** Packages that one tool may ask for; what they need themselves is not counted. */
const REQUIREMENTS_MAX = 32;
const NAME_CHARS_MAX = 214;
const VERSION_CHARS_MAX = 64;

/** A package that was asked for, its name and version checked: neither can be an option, an address or a path. */
export interface Requirement {
  readonly name: string;
  /** Null is the newest one. */
  readonly version: string | null;
}

interface Grammar {
  readonly name: RegExp;
  readonly version: RegExp;
  readonly example: string;
}

/** Names of PEP 508 with their extras, versions of PEP 440, whose end may be a star. */
const PIP: Grammar = {
  name: /^[a-z\d](?:[a-z\d._-]*[a-z\d])?(?:\[[a-z\d][a-z\d._-]*(?:,[a-z\d][a-z\d._-]*)*\])?$/i,
  version: /^v?\d+(?:!\d+)?(?:[.+_-]?[a-z\d])*(?:\.\*)?$/i,
  example: '{"name": "requests", "version": "2.31.0"}',
};

/** Names of the registry, versions and ranges of one, or a tag. */
const NPM: Grammar = {
  name: /^(?:@[a-z\d~-][a-z\d._~-]*\/)?[a-z\d~][a-z\d._~-]*$/i,
  version: /^(?:[~^]?\d+(?:\.(?:\d+|x|\*)){0,2}(?:[-+][a-z\d.+-]*)?|[a-z][a-z\d-]*)$/i,
  example: '{"name": "left-pad", "version": "^1.3.0"}',
};

/** Reads what a tool says of packages of pip. The same set reads the same in any order. Throws a `refused` Failure. */
export function pipRequirements(said: unknown): readonly Requirement[] {
  const read = requirements(said, PIP, "pip");
  // Names that differ in letters' size and in what stands between words are one name.
  return sorted(read.map(({ name, version }) => ({ name: name.toLowerCase().replace(/[-_.]+/g, "-"), version })));
}

/** Reads what a tool says of packages of npm. The same set reads the same in any order. Throws a `refused` Failure. */
export function npmRequirements(said: unknown): readonly Requirement[] {
  return sorted(requirements(said, NPM, "npm"));
}

function requirements(said: unknown, grammar: Grammar, kind: string): readonly Requirement[] {
  if (said === null || said === undefined) return [];
  if (!Array.isArray(said) || said.length > REQUIREMENTS_MAX)
    throw new Failure("refused", `A tool may name at most ${REQUIREMENTS_MAX} packages of ${kind}, in a list`);
  return said.map((one: unknown) => requirement(one, grammar, kind));
}

function requirement(said: unknown, { name: isName, version: isVersion, example }: Grammar, kind: string): Requirement {
  const { name, version = null }: { name?: unknown; version?: unknown } =
    typeof said === "object" && said !== null ? said : {};
  const isNamed = typeof name === "string" && name.length <= NAME_CHARS_MAX && isName.test(name);
  if (!isNamed) throw new Failure("refused", `${shown(name)} is no name of a package of ${kind}: write ${example}`);
  if (version === null || version === "") return { name, version: null };
  if (typeof version !== "string" || version.length > VERSION_CHARS_MAX || !isVersion.test(version))
    throw new Failure("refused", `${shown(version)} is no version of the package '${name}': write ${example}`);
  return { name, version };
}

function sorted(read: readonly Requirement[]): readonly Requirement[] {
  const told = new Map(read.map((one) => [JSON.stringify([one.name, one.version]), one]));
  return [...told].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "Nothing").slice(0, NAME_CHARS_MAX).toWellFormed();
}
