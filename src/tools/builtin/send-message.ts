import { z } from "zod";
import { type BuiltinTool, defineTool, objectSchema } from "../builtin.ts";

/** `send_message`: how agents of the older kinds speak. The loop shows its argument to the person. */
export const sendMessage: BuiltinTool = defineTool({
  name: "send_message",
  toolType: "letta_core",
  description: "Say something to the person you are talking with. They see nothing else of what you do.",
  parameters: objectSchema(
    { message: { type: "string", description: "What to say, in full. Any language, emoji included." } },
    ["message"],
  ),
  arguments: z.object({ message: z.string() }),
  run: () => Promise.resolve("Sent message successfully."),
});
