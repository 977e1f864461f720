import { readFileSync } from "node:fs";
import { Failure } from "../../core/failure.ts";
import { nearest } from "../../core/nearest.ts";
import { type Settings, urlOf } from "../command/settings.ts";
import { connect } from "../terminal/connection.ts";
import { limitOf, writeListing } from "../terminal/list-command.ts";
import { findOrganization, type Place } from "./find.ts";
import { keyAction } from "./keys.ts";
import type { PeopleOptions } from "./options.ts";
import { organizationAction } from "./organizations.ts";
import { secretAction } from "./secrets.ts";
import { userAction } from "./users.ts";

/** What each command can do, and how many names that takes: at least, and at most. */
const ACTIONS = {
  org: { list: [0, 0], create: [1, 1], rename: [2, 2], delete: [1, 1] },
  user: {
    list: [0, 0],
    add: [1, 1],
    show: [1, 1],
    role: [2, 2],
    disable: [1, 1],
    enable: [1, 1],
    delete: [1, 1],
    link: [0, 1],
    reset: [0, 1],
  },
  secrets: { list: [0, 0], rotate: [0, 0] },
  key: { list: [0, 0], create: [0, 0], show: [1, 1], rotate: [1, 1], revoke: [1, 1] },
} as const satisfies Record<string, Record<string, readonly [number, number]>>;

/** The commands for people, keys and secrets. */
export const PEOPLE = ["org", "user", "key", "secrets"] as const;

/** What the command line says. */
export interface PeopleAsk {
  readonly what: (typeof PEOPLE)[number];
  /** What is to be done, and with whom. */
  readonly names: readonly string[];
  readonly options: PeopleOptions;
  readonly asJson: boolean;
  readonly limit: string | undefined;
}

/** `selkie org`, `user`, `key` and `secrets`. */
export async function people(settings: Settings, { what, names, options, asJson, limit }: PeopleAsk): Promise<number> {
  const [action = "list", ...rest] = names;
  checkAction(what, action, rest);
  const entries = limitOf(limit);
  const connection = await connect(settings, { recovers: false });
  const tell = (sentence: string) => process.stderr.write(`${sentence}\n`);
  try {
    const organizationId = options.org === undefined ? undefined : (await findOrganization(connection, options.org)).id;
    const place: Place = { connection, organizationId };
    const asked = { names: rest, options, limit: entries };
    const address = connection.isOwn ? urlOf(settings.host, settings.port) : connection.where;
    const listing =
      what === "org"
        ? await organizationAction(connection, action, asked)
        : what === "secrets"
          ? await secretAction(connection, action)
          : what === "user"
            ? await userAction(place, action, { ...asked, address, readPassword })
            : await keyAction(place, action, { ...asked, nowMs: Date.now(), tell });
    await writeListing(connection, listing, asJson);
    return 0;
  } finally {
    await connection.close();
  }
}

function checkAction(what: PeopleAsk["what"], action: string, names: readonly string[]): void {
  const actions: Readonly<Record<string, readonly [number, number]>> = ACTIONS[what];
  const counts = actions[action];
  if (counts === undefined) {
    const close = nearest(action, Object.keys(actions));
    const hint = close === undefined ? "" : `Did you mean '${close}'? `;
    const all = Object.keys(actions).join(", ");
    throw new Failure("refused", `'selkie ${what}' cannot '${action}'. ${hint}There are: ${all}`);
  }
  const [least, most] = counts;
  if (names.length < least || names.length > most)
    throw new Failure(
      "refused",
      `'selkie ${what} ${action}' takes ${least === most ? least : `${least} or ${most}`} names, got ${names.length}. See selkie ${what} --help`,
    );
}

/** The first line of standard input. */
function readPassword(): string {
  if (process.stdin.isTTY) process.stderr.write("Password (it shows as you type): ");
  const [line = ""] = readFileSync(0, "utf8").split(/\r?\n/);
  return line;
}
