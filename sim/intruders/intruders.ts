import {
  activeRuns,
  as,
  ask,
  type Clients,
  insist,
  isRefusedByDisk,
  listRuns,
  pause,
  walk,
} from "../clients/clients.ts";
import { cancel } from "../clients/conversation-operations.ts";
import { made } from "../clients/making.ts";
import { insertPassage } from "../clients/memory-operations.ts";
import { readContext, replay, searchMessages, walkList, walkPassages } from "../clients/reading-operations.ts";
import { answerApproval, type SendMode, sendMessage } from "../clients/sending.ts";
import type { KnownAgent } from "../judge/oracle.ts";
import { MODEL_NAMES } from "../servers/providers.ts";
import type { Answer, ApiRequest } from "../world/network.ts";
import type { SeededRandom } from "../world/random.ts";
import { type Admitted, KEYS, type KeyName, STRANGER } from "./access-book.ts";
import { post, REFUSED, type Target, type Who } from "./attempts.ts";

/** Numbers of what they try are higher than those of any operation. */
const FIRST_INTRUSION = 10_000;
const THINK_MS_MAX = 1_500;
/** Names nothing: who may delete blocks is told so, and who may not is told that. */
const PROBE: ApiRequest = { method: "DELETE", path: "/v1/blocks/block-00000000-0000-4000-8000-000000000000" };
/** Something that everybody may read. */
const GLANCE: ApiRequest = { method: "GET", path: "/v1/agents/" };
const PAGE = 50;
/** How long a stream may go on whose reader may not see it any more, with what was on its way already. */
const STREAM_MS_MAX = 10_000;

const LISTS = ["agents", "conversations", "blocks", "archives", "groups", "tools", "runs", "messages"] as const;
/** Lists that only some may read, of what an organisation has. */
const LISTS_OF_OWNERS = ["keys", "users", "organizations", "limits", "webhooks", "audit"] as const;

type Cursor = readonly [list: string, cursorOf: (target: Target) => string, status: number];

/** Lists that go on behind whatever id they are given, and what they say to one that names nothing. */
const CURSORS: readonly [Cursor, ...Cursor[]] = [
  ["agents", ({ agent }) => agent.id, 200],
  ["blocks", ({ agent }) => agent.sharedBlockId, 404],
  ["runs", ({ runId }) => runId, 404],
  ["conversations", ({ agent }) => agent.conversationId ?? "", 404],
];

interface Intruding {
  readonly clients: Clients;
  readonly random: SeededRandom;
  readonly admitted: Admitted;
  readonly who: (name: Who) => Clients;
}

type Intrusion = (intruding: Intruding) => Promise<void>;

/** Lets others in who may less, where the seed has any. */
export async function admitIntruders(clients: Clients): Promise<void> {
  const { options, oracle } = clients;
  const [first] = oracle.agents;
  if (options.intrusions === 0 || first === undefined) return;
  const { id: organizationId } = await made(clients, "/v1/organizations", { name: "elsewhere" });
  const keyOf = async (draft: object) => (await makeKey(clients, draft)).key;
  const stranger = await keyOf({ name: "stranger", role: "owner", organization_id: organizationId });
  const keys = {
    stranger,
    viewer: await keyOf({ name: "viewer", role: "viewer" }),
    operator: await keyOf({ name: "operator", role: "operator" }),
    narrowed: await keyOf({ name: "narrowed", role: "owner", agents: [first.id] }),
  };
  const [provider] = options.providers;
  const { id: strangersAgentId } = await made(as(clients, stranger), "/v1/agents/", {
    name: "agent elsewhere",
    model: `${provider}/${MODEL_NAMES[provider][0]}`,
    memory_blocks: [{ label: "persona", value: `cn-${STRANGER};` }],
    include_base_tools: false,
    ...(options.windowTokens === null ? {} : { context_window_limit: options.windowTokens }),
  });
  oracle.access.admit({ keys, organizationId, narrowedTo: first.owner, strangersAgentId });
  // Nobody else can look at its runs.
  oracle.agentLeaves(STRANGER);
}

