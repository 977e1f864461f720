import { Hono } from "hono";
import { z } from "zod";
import type { BatchId } from "../../agent/batch.ts";
import { mustFindNamed, required } from "../../agent/find.ts";
import type { RunFilter } from "../../agent/ports/filters.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import type { Run } from "../../agent/run.ts";
import { parseId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import { type BatchWorkshop, cancelBatch } from "../../run/batches/create-batch.ts";
import { cancelRun } from "../../run/cancel-runs.ts";
import { deleteRun } from "../../run/delete-run.ts";
import type { Runner } from "../../run/runner.ts";
import { type ApiEnv, readerFor } from "../http/env.ts";
import { flagParam, pageOf, pageParams, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { toWireBatch, WireBatch } from "../talk/batch-view.ts";
import { list } from "../wire/answers/answer.ts";
import { toWireJob, WireJob } from "../wire/run.ts";

/** Jobs of a page; Letta's numbers. */
const JOBS_DEFAULT = 100;
const ACTIVE_DEFAULT = 50;
const ACTIVE = ["created", "running"] as const;

const ListQuery = z.object({
  ...pageParams,
  source_id: z.string().optional(),
  active: flagParam().optional(),
  ascending: flagParam().optional(),
});

/** Runs, and batches of them. */
const Job = z.union([WireJob, WireBatch]);

/** Routes of `/jobs`: an older view of runs, and of batches. */
export function jobRoutes(options: BatchWorkshop & { readonly runner: Runner }): Hono<ApiEnv> {
  const { store, runner } = options;
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/jobs",
    takes({ query: ListQuery, answer: list(WireJob) }, async (c, asked) => {
      const query = asked.query();
      const filter: RunFilter = query.active === true ? { statuses: ACTIVE } : {};
      const page = pageOf(query, { limit: JOBS_DEFAULT, order: "desc" });
      return c.json((await readerFor({ store }, c, "runs:read").runs.list(filter, page)).map(toWireJob));
    }),
  );

  routes.get(
    "/jobs/active",
    takes({ query: ListQuery, answer: list(WireJob) }, async (c, asked) => {
      const query = asked.query();
      const page = pageOf(query, { limit: ACTIVE_DEFAULT, order: query.ascending === false ? "desc" : "asc" });
      return c.json((await readerFor({ store }, c, "runs:read").runs.list({ statuses: ACTIVE }, page)).map(toWireJob));
    }),
  );

  routes.get(
    "/jobs/:job_id",
    takes({ answer: Job }, async (c) => {
      const reader = readerFor({ store }, c, "runs:read");
      const batch = await namedBatch(reader, pathText(c, "job_id"));
      if (batch !== undefined) return c.json(await showBatch(reader, batch));
      return c.json(toWireJob(await namedRun(reader, pathText(c, "job_id"))));
    }),
  );

  routes.patch(
    "/jobs/:job_id/cancel",
    takes({ answer: Job }, async (c) => {
      const reader = readerFor({ store }, c, "runs:cancel");
      const batch = await namedBatch(reader, pathText(c, "job_id"));
      if (batch !== undefined) {
        await cancelBatch(options, c.var.caller, batch);
        return c.json(await showBatch(reader, batch));
      }
      const run = await namedRun(reader, pathText(c, "job_id"));
      return c.json(
        toWireJob((await cancelRun({ store, runner }, c.var.caller, run.id)) ? { ...run, status: "cancelled" } : run),
      );
    }),
  );

  routes.delete(
    "/jobs/:job_id",
    takes({ answer: WireJob }, async (c) =>
      c.json(toWireJob(await deleteRun(store, c.var.caller, nameIn(pathText(c, "job_id"))))),
    ),
  );

  return routes;
}

/** The batch that a job's id names; undefined where it names none. */
async function namedBatch({ batches }: Readers, job: string): Promise<BatchId | undefined> {
  const id = parseId("job", job);
  return id !== undefined && (await batches.find(id)) !== undefined ? id : undefined;
}

async function showBatch({ batches }: Readers, id: BatchId) {
  const batch = required(await batches.find(id), `Job with id ${id} not found`);
  return toWireBatch({ batch, counts: await batches.counts(id) });
}

function namedRun({ runs }: Readers, job: string): Promise<Run> {
  const { text, words } = nameIn(job);
  return mustFindNamed(runs, { kind: "run", text }, words);
}

/** The run that a job's id names: its own, or the same with Letta's prefix of jobs. */
function nameIn(job: string) {
  return { text: job.replace(/^job-/, "run-"), words: () => `Job with id ${cut(job, 100)} not found` };
}
