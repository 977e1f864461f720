/** A constraint on the order in which an agent may call its tools, in Letta's kinds. */
export type ToolRule =
  | { readonly type: "run_first"; readonly toolName: string; readonly args: Readonly<Record<string, unknown>> | null }
  | {
      readonly type: "exit_loop" | "continue_loop" | "required_before_exit" | "requires_approval";
      readonly toolName: string;
    }
  | {
      readonly type: "constrain_child_tools";
      readonly toolName: string;
      readonly children: readonly string[];
      readonly childArgNodes:
        | readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> | null }[]
        | null;
    }
  | { readonly type: "parent_last_tool"; readonly toolName: string; readonly children: readonly string[] }
  | {
      readonly type: "conditional";
      readonly toolName: string;
      readonly defaultChild: string | null;
      readonly childOutputMapping: Readonly<Record<string, string>>;
      readonly requireOutputMapping: boolean;
    }
  | { readonly type: "max_count_per_step"; readonly toolName: string; readonly maxCountLimit: number };

/** The rules without those that say once more what an earlier one says. Arguments do not tell rules apart, as in Letta. */
export function distinctRules(rules: readonly ToolRule[]): readonly ToolRule[] {
  const byMeaning = new Map<string, ToolRule>();
  for (const rule of rules) {
    const meaning = meaningOf(rule);
    if (!byMeaning.has(meaning)) byMeaning.set(meaning, rule);
  }
  return [...byMeaning.values()];
}

function meaningOf(rule: ToolRule): string {
  const shared = [rule.type, rule.toolName];
  switch (rule.type) {
    case "constrain_child_tools":
    case "parent_last_tool":
      return JSON.stringify([...shared, rule.children.toSorted()]);
    case "conditional": {
      const cases = Object.entries(rule.childOutputMapping).map(([output, child]) => JSON.stringify([output, child]));
      return JSON.stringify([...shared, rule.defaultChild, cases.toSorted(), rule.requireOutputMapping]);
    }
    case "max_count_per_step":
      return JSON.stringify([...shared, rule.maxCountLimit]);
    default:
      return JSON.stringify(shared);
  }
}