/** Who has another organisation, and what they have there; undefined where the seed has nobody like that. */
export function strangerOf(clients: Clients): { readonly clients: Clients; readonly agent: KnownAgent } | undefined {
  const { admitted } = clients.oracle.access;
  if (admitted === undefined) return undefined;
  const { strangersAgentId: id, keys } = admitted;
  const model = MODEL_NAMES[clients.options.providers[0]][0];
  const own = {
    conversationId: null,
    sharedBlockId: "",
    isolatedBlockIds: [],
    inherited: [],
    isFork: false,
    standIn: null,
  };
  return { clients: as(clients, keys.stranger), agent: { ...own, number: STRANGER, owner: STRANGER, id, model } };
}

/** They try all sorts of things, one after the other, while the clients are at work. */
export async function runIntruders(clients: Clients): Promise<void> {
  const { options, oracle, decisions } = clients;
  const { admitted } = oracle.access;
  if (admitted === undefined) return;
  for (let number = FIRST_INTRUSION; number < FIRST_INTRUSION + options.intrusions; number++) {
    if (!decisions.operation(number)) continue;
    const random = clients.random.fork(`intrusion ${number}`);
    const own = { ...clients, random };
    await pause(own, THINK_MS_MAX);
    const who = (name: Who) => (name === "owner" ? own : as(own, keyFor(own, admitted, name)));
    await random.pick(INTRUSIONS)({ clients: own, random, admitted, who });
  }
}

/** What opens for somebody; null for who has nothing. */
function keyFor({ oracle, random }: Clients, { keys }: Admitted, who: Exclude<Who, "owner">): string | null {
  const { revoked } = oracle.access;
  if (who === "nobody") return null;
  return who === "revoked" ? (revoked[random.int(Math.max(1, revoked.length))] ?? null) : keys[who];
}

const INTRUSIONS: readonly [Intrusion, ...Intrusion[]] = [attempt, attempt, attempt, look, goOn, change, use, use];

/** Somebody tries what they may not do: that is what they are told, and nothing comes of it. */
async function attempt({ clients, random, admitted, who }: Intruding): Promise<void> {
  const { oracle, scheduler } = clients;
  const tried = random.pick(REFUSED as [(typeof REFUSED)[number], ...typeof REFUSED]);
  const agent = targetOf(clients, admitted, tried.who);
  const mark = `no-${random.uuid()}`;
  oracle.access.refusedMarks.push(mark);
  const target = { agent, mark, runId: runOf(clients, agent) };
  scheduler.note(`client: ${tried.who} tries to ${tried.name} agent ${agent.number}`);
  const request = tried.attempt.request(target);
  expectStatus(clients, { who: tried.who, request }, await who(tried.who).network.call(request), tried.status);
}

/** An agent that somebody has nothing to do with. */
function targetOf(clients: Clients, { narrowedTo }: Admitted, who: Who): KnownAgent {
  const { oracle, random } = clients;
  const stranger = strangerOf(clients)?.agent;
  const others = who === "owner" ? [] : oracle.agents.filter(({ owner }) => who !== "narrowed" || owner !== narrowedTo);
  return others[random.int(Math.max(1, others.length))] ?? stranger ?? (oracle.agents[0] as KnownAgent);
}

/** A run of the agent; one that nobody has where none is known. */
function runOf({ oracle, random }: Clients, { number }: KnownAgent): string {
  const known = oracle.turns.flatMap(({ plan, runId }) =>
    plan.agent === number && runId !== undefined ? [runId] : [],
  );
  return known[random.int(Math.max(1, known.length))] ?? "run-00000000-0000-4000-8000-000000000000";
}

interface Tried {
  readonly who: Who;
  readonly request: ApiRequest;
}

