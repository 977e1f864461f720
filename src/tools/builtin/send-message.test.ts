import { expect, test } from "bun:test";
import { testContext } from "../_test-context.ts";
import { sendMessage } from "./send-message.ts";

test("send_message answers as clients expect and changes nothing", async () => {
  expect(await sendMessage.call({ message: "Hello", request_heartbeat: true }, testContext())).toEqual({
    ok: true,
    message: "Sent message successfully.",
    promptChanged: false,
  });
});

test("send_message asks for its argument", async () => {
  const result = await sendMessage.call({}, testContext());
  expect(result.ok).toBe(false);
  expect(result.message).toContain("Invalid arguments for send_message: message:");
});
