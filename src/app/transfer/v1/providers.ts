import { checkDraft } from "../../../agent/providers/draft.ts";
import type { ProviderKeys } from "../../../agent/providers/provider.ts";
import { keepKeys } from "../../../agent/providers/provider-keys.ts";
import { UnusableRow } from "../unusable-row.ts";
import { eachRow, type V1Import } from "./each-row.ts";
import type { Row } from "./row.ts";

/** Stores the providers that organisations brought keys for, sealed here. What they offer is asked for when it is wanted. */
export async function importProviders(work: V1Import): Promise<void> {
  await eachRow(work, "providers", async (repositories, row, actor) => {
    const id = row.needId("provider", "id");
    if ((await repositories.providers.find(id)) !== undefined) return "known";
    const keys = { apiKey: keyOf(work, row, "api_key"), accessKey: keyOf(work, row, "access_key") };
    const provider = { id, ...fieldsOf(row, keys), revision: 1, syncedAt: null, ...row.authorship() };
    await repositories.providers.insert(provider, null);
    await keepKeys(repositories, { ...work.world, actor, id }, keys);
    return "taken";
  });
}

function fieldsOf(row: Row, keys: ProviderKeys) {
  const fields = {
    name: row.string("name"),
    type: row.string("provider_type"),
    baseUrl: row.text("base_url") || null,
    region: row.text("region") || null,
    apiVersion: row.text("api_version") || null,
  };
  // Throws a Failure for what this server does not take, which is why the row is left.
  checkDraft({ ...fields, keys }, fields.name);
  return fields;
}

/** A key; null where there is none. Throws an {@link UnusableRow} where what it was encrypted by is not given. */
function keyOf({ open }: V1Import, row: Row, column: string): string | null {
  const encrypted = row.text(`${column}_enc`) || null;
  if (encrypted === null) return row.text(column)?.trim() || null;
  const value = open(encrypted);
  if (value === undefined) throw new UnusableRow("it is encrypted, and LETTA_ENCRYPTION_KEY does not open it");
  return value.trim() || null;
}
