/**
 * Where a module is that stands on its own beside the program, such as "disk/checkpoint-worker": in the source, and in the
 * executable, whose names begin at this folder too.
 */
export function entryUrl(name: string): URL {
  return new URL(`./${name}.ts`, import.meta.url);
}
