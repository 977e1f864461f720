import type { Session } from "../base/session.ts";

/** From now on nobody comes in who shows nothing. Once is enough. */
export async function closeDoor({ db, world, accessChanges }: Session): Promise<void> {
  const closed = await db.selectFrom("door").select("closed_at").executeTakeFirst();
  if (closed !== undefined) return;
  await db.insertInto("door").values({ closed_at: world.clock.now() }).execute();
  accessChanges.push({ kind: "door" });
}
