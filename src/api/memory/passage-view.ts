import { z } from "zod";
import type { Caller } from "../../access/may.ts";
import { type PassagePlace, type StoredPassages, storePassages } from "../../agent/life/passages.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import type { OrganizationId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { embeddingKeyOf } from "../../llm/catalog.ts";
import type { PassageDraft } from "../../umi/archive/new-passages.ts";
import type { RouteOptions } from "../http/env.ts";
import { given } from "../http/request.ts";
import { renamed } from "../wire/fields.ts";
import { toWirePassage } from "../wire/passage.ts";
import { timeField } from "../wire/time.ts";

/** Tags that one passage of a request may have. */
const TAGS_MAX = 1_000;

/** A passage of an agent's archive in a request. */
export const AgentPassageBody = z.object({
  text: z.string(),
  tags: z.array(z.string()).max(TAGS_MAX).nullish(),
  created_at: timeField().nullish(),
});

/** A passage in a request. */
export const PassageBody = AgentPassageBody.extend({ metadata: z.record(z.string(), z.json()).nullish() });

/** Stores the passages of a request, and gives them as clients see them. */
export function keepPassages(
  options: RouteOptions,
  caller: Caller,
  { place, bodies }: { readonly place: PassagePlace; readonly bodies: readonly z.output<typeof PassageBody>[] },
): Promise<readonly JsonObject[]> {
  const drafts = bodies.map((body): PassageDraft => given(renamed(body)));
  return storePassages(options, caller, {
    place,
    drafts,
    shown: (repositories, stored) => showPassages(repositories, stored, caller),
  });
}

/** Passages of one archive as clients see them, with the vectors that they have by now. */
export async function showPassages(
  { vectors }: Pick<Readers, "vectors">,
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
