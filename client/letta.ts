// Adds to the types of Letta's client what this server's agents have beside Letta's fields.
import type { components } from "./own-api.gen.ts";

type MemorySettings = NonNullable<components["schemas"]["Agent"]["memory_settings"]>;

declare module "@letta-ai/letta-client/resources/agents/agents" {
  interface AgentState {
    memory_settings?: MemorySettings;
  }
  interface AgentCreateParams {
    memory_settings?: Partial<MemorySettings> | null;
  }
  interface AgentUpdateParams {
    memory_settings?: Partial<MemorySettings> | null;
  }
}
