import { unreachable } from "../core/assert.ts";
import type { ToolChoice } from "../llm/model.ts";
import type { ToolRule } from "./tool-rule.ts";

/** Arguments that a rule fills in, over what the model wrote. */
export type PrefilledArgs = Readonly<Record<string, unknown>>;

/**
 * The tools of `toolNames` that may be called next. `history` holds the names called in this run, each call once and
 * in order; `lastResult` is the last call's answer as text, unpacked. The result may be empty: then no tool may be
 * called, and a call is answered with {@link refusalOf}.
 */
export function allowedTools(
  rules: readonly ToolRule[],
  { history, lastResult }: { readonly history: readonly string[]; readonly lastResult: string | null },
  toolNames: readonly string[],
): readonly string[] {
  if (history.length === 0) {
    const first = new Set(rules.flatMap((rule) => (rule.type === "run_first" ? [rule.toolName] : [])));
    if (first.size > 0) return toolNames.filter((name) => first.has(name));
  }
  const gates = [parentGate(rules, history.at(-1)), ...rules.map((rule) => gateOf(rule, history, lastResult))];
  return toolNames.filter((name) => gates.every((gate) => gate === undefined || gate(name)));
}

/** What to ask of the model: one tool, some tool, or whatever it wants. Arguments as of {@link allowedTools}. */
export function forcedCall(
  rules: readonly ToolRule[],
  { history, lastResult }: { readonly history: readonly string[]; readonly lastResult: string | null },
  toolNames: readonly string[],
): ToolChoice {
  if (!rules.some((rule) => forces(rule, history, lastResult))) return "auto";
  const [only, ...others] = allowedTools(rules, { history, lastResult }, toolNames);
  if (only === undefined) return "auto";
  return others.length === 0 ? { tool: only } : "required";
}

/** What a model is told that called a tool out of turn, or one that it does not have. */
export function refusalOf(toolName: string, allowed: readonly string[], isKnown: boolean): string {
  const names = allowed.map((name) => `\`${name}\``).join(", ");
  const next = allowed.length === 0 ? "No tool may be called now; answer without one" : `Call one of these: ${names}`;
  if (!isKnown) return `There is no tool called \`${toolName}\`. ${next}`;
  return `The rules of this agent do not allow \`${toolName}\` at this point. ${next}`;
}

/** Whether the run ends once this tool has answered. */
export function isTerminal(rules: readonly ToolRule[], toolName: string): boolean {
  return rules.some((rule) => rule.type === "exit_loop" && rule.toolName === toolName);
}

/** Whether the model must be called again after this tool, though it asked for nothing more. */
export function mustContinue(rules: readonly ToolRule[], toolName: string): boolean {
  return rules.some(
    (rule) =>
      rule.toolName === toolName &&
      (rule.type === "continue_loop" ||
        rule.type === "constrain_child_tools" ||
        rule.type === "parent_last_tool" ||
        rule.type === "conditional"),
  );
}

/** Whether a person must agree before this tool runs. */
export function requiresApproval(rules: readonly ToolRule[], toolName: string): boolean {
  return rules.some((rule) => rule.type === "requires_approval" && rule.toolName === toolName);
}

/** The attached tools that have yet to be called before the run may end. */
export function uncalledRequired(
  rules: readonly ToolRule[],
  history: readonly string[],
  toolNames: readonly string[],
): readonly string[] {
  const required = new Set(rules.flatMap((rule) => (rule.type === "required_before_exit" ? [rule.toolName] : [])));
  return toolNames.filter((name) => required.has(name) && !history.includes(name));
}

/** The arguments that rules fill in for a call of `toolName` at this point; empty when there are none. */
export function prefilledArgs(rules: readonly ToolRule[], history: readonly string[], toolName: string): PrefilledArgs {
  const last = history.at(-1);
  const filled = rules.flatMap((rule) => {
    if (rule.type === "run_first" && last === undefined && rule.toolName === toolName) return [rule.args ?? {}];
    if (rule.type !== "constrain_child_tools" || rule.toolName !== last) return [];
    return (rule.childArgNodes ?? []).filter(({ name }) => name === toolName).map(({ args }) => args ?? {});
  });
  return Object.assign({}, ...filled);
}

/** The `<tool_usage_rules>` section of a system prompt; empty when no rule needs explaining. */
export function renderToolRules(rules: readonly ToolRule[]): string {
  const lines = rules.flatMap((rule) => explain(rule) ?? []);
  if (lines.length === 0) return "";
  const texts = [...new Set(lines)].map((line) => `<tool_rule>\n${line.replaceAll("<", "&lt;")}\n</tool_rule>`);
  return `<tool_usage_rules>\nThese rules decide which tools you may call when. Calls that break them are refused.\n\n${texts.join("\n")}\n</tool_usage_rules>`;
}