function expectStatus({ oracle }: Clients, { who, request }: Tried, answer: Answer, status: number): void {
  if (answer.kind !== "answered" || isRefusedByDisk(answer)) return;
  oracle.checked();
  if (answer.status !== status) {
    const told = `${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`;
    oracle.fail("S25 access", `${who}: ${request.method} ${request.path} was answered ${told}, not ${status}`);
  }
}

/** Everybody may read lists, each their own: what is in them is looked at with every answer. */
async function look({ clients, random, admitted, who }: Intruding): Promise<void> {
  const name = random.pick(KEYS);
  const agent = targetOf(clients, admitted, name);
  const isOwner = name === "stranger" && random.chance(0.5);
  const search = post("/v1/messages/search", { query: "mk end", agent_id: agent.id });
  const list = (): ApiRequest => ({ method: "GET", path: `/v1/${random.pick(isOwner ? LISTS_OF_OWNERS : LISTS)}/` });
  const request = random.chance(0.2) ? search : list();
  expectStatus(clients, { who: name, request }, await who(name).network.call(request), 200);
}

/** A list that goes on behind something which somebody cannot see goes on as behind nothing. */
async function goOn({ clients, random, admitted, who }: Intruding): Promise<void> {
  const name = random.pick(["narrowed", "stranger"] as const);
  const [list, cursorOf, status] = random.pick(CURSORS);
  const agent = targetOf(clients, admitted, name);
  const after = cursorOf({ agent, mark: "", runId: runOf(clients, agent) });
  // Agents share a block, and only some have a conversation.
  if (after === "" || (name === "narrowed" && list === "blocks")) return;
  const order = random.chance(0.5);
  const path = `/v1/${list}/?after=${after}&ascending=${order}&order=${order ? "asc" : "desc"}`;
  const request: ApiRequest = { method: "GET", path };
  const answer = await who(name).network.call(request);
  expectStatus(clients, { who: name, request }, answer, status);
  if (list !== "agents" || answer.kind !== "answered" || answer.status !== 200) return;
  const own = name === "stranger" ? admitted.strangersAgentId : clients.oracle.agents[0]?.id;
  const ids = (answer.body as readonly { readonly id: string }[]).map(({ id }) => id);
  clients.oracle.checked();
  if (own === undefined || !ids.includes(own))
    clients.oracle.fail("S26 apart", `${name}: ${path} tells where ${after} stands, as it lists ${ids.join(" ")}`);
}

interface MadeKey {
  readonly id: string;
  readonly user_id: string;
  readonly key: string;
}

async function makeKey(clients: Clients, draft: object): Promise<MadeKey> {
  const key = await made<MadeKey>(clients, "/v1/keys", draft);
  clients.oracle.access.refusedMarks.push(key.key);
  return key;
}

/** A key is revoked, or its owner's role lowered: from then on it opens nothing, or less, and its streams end. */
async function change({ clients, random }: Intruding): Promise<void> {
  const { oracle, scheduler } = clients;
  const { access } = oracle;
  const { id, user_id, key } = await makeKey(clients, { name: `key ${random.uuid()}`, role: "editor" });
  if (id === "none") return;
  const holder = as(clients, key);
  const tellsOf = async (request: ApiRequest, status: number) =>
    expectStatus(clients, { who: "revoked", request }, await holder.network.call(request), status);
  await tellsOf(PROBE, 404);
  const isRevoked = random.chance(0.5);
  const reading = isRevoked ? await follow(holder) : undefined;
  const member = `/v1/organizations/org-00000000-0000-4000-8000-000000000000/members/${user_id}`;
  const request: ApiRequest = isRevoked
    ? { method: "DELETE", path: `/v1/keys/${id}` }
    : { method: "PUT", path: member, body: { role: "viewer" } };
  scheduler.note(`client: a key is ${isRevoked ? "revoked" : "lowered"}`);
  const answer = await ask(clients, request);
  if (answer?.status !== 200) return oracle.fail("S17 status", `${request.path}: ${JSON.stringify(answer)}`);
  (isRevoked ? access.revoked : access.lowered).push(key);
  const changedMs = scheduler.nowMs();
  await tellsOf(PROBE, isRevoked ? 401 : 403);
  await tellsOf(GLANCE, isRevoked ? 401 : 200);
  const lastMs = await reading?.lastMs;
  oracle.checked();
  // A process that is paused hears of nothing, and may have something to say when it wakes.
  if (lastMs !== undefined && lastMs > changedMs + STREAM_MS_MAX && !clients.faults.counts().has("crash pause"))
    oracle.fail("S25 access", `${Math.round(lastMs - changedMs)} ms after its key was revoked a stream goes on`);
}

