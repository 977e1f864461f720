// A tool in TypeScript: what it is told, in capitals.

/** What a plugin may ask the server for, where it was granted. */
interface Host {
  log(message: string): Promise<null>;
}

/** What it says of itself. */
export const manifest = {
  abi: 1,
  kind: "tool",
  name: "shout",
  description: "Says something in capitals.",
  grants: ["log"],
  parameters: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
};

/** Is called with what its kind is told. */
export async function call(input: { readonly arguments: { readonly text: string } }, host: Host) {
  await host.log(`shouts ${input.arguments.text.length} characters`);
  return { result: input.arguments.text.toUpperCase() };
}
