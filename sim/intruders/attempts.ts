import { messagesPath } from "../clients/clients.ts";
import type { KnownAgent } from "../judge/oracle.ts";
import { OWN_BLOCK } from "../plan/plan.ts";
import type { ApiRequest } from "../world/network.ts";
import { KEYS, type KeyName } from "./access-book.ts";

/** Who asks: of the first organisation its owner, those with one of {@link KEYS}, and who has nothing that opens. */
export type Who = KeyName | "owner" | "nobody" | "revoked";
type Need = "read" | "talk" | "cancel" | "keys" | "write" | "serve";

const EVERYTHING: readonly Need[] = ["read", "talk", "cancel", "keys", "write"];
/** What everybody may do with what they can reach. */
const HELD: Readonly<Record<Who, readonly Need[]>> = {
  nobody: [],
  revoked: [],
  viewer: ["read"],
  operator: ["read", "talk", "cancel", "keys"],
  // Who runs the server; that of another organisation does not.
  owner: [...EVERYTHING, "serve"],
  narrowed: EVERYTHING,
  stranger: EVERYTHING,
};

/** What somebody tries to reach. `mark` is in every text of theirs. */
export interface Target {
  readonly agent: KnownAgent;
  readonly mark: string;
  readonly runId: string;
}

interface Attempt {
  readonly needs: Need;
  /** What it is on: something of an agent, something that agents of the organisation share, or nothing yet. */
  readonly on: "agent" | "shared" | "nothing";
  readonly request: (target: Target) => ApiRequest;
}

/** A request that sends something. */
export const post = (path: string, body: object): ApiRequest => ({ method: "POST", path, body });
const patch = (path: string, body: object): ApiRequest => ({ method: "PATCH", path, body });
const get = (path: string): ApiRequest => ({ method: "GET", path });
const remove = (path: string): ApiRequest => ({ method: "DELETE", path });
const said = (content: string) => ({ messages: [{ role: "user", content }] });
const agentPath = ({ agent }: Target) => `/v1/agents/${agent.id}`;
const thread = ({ agent }: Target) => `/v1/conversations/${agent.conversationId ?? "default"}`;
const approvals = [{ type: "approval", tool_call_id: "call-of-nobody", approve: true }];

function on(needs: Need, request: Attempt["request"], where: Attempt["on"] = "agent"): Attempt {
  return { needs, on: where, request };
}

/** Every face that begins, changes or tells something. */
const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  send: on("talk", ({ agent, mark }) => post(messagesPath(agent), { ...said(mark), streaming: false })),
  stream: on("talk", ({ agent, mark }) => post(messagesPath(agent), { ...said(mark), streaming: true })),
  send_async: on("talk", (target) => post(`${agentPath(target)}/messages/async`, said(target.mark))),
  complete: on("talk", ({ agent, mark }) => post("/v1/chat/completions", { model: agent.id, ...said(mark) })),
  approve: on("talk", ({ agent }) =>
    post(messagesPath(agent), { messages: [{ type: "approval", approvals }], streaming: false }),
  ),
  converse: on("talk", ({ agent, mark }) => post(`/v1/conversations/?agent_id=${agent.id}`, { summary: mark })),
  fork: on("talk", (target) => ({ method: "POST", path: `${thread(target)}/fork?agent_id=${target.agent.id}` })),
  compact: on("talk", (target) => post(`${thread(target)}/compact`, { agent_id: target.agent.id })),
  cancel: on("cancel", (target) => post(`${agentPath(target)}/messages/cancel`, {})),
  edit_block: on("write", (target) =>
    patch(`${agentPath(target)}/core-memory/blocks/${OWN_BLOCK}`, { value: target.mark }),
  ),
  edit_shared: on("write", ({ agent, mark }) => patch(`/v1/blocks/${agent.sharedBlockId}`, { value: mark }), "shared"),
  remember: on("write", (target) => post(`${agentPath(target)}/archival-memory`, { text: target.mark })),
  learn: on("write", (target) => post(`${agentPath(target)}/memory/remember`, { text: target.mark, speaker: "spy" })),
  rename: on("write", (target) => patch(agentPath(target), { name: target.mark })),
  reset: on("write", (target) => patch(`${agentPath(target)}/reset-messages`, {})),
  delete_agent: on("write", (target) => remove(agentPath(target))),
  delete_run: on("write", ({ runId }) => remove(`/v1/runs/${runId}`)),
  make_block: on("write", ({ mark }) => post("/v1/blocks/", { label: "theirs", value: mark }), "nothing"),
  make_tool: on(
    "write",
    ({ mark }) => post("/v1/tools/", { source_code: `def spy():\n    """${mark}"""\n    return 1\n` }),
    "nothing",
  ),
  make_organization: on("serve", ({ mark }) => post("/v1/organizations", { name: mark }), "nothing"),
  make_key: on("keys", ({ mark }) => post("/v1/keys", { name: mark }), "nothing"),
  read_agent: on("read", (target) => get(agentPath(target))),
  read_messages: on("read", ({ agent }) => get(messagesPath(agent))),
  read_blocks: on("read", (target) => get(`${agentPath(target)}/core-memory/blocks`)),
  read_shared: on("read", ({ agent }) => get(`/v1/blocks/${agent.sharedBlockId}`), "shared"),
  read_passages: on("read", (target) => get(`${agentPath(target)}/archival-memory`)),
  recall: on("read", (target) => post(`${agentPath(target)}/memory/recall`, { query: target.mark })),
  read_run: on("read", ({ runId }) => get(`/v1/runs/${runId}`)),
  read_steps: on("read", ({ runId }) => get(`/v1/runs/${runId}/steps`)),
  read_stream: on("read", ({ runId }) => post(`/v1/runs/${runId}/stream`, { starting_after: 0 })),
};

/** How somebody who tries something is refused; undefined where they may. */
function refusalOf(who: Who, attempt: Attempt): number | undefined {
  if (HELD[who].length === 0) return 401;
  if (!HELD[who].includes(attempt.needs)) return 403;
  const isFar = who === "stranger" ? attempt.on !== "nothing" : attempt.on === "agent";
  if (!isFar || !["owner", "narrowed", "stranger"].includes(who)) return undefined;
  // Letta says of an agent that is not there that it has nothing to cancel.
  return attempt.needs === "cancel" && who !== "narrowed" ? 409 : 404;
}

/** Everything that somebody may not do, and how that is answered. */
export const REFUSED = [...KEYS, "owner", "nobody", "revoked"].flatMap((who) =>
  Object.entries(ATTEMPTS).flatMap(([name, attempt]) => {
    const status = refusalOf(who as Who, attempt);
    return status === undefined ? [] : [{ who: who as Who, name, attempt, status }];
  }),
);
