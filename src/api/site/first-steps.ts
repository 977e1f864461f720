/** Lines to copy that talk to the server at `address`. */
export interface FirstSteps {
  readonly curl: string;
  readonly python: string;
  readonly typescript: string;
}

const MODEL = "selkie/rehearsal";
const TELL = "My name is Ada and my dog is called Rex.";
const ASK = "What is my dog called?";

/** The lines as they work at this address; with a key they take it from the variable that the server itself reads. */
export function firstSteps(address: string, needsKey: boolean): FirstSteps {
  return {
    curl: curlLines(address, needsKey),
    python: pythonLines(address, needsKey),
    typescript: typescriptLines(address, needsKey),
  };
}

function curlLines(address: string, needsKey: boolean): string {
  const key = needsKey ? ` -H "Authorization: Bearer $SELKIE_API_KEY" \\\n ` : "";
  const json = `${key} -H "Content-Type: application/json" \\\n  -d`;
  const said = (text: string) =>
    `curl -s "${address}/v1/agents/$AGENT/messages" \\\n ${json} '{"input": "${text}"}' \\\n  | grep -o '"content":"[^"]*"'`;
  return `# Make an agent, and keep its id
AGENT=$(curl -s "${address}/v1/agents" \\
 ${json} '{"model": "${MODEL}",
       "memory_blocks": [{"label": "human", "value": ""}]}' \\
  | grep -o 'agent-[0-9a-f-]*' | head -n 1)

# Tell it something, and ask for it
${said(TELL)}
${said(ASK)}`;
}

function pythonLines(address: string, needsKey: boolean): string {
  const key = needsKey ? '\n    api_key=os.environ["SELKIE_API_KEY"],' : "";
  return `${needsKey ? "import os\n" : ""}from letta_client import Letta

letta = Letta(
    base_url="${address}",${key}
)
agent = letta.agents.create(
    model="${MODEL}",
    memory_blocks=[{"label": "human", "value": ""}],
)
for text in [
    "${TELL}",
    "${ASK}",
]:
    reply = letta.agents.messages.create(
        agent.id, input=text
    )
    for said in reply.messages:
        if said.message_type == "assistant_message":
            print(said.content)`;
}

function typescriptLines(address: string, needsKey: boolean): string {
  const key = needsKey ? "\n  apiKey: process.env.SELKIE_API_KEY," : "";
  return `import Letta from "@letta-ai/letta-client";

const letta = new Letta({
  baseURL: "${address}",${key}
});
const agent = await letta.agents.create({
  model: "${MODEL}",
  memory_blocks: [{ label: "human", value: "" }],
});
for (const input of [
  "${TELL}",
  "${ASK}",
]) {
  const reply = await letta.agents.messages.create(
    agent.id, { input },
  );
  for (const said of reply.messages)
    if (said.message_type === "assistant_message")
      console.log(said.content);
}`;
}