/** Reads the stream of a run at work, if there is one, to its end; `lastMs` is when the last line came. */
async function follow(holder: Clients): Promise<{ readonly lastMs: Promise<number> } | undefined> {
  const { network, scheduler } = holder;
  const [run] = await activeRuns(holder);
  if (run === undefined) return undefined;
  let lastMs = 0;
  const take = () => {
    lastMs = scheduler.nowMs();
  };
  const reading = network.stream(post(`/v1/runs/${run.id}/stream`, { starting_after: 0 }), take, () => false);
  return { lastMs: reading.then(() => lastMs) };
}

/** Somebody does what they may. */
async function use({ clients, random, admitted, who }: Intruding): Promise<void> {
  const { oracle, scheduler } = clients;
  const name = random.pick(KEYS);
  const stranger = strangerOf(clients);
  const own = oracle.agents.filter(({ owner }) => name !== "narrowed" || owner === admitted.narrowedTo);
  const agent = name === "stranger" && stranger !== undefined ? stranger.agent : own[random.int(own.length)];
  if (agent === undefined) return;
  scheduler.note(`client: ${name} uses agent ${agent.number}`);
  await random.pick(USES[name])(who(name), agent);
}

type Use = (clients: Clients, agent: KnownAgent) => Promise<unknown>;

const send: Use = (clients, agent) =>
  sendMessage(clients, agent, clients.random.pick<SendMode>(["blocking", "steps", "tokens", "background"]));
const page: Use = (clients, agent) => walk(clients, agent, 2 + clients.random.int(6));

const USES: Readonly<Record<KeyName, readonly [Use, ...Use[]]>> = {
  viewer: [page, walkList, searchMessages, readContext, replay, (clients) => listRuns(clients, "ascending=true")],
  operator: [send, cancel, answerApproval, page],
  narrowed: [send, page, insertPassage, walkPassages],
  stranger: [
    (clients, agent) => sendMessage(clients, agent, clients.random.pick(["blocking", "tokens"]), "none"),
    (clients) => activeRuns(clients),
  ],
};

/** What everybody may is what it was, whatever crashed meanwhile. */
export async function checkAccess(clients: Clients): Promise<void> {
  const { oracle } = clients;
  const { admitted, revoked, lowered } = oracle.access;
  const stranger = strangerOf(clients);
  if (admitted === undefined || stranger === undefined) return;
  const expect = async (key: string | null, request: ApiRequest, status: number) => {
    const answer = await insist(as(clients, key), request);
    if (answer !== undefined) expectStatus(clients, { who: "revoked", request }, answer, status);
  };
  for (const key of revoked) await expect(key, GLANCE, 401);
  for (const key of [...lowered, admitted.keys.viewer]) await expect(key, PROBE, 403);
  const messages = await walk(stranger.clients, stranger.agent, PAGE);
  const texts = new Set(messages.map(({ content }) => JSON.stringify(content ?? "")));
  for (const { plan, isAcknowledged } of oracle.turns.filter((turn) => turn.plan.agent === STRANGER))
    if (isAcknowledged && !texts.values().some((text) => text.includes(plan.mark)))
      oracle.fail("S1 acknowledged", `${plan.mark}, said elsewhere, was acknowledged and is not stored`);
}
