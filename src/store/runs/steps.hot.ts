// Hot: every step is stored. That takes 5 µs, and 25 µs where it is built (Bun 1.4.5).
import type { SentContext } from "../../agent/manifest.ts";
import type { Step } from "../../agent/run.ts";
import type { Session } from "../base/session.ts";
import { keepContext } from "./manifests.ts";
import { STEPS } from "./tables.ts";

const INSERT = STEPS.inserting(["organization_id", "manifest"]);

/** See `StepStore.insert`. */
export async function insertStep(session: Session, step: Step, sent: SentContext | null = null): Promise<void> {
  const manifest = sent === null ? null : await keepContext(session, step.agentId, sent);
  await session.sql.execute(INSERT, [...STEPS.values(step), session.organizationId, manifest]);
}