type Gate = (toolName: string) => boolean;

/** What one rule lets through now; undefined when it has no say. */
function gateOf(rule: ToolRule, history: readonly string[], lastResult: string | null): Gate | undefined {
  const last = history.at(-1);
  switch (rule.type) {
    case "constrain_child_tools":
      return last === rule.toolName ? (name) => rule.children.includes(name) : undefined;
    case "conditional":
      return last === rule.toolName ? conditionalGate(rule, lastResult) : undefined;
    case "max_count_per_step": {
      const calls = history.filter((name) => name === rule.toolName).length;
      return (name) => name !== rule.toolName || calls < rule.maxCountLimit;
    }
    case "parent_last_tool":
    case "run_first":
    case "exit_loop":
    case "continue_loop":
    case "required_before_exit":
    case "requires_approval":
      return undefined;
    default:
      return unreachable(rule);
  }
}

/** All `parent_last_tool` rules at once, so that a child with several parents may follow any of them. */
function parentGate(rules: readonly ToolRule[], last: string | undefined): Gate | undefined {
  const parents = rules.filter((rule) => rule.type === "parent_last_tool");
  const unlocked = new Set(parents.flatMap((rule) => (rule.toolName === last ? rule.children : [])));
  if (parents.some((rule) => rule.toolName === last)) return (name) => unlocked.has(name);
  const locked = new Set(parents.flatMap((rule) => rule.children));
  return (name) => !locked.has(name);
}

type ConditionalRule = Extract<ToolRule, { type: "conditional" }>;

function conditionalGate(rule: ConditionalRule, lastResult: string | null): Gate | undefined {
  const child = childFor(rule, lastResult);
  if (child !== undefined) return (name) => name === child;
  return rule.requireOutputMapping ? () => false : undefined;
}

/** The tool that the output leads to: by its mapping, or the default one unless a mapping is required. */
function childFor(rule: ConditionalRule, lastResult: string | null): string | undefined {
  if (lastResult !== null)
    for (const [key, child] of Object.entries(rule.childOutputMapping)) if (sameOutput(key, lastResult)) return child;
  return rule.requireOutputMapping ? undefined : (rule.defaultChild ?? undefined);
}

/** Keys are texts, outputs may be anything: truth values match in any case and numbers by value. */
function sameOutput(key: string, output: string): boolean {
  const [a, b] = [key.trim(), output.trim()];
  if (key === output || a === b) return true;
  if (/^(?:true|false|none|null)$/iu.test(a)) return plain(a) === plain(b);
  const isNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu;
  return isNumber.test(a) && isNumber.test(b) && Number(a) === Number(b);
}

function plain(text: string): string {
  const lower = text.toLowerCase();
  return lower === "null" ? "none" : lower;
}

function forces(rule: ToolRule, history: readonly string[], lastResult: string | null): boolean {
  if (rule.type === "run_first") return history.length === 0;
  if (rule.toolName !== history.at(-1)) return false;
  if (rule.type === "conditional") return childFor(rule, lastResult) !== undefined;
  return rule.type === "constrain_child_tools" || rule.type === "parent_last_tool";
}

/** The rule in words; undefined for rules that the model need not know, since the server sees to them. */
function explain(rule: ToolRule): string | undefined {
  switch (rule.type) {
    case "run_first":
    case "required_before_exit":
    case "requires_approval":
      return undefined;
    case "exit_loop":
      return `Calling ${rule.toolName} ends your turn.`;
    case "continue_loop":
      return `Your turn goes on after ${rule.toolName}.`;
    case "constrain_child_tools":
      return `Right after ${rule.toolName}, call one of: ${rule.children.join(", ")}.`;
    case "parent_last_tool":
      return `Call ${rule.children.join(", ")} only right after ${rule.toolName}, and nothing else then.`;
    case "max_count_per_step":
      return `Call ${rule.toolName} at most ${rule.maxCountLimit} times before you answer.`;
    case "conditional":
      return explainConditional(rule);
    default:
      return unreachable(rule);
  }
}

function explainConditional(rule: ConditionalRule): string {
  const cases = Object.entries(rule.childOutputMapping).map(([output, child]) => `${child} if it returned ${output}`);
  const otherwise = rule.requireOutputMapping
    ? "no tool otherwise"
    : rule.defaultChild === null
      ? "any tool otherwise"
      : `${rule.defaultChild} otherwise`;
  return `Right after ${rule.toolName}, call ${[...cases, otherwise].join("; ")}.`;
}
