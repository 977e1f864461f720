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
