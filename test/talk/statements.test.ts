import { afterEach, beforeEach, expect, test } from "bun:test";
import { startTestServer, type TestServer } from "../_harness/server.ts";

/** Statements of a message that is answered in one step, `begin` and `commit` aside. The number only ever falls. */
const STATEMENTS_MAX = 27;

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

test("a message of one step reads its agent once, and needs few statements", async () => {
  const seen: string[] = [];
  for (const connection of [server.database.reader, server.database.writer]) {
    const execute = connection.execute.bind(connection);
    connection.execute = (sql, parameters) => {
      seen.push(sql);
      return execute(sql, parameters);
    };
  }
  const agentId = await server.agent();
  for (const input of ["first", "second"]) {
    seen.length = 0;
    server.model.say({ text: "Hello" });
    await server.ok("POST", `/v1/agents/${agentId}/messages`, { input });
  }
  expect(seen.filter((sql) => /\bfrom agents where id = /.test(sql))).toHaveLength(1);
  expect(seen.filter((sql) => sql.startsWith("insert into steps"))).toHaveLength(1);
  expect(seen.filter((sql) => !/^(?:begin|commit)/.test(sql)).length).toBeLessThanOrEqual(STATEMENTS_MAX);
});
