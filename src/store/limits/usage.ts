import { type RawBuilder, sql } from "kysely";
import type { UsageSpan, UsageTotal } from "../../agent/ports/limits.ts";
import { WORDS } from "../base/dialect.ts";
import type { Session } from "../base/session.ts";

/** What steps are totalled by: columns of a step, or of the run that it belongs to. */
const SUBJECTS: Readonly<Record<UsageSpan["by"], string>> = {
  agent: "steps.agent_id",
  model: "steps.model_handle",
  key: "runs.key_id",
  user: "runs.user_id",
};
const COUNTS = [
  "promptTokens",
  "completionTokens",
  "cachedInputTokens",
  "cacheWriteTokens",
  "reasoningTokens",
] as const;

/** See `LimitStore.usage`. */
export async function usageOf(session: Session, { by, from, to, stepsMax }: UsageSpan): Promise<readonly UsageTotal[]> {
  const { db, dialect, organizationId } = session;
  const subject = sql.raw(SUBJECTS[by]);
  const counts: readonly RawBuilder<unknown>[] = COUNTS.map(
    (name) => sql`coalesce(sum(${sql.raw(WORDS[dialect].numberIn("counted.usage", name))}), 0) as ${sql.ref(name)}`,
  );
  const { rows } = await sql<UsageTotal>`select subject, model, count(*) as steps,
      sum(case when status = 'success' then 0 else 1 end) as ${sql.ref("failedSteps")}, ${sql.join([...counts])}
    from (select ${subject} as subject, steps.model_handle as model, steps.status, steps.usage
      from steps left join runs on runs.id = steps.run_id
      where steps.organization_id = ${organizationId} and steps.created_at >= ${from} and steps.created_at < ${to}
      order by steps.created_at, steps.id limit ${stepsMax}) as counted
    group by subject, model`.execute(db);
  return rows.map((row) => {
    const { subject: whose, model, ...numbers } = row;
    const totals = Object.fromEntries(Object.entries(numbers).map(([name, total]) => [name, Number(total)]));
    return { ...row, ...totals, subject: whose, model };
  });
}
