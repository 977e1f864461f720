type Fail = (invariant: string, detail: string) => void;

/** The number of the one agent that another organisation has. */
export const STRANGER = 900;

/** Who asks besides the clients that may do everything, by what they have to show. */
export const KEYS = ["viewer", "operator", "narrowed", "stranger"] as const;

/** One of {@link KEYS}. */
export type KeyName = (typeof KEYS)[number];

/** Who was let in. */
export interface Admitted {
  readonly keys: Readonly<Record<KeyName, string>>;
  readonly organizationId: string;
  /** The number of the agent that `narrowed` is for. */
  readonly narrowedTo: number;
  /** The agent of `stranger`, who is the owner of another organisation. */
  readonly strangersAgentId: string;
}

/** What some may see and others may not, and what nobody may have done. */
export interface AccessBook {
  /** Undefined where nobody was let in but the clients that may do everything. */
  readonly admitted: Admitted | undefined;
  admit(admitted: Admitted): void;
  /** Keys that open nothing since that was answered, and those that may no more than look. */
  readonly revoked: string[];
  readonly lowered: string[];
  /** Words of requests that must be refused, and what opens: none of them may be stored anywhere. */
  readonly refusedMarks: string[];
  /** Looks whether an answer, or a line of a stream, holds what whoever asked may not see. */
  look(request: Asked, text: string): void;
}

/** A request, as far as it says who asks. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly key?: string | null;
}

interface Agent {
  readonly number: number;
  readonly owner: number;
  readonly id: string;
}

/** Words that name an agent or one of its conversations; the last may stand in what agents share. */
const MARK = /(mk|cn|tk)-(\d+)[-;]/g;
const SHARED = "tk";
const OF_STRANGER = new RegExp(`(?:mk|cn|tk)-${STRANGER}[-;]`);
const KEY_TEXT = /\bslk_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}\b/;
/** Where a key is told that was just made. */
const MAKES_KEY = /^\/v1\/keys(?:$|\/[^/]+\/rotate$)/;

/** The one {@link AccessBook}. */
export function createAccessBook({
  fail,
  checked,
  agents,
}: {
  readonly fail: Fail;
  readonly checked: () => void;
  readonly agents: readonly Agent[];
}): AccessBook {
  let admitted: Admitted | undefined;
  const revoked: string[] = [];
  const isNobody = (key: string | null | undefined) => key === null || (key !== undefined && revoked.includes(key));

  function wordsFor({ key, path }: Asked, text: string): string | undefined {
    if (key === undefined) return OF_STRANGER.exec(text)?.[0];
    // What was on its way when the key was revoked still comes.
    const seesNone = isNobody(key) && !path.endsWith("/stream");
    const who = KEYS.find((name) => admitted?.keys[name] === key);
    const ownerOf = (number: number) => agents.find((one) => one.number === number)?.owner ?? number;
    const maySee = ([, kind, number]: RegExpExecArray): boolean => {
      const owner = ownerOf(Number(number));
      if (seesNone) return false;
      if (who === "narrowed" && kind !== SHARED) return owner === admitted?.narrowedTo;
      return (owner === STRANGER) === (who === "stranger");
    };
    return text.matchAll(MARK).find((mark) => !maySee(mark))?.[0];
  }

  function agentFor({ key, path, body }: Asked, text: string): string | undefined {
    if (admitted === undefined) return undefined;
    const { keys, narrowedTo, strangersAgentId } = admitted;
    const seesNone = key === keys.stranger || isNobody(key);
    const isHidden = ({ owner }: Agent) => seesNone || (key === keys.narrowed && owner !== narrowedTo);
    const hidden = agents.filter(isHidden).map(({ id }) => id);
    if (key !== keys.stranger) hidden.push(strangersAgentId);
    // What a request names a refusal may name, too.
    const asked = () => path + JSON.stringify(body ?? "");
    return hidden.find((id) => text.includes(id) && !asked().includes(id));
  }

  return {
    get admitted() {
      return admitted;
    },
    admit(given) {
      admitted = given;
    },
    revoked,
    lowered: [],
    refusedMarks: [],
    look(request, text) {
      if (admitted === undefined) return;
      checked();
      const { method, path } = request;
      const seen = wordsFor(request, text) ?? agentFor(request, text);
      if (seen !== undefined)
        fail("S26 apart", `${method} ${path} shows ${seen} to who may not see it: ${text.slice(0, 300)}`);
      if (KEY_TEXT.test(text) && !MAKES_KEY.test(path))
        fail("S16 secret", `${method} ${path} shows a key of a client: ${text.slice(0, 300)}`);
    },
  };
}
