import { readFileSync } from "node:fs";

/** One case: known facts, one new fact, and which known ones it replaces. */
export interface EvolutionCase {
  /** Cases with the same known facts are of one group, numbered from 0. */
  readonly group: number;
  readonly known: readonly string[];
  readonly fresh: string;
  /** Indices into `known`; empty where all facts hold at once. */
  readonly replaced: readonly number[];
}

/** Cases whose new fact replaces known ones, and additions of facts that all hold at once. */
export interface EvolutionData {
  readonly replacements: readonly EvolutionCase[];
  readonly additions: readonly EvolutionCase[];
}

interface Line {
  readonly agent_args: {
    readonly extra: {
      readonly facts: readonly string[];
      readonly contradicting_fact: string;
      readonly supporting_fact_indices: readonly number[];
    };
  };
}

/**
 * Reads rows of letta-evals' core-memory-update set. The additions of a row are its facts without the replaced ones, one
 * after the other; those of rows that leave the same facts are there once.
 */
export function readEvolutionData(file: string): EvolutionData {
  const groups = new Map<string, number>();
  const seen = new Set<string>();
  const replacements: EvolutionCase[] = [];
  const additions: EvolutionCase[] = [];
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line.trim() === "") continue;
    const { facts, contradicting_fact, supporting_fact_indices } = (JSON.parse(line) as Line).agent_args.extra;
    const key = JSON.stringify(facts);
    const group = groups.get(key) ?? groups.size;
    groups.set(key, group);
    const fresh = contradicting_fact.replace(/^"|"$/gu, "");
    replacements.push({ group, known: facts, fresh, replaced: supporting_fact_indices });
    const compatible = facts.filter((_, index) => !supporting_fact_indices.includes(index));
    const remaining = JSON.stringify(compatible);
    if (seen.has(remaining)) continue;
    seen.add(remaining);
    for (const [index, fact] of compatible.entries()) {
      additions.push({ group, known: compatible.slice(0, index), fresh: fact, replaced: [] });
    }
  }
  return { replacements, additions };
}
