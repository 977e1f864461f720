import type { StoredPassages } from "../../agent/life/passages.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import type { OrganizationId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { embeddingKeyOf } from "../../llm/catalog.ts";
import { toWirePassage } from "../wire/passage.ts";

/** Passages of one archive as clients see them, with the vectors that they have by now. */
export async function showPassages(
  { vectors }: Pick<Repositories, "vectors">,
  { archive, passages }: StoredPassages,
  owner: { readonly organizationId: OrganizationId },
): Promise<readonly JsonObject[]> {
  const { embeddingConfig } = archive;
  const ids = passages.map((passage) => passage.id);
  const found =
    embeddingConfig === null ? undefined : await vectors.of(archive.id, embeddingKeyOf(embeddingConfig), ids);
  const shown = { organizationId: owner.organizationId, embeddingConfig };
  return passages.map((passage) => toWirePassage(passage, shown, found?.get(passage.id)));
}
