/**
 * What the ports of the store promise, over each database that keeps them: the same tests for SQLite as it ships and for
 * PostgreSQL. What one of them cannot show is skipped by name, with the reason.
 */
import { afterAll, afterEach, beforeEach, describe, test } from "bun:test";
import { type OpenedStore, postgresDialect, sqliteDialect } from "../_harness/dialects.ts";
import { agentContract } from "./_agents.ts";
import { batchContract } from "./_batches.ts";
import { changeContract } from "./_changes.ts";
import { factContract } from "./_facts.ts";
import { fileContract } from "./_files.ts";
import { indexContract } from "./_index.ts";
import { limitContract } from "./_limits.ts";
import { memoryContract } from "./_memory.ts";
import { messageContract } from "./_messages.ts";
import { peopleContract } from "./_people.ts";
import { providerContract } from "./_providers.ts";
import { runContract } from "./_runs.ts";
import { scheduleContract } from "./_schedules.ts";
import { secretContract } from "./_secrets.ts";
import type { Subject } from "./_subject.ts";
import { templateContract } from "./_templates.ts";
import { transactionContract } from "./_transactions.ts";

/** PostgreSQL takes its time to open where the machine is busy. */
const TIMEOUT_MS = 60_000;

for (const dialect of [sqliteDialect(), postgresDialect()]) {
  describe(dialect.name, () => {
    let opened: OpenedStore;
    beforeEach(async () => {
      opened = await dialect.begin();
    }, TIMEOUT_MS);
    afterEach(() => opened.end());
    afterAll(() => dialect.close());

    const subject: Subject = (name, body) => {
      const reason = dialect.unseen[name];
      if (reason === undefined) test(name, () => body(opened), TIMEOUT_MS);
      else test.skip(`${name}: ${reason}`, () => body(opened));
    };
    for (const contract of [
      transactionContract,
      agentContract,
      messageContract,
      runContract,
      scheduleContract,
      batchContract,
      memoryContract,
      indexContract,
      factContract,
      fileContract,
      limitContract,
      peopleContract,
      changeContract,
      secretContract,
      templateContract,
      providerContract,
    ])
      contract(subject);
  });
}
