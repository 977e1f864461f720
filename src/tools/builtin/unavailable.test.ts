import { expect, test } from "bun:test";
import { testContext } from "../_test-context.ts";
import { UNAVAILABLE_TOOLS } from "./unavailable.ts";

test("UNAVAILABLE_TOOLS answer every call with the reason they cannot run", async () => {
  for (const tool of UNAVAILABLE_TOOLS)
    expect(await tool.call({ any: "thing" }, testContext())).toMatchObject({
      ok: false,
      message: expect.stringContaining(`This server cannot run ${tool.name}: it`),
    });
});
