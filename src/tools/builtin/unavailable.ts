/** Why a tool cannot run that is code of somebody's own, as its answer says. */
export const NO_CODE = "it has no place to run code";

/** What a model hears that called a tool which cannot run. */
export function cannotRun(name: string, why: string): string {
  return `This server cannot run ${name}: ${why}. Do not call it again; go on without it, and tell the person if that matters`;
}
