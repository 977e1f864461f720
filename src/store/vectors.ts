import type { Repositories } from "../agent/ports.ts";
import type { Session } from "./session.ts";

const PUT = `insert into passage_vectors (passage_id, model, vector)
  select id, $1, $2 from passages where id = $3 and organization_id = $4 and archive_id = $5
  on conflict (passage_id) do update set model = excluded.model, vector = excluded.vector`;
const REMOVE_OTHERS = `delete from passage_vectors where model <> $1
  and passage_id in (select id from passages where archive_id = $2 and organization_id = $3)`;
const LACKING = `select id, text from passages where archive_id = $1 and organization_id = $2
  and not exists (select 1 from passage_vectors where passage_id = passages.id and model = $3)
  order by created_at, id limit $4`;
const OF = `select vector from passage_vectors join passages on passages.id = passage_id
  where passage_id = $1 and model = $2 and archive_id = $3 and organization_id = $4 and vector is not null`;

/** The vectors of passages over SQL; an archive is the space of its passages. */
export function sqlVectorStore({ sql, organizationId }: Session): Repositories["vectors"] {
  return {
    async put(space, model, vectors) {
      for (const { id, vector } of vectors)
        await sql.execute(PUT, [model, vector && bytesOf(vector), id, organizationId, space]);
      await sql.execute(REMOVE_OTHERS, [model, space, organizationId]);
    },

    async lacking(space, model, limit) {
      const { rows } = await sql.execute(LACKING, [space, organizationId, model, limit]);
      return rows.map((row) => ({ id: String(row["id"]), text: String(row["text"]) }));
    },

    async of(space, model, ids) {
      const found = new Map<string, Float32Array>();
      for (const id of ids) {
        const { rows } = await sql.execute(OF, [id, model, space, organizationId]);
        const bytes = rows[0]?.["vector"];
        if (bytes instanceof Uint8Array) found.set(id, vectorOf(bytes));
      }
      return found;
    },
  };
}

/** A vector at unit length, little-endian. */
function bytesOf(vector: Float32Array): Uint8Array {
  const length = Math.hypot(...vector);
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  vector.forEach((number, i) => {
    view.setFloat32(i * 4, number / length, true);
  });
  return new Uint8Array(view.buffer);
}

function vectorOf(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}
