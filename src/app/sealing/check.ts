import { Database } from "bun:sqlite";
import { join } from "node:path";
import type { Environment } from "../command/settings.ts";
import { createSecretBox, KEY_SETTING, keysOfSetting } from "./box.ts";
import { keyFile } from "./key-file.ts";

/** Secrets that are named when they cannot be read. */
const NAMED_MAX = 20;

/** The box of a data folder: keys of the settings, and of its key file. */
export function boxOf(directory: string, environment: Environment) {
  return createSecretBox(keyFile(directory), keysOfSetting(environment[KEY_SETTING]));
}

/** Secrets whose key is not there, for a person; reading only, beside a running server too. The database must have today's schema. */
export function lostSecrets(directory: string, environment: Environment): readonly string[] {
  const keyIds = boxOf(directory, environment).keyIds();
  using database = new Database(join(directory, "selkie.db"), { readonly: true });
  const unknown = keyIds.length === 0 ? "1 = 1" : `key_id not in (${keyIds.map(() => "?").join(", ")})`;
  const rows = database
    .query<{ name: string; owner_id: string }, string[]>(
      `select name, owner_id from secrets where ${unknown} order by id limit ${NAMED_MAX + 1}`,
    )
    .all(...keyIds);
  const named = rows.slice(0, NAMED_MAX).map(({ name, owner_id: owner }) => `${name} of ${owner}`);
  return rows.length > NAMED_MAX ? [...named, "and more"] : named;
}
