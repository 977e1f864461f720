/** A setting, in the words in which people are told of it. `docs/configuration.md` is made of these. */
interface DeclaredSetting {
  /** The variable of the environment. */
  readonly name: string;
  /** What counts where nobody sets it, as a person reads it. */
  readonly otherwise: string;
  /** What it is for. */
  readonly words: string;
  /** Other names that mean the same, where this one is not set. */
  readonly also?: readonly string[];
}

/** Settings that belong together. */
interface SettingGroup {
  readonly title: string;
  readonly settings: readonly DeclaredSetting[];
}

const SETTING_GROUPS: readonly SettingGroup[] = [
  {
    title: "Where the server is",
    settings: [
      {
        name: "SELKIE_HOST",
        otherwise: "`127.0.0.1`",
        words: "The address to listen on. Anything but this machine needs a key. `--host` says the same.",
      },
      { name: "SELKIE_PORT", otherwise: "`8283`", words: "The port to listen on. `--port` says the same." },
      {
        name: "SELKIE_DATA",
        otherwise: "`~/.local/share/selkie` on Linux, the usual place elsewhere",
        words: "The folder of the database. `--data` says the same.",
      },
      {
        name: "SELKIE_CONFIG",
        otherwise: "none",
        words: "A YAML file with settings. `--config` says the same.",
      },
      {
        name: "SELKIE_AGENTS",
        otherwise: "none",
        words:
          "A file as `selkie apply` takes it, which `selkie serve` applies before it listens. See [declared agents](declared-agents.md).",
      },
      {
        name: "SELKIE_PUBLIC_URL",
        otherwise: "the address it listens on, on this machine",
        words: "Where browsers reach the server, such as `https://agents.example.com`.",
      },
      {
        name: "SELKIE_CONTINUE_COPY",
        otherwise: "`false`",
        words:
          "`true` lets a server on a copy of a data folder finish what the original's server began, and resumes scheduled messages that an earlier start stopped in it. Otherwise such work ends as failed, and scheduled messages are stopped.",
      },
      {
        name: "SELKIE_LOG_LEVEL",
        otherwise: "`info`",
        words:
          "What the server says on standard error. `error` is failed runs and bugs, `warn` also failed requests and settings that do nothing, `info` also a line for each request, `debug` also health checks and where failures arose. `silent` is nothing.",
      },
    ],
  },
  {
    title: "Who may come in",
    settings: [
      {
        name: "SELKIE_API_KEY",
        otherwise: "none",
        also: ["LETTA_SERVER_PASSWORD"],
        words:
          "The key that opens everything. Clients send it as `Authorization: Bearer ...`. For `selkie chat` and the lists it is the key of the server that they ask.",
      },
      {
        name: "SELKIE_INSECURE",
        otherwise: "`false`",
        words: "`true` lets a server without a key listen beyond this machine. `--insecure` says the same.",
      },
      {
        name: "SELKIE_ORIGINS",
        otherwise: "none",
        also: ["ACCEPTABLE_ORIGINS"],
        words:
          "Origins of web pages that may use the server, such as `http://localhost:3000`, with commas between them. `local` is every page of this machine.",
      },
      {
        name: "SELKIE_REQUESTS_PER_MINUTE",
        otherwise: "none",
        words:
          "How many requests a minute each key may make, or each address that shows none. More are answered with 429.",
      },
      {
        name: "SELKIE_SECRET_KEY",
        otherwise: "the file `secrets.key` in the data folder",
        words:
          "What seals secrets: a random text of 32 characters or more, such as `openssl rand -base64 32` prints. Of several with commas between them the first seals, and all open.",
      },
      {
        name: "SELKIE_OIDC_ISSUER",
        otherwise: "none",
        words: "The identity provider by which people sign in. See [signing in](sign-in.md).",
      },
      { name: "SELKIE_OIDC_CLIENT_ID", otherwise: "none", words: "What that provider calls this server." },
      {
        name: "SELKIE_OIDC_CLIENT_SECRET",
        otherwise: "none",
        words: "What that provider knows this server by, where it wants more than PKCE.",
      },
      {
        name: "SELKIE_OIDC_SCOPES",
        otherwise: "`openid profile email`",
        words: "What the provider is asked to tell.",
      },
      {
        name: "SELKIE_OIDC_ROLES",
        otherwise: "none",
        words:
          "Who is what, by what the provider tells: `[{claim: groups, value: staff, role: editor}, {role: viewer}]`.",
      },
      {
        name: "SELKIE_OIDC_ALLOW_PRIVATE_URLS",
        otherwise: "`false`",
        words: "`true` lets the provider be at a private address, and speak http.",
      },
    ],
  },
  {
    title: "Models and memory",
    settings: [
      {
        name: "SELKIE_EMBEDDING",
        otherwise: "none",
        also: ["LETTA_DEFAULT_EMBEDDING_HANDLE"],
        words:
          "The embedding model of agents and archives that name none, such as `openai/text-embedding-3-small`. Without one, memories are found by their words.",
      },
      {
        name: "SELKIE_FALLBACK_MODELS",
        otherwise: "none",
        words:
          "Up to 5 models that are asked in this order where an agent's own does not answer and the agent names none, with commas between them. See [providers](providers.md#where-a-model-does-not-answer).",
      },
      {
        name: "SELKIE_LLM_REQUEST_TIMEOUT_SECONDS",
        otherwise: "`60`",
        also: ["LETTA_LLM_REQUEST_TIMEOUT_SECONDS"],
        words: "How long a model may take to begin an answer.",
      },
      {
        name: "SELKIE_LLM_STREAM_TIMEOUT_SECONDS",
        otherwise: "`600`",
        also: ["LETTA_LLM_STREAM_TIMEOUT_SECONDS"],
        words: "How long a call of a model may take in all.",
      },
      {
        name: "SELKIE_TRACK_PROVIDER_TRACE",
        otherwise: "`false`",
        also: ["LETTA_TRACK_PROVIDER_TRACE"],
        words: "`true` keeps what each step sent to its model and got back, for the newest steps.",
      },
      {
        name: "SELKIE_COMPATIBLE_BASE_URL",
        otherwise: "none",
        words: "The address of any server that speaks OpenAI's protocol, such as `http://127.0.0.1:9000/v1`.",
      },
      { name: "SELKIE_COMPATIBLE_API_KEY", otherwise: "none", words: "The key of that server, where it wants one." },
      {
        name: "SELKIE_COMPATIBLE_NAME",
        otherwise: "`compatible`",
        words: "How the names of its models begin.",
      },
    ],
  },
  {
    title: "Tools",
    settings: [
      {
        name: "SELKIE_SANDBOX",
        otherwise: "`auto`",
        words:
          "Where the code of tools may run. `auto` takes the first jail that was proved on this machine, `strict` only those that the operating system enforces, `off` runs none. See [tools](tools.md#jails).",
      },
      {
        name: "SELKIE_TOOL_NETWORK",
        otherwise: "`none`",
        words:
          "What tools may reach: `none`, `public` (every host of the internet), `listed` (the hosts that a tool names), or hosts for every tool, such as `api.example.org, *.example.com`. See [tools](tools.md#what-tools-may-reach).",
      },
      {
        name: "SELKIE_ALLOW_PRIVATE_URLS",
        otherwise: "`false`",
        words:
          "`true` lets callbacks, images and pages come from private addresses, MCP servers and providers set through the API be there, and tools reach those that `SELKIE_TOOL_NETWORK` names.",
      },
      {
        name: "SELKIE_MCP_COMMANDS",
        otherwise: "none",
        words:
          'Commands that may run as MCP servers, with their arguments: `[["uvx", "mcp-server-time"]]`. `"..."` at the end of one lets any arguments follow.',
      },
      {
        name: "SELKIE_PYTHON",
        otherwise: "`python3` on the search path, else `/usr/bin/python3`",
        words: "The Python, 3.8 or newer, that tools in Python run in.",
      },
      {
        name: "SELKIE_DENO",
        otherwise: "`deno` on the search path",
        words: "The Deno that tools in JavaScript run in where bubblewrap does not work.",
      },
      {
        name: "SELKIE_PYODIDE",
        otherwise: "none",
        words: "The folder of the npm package `pyodide`, for tools in Python where no jail holds the system's own.",
      },
      {
        name: "SELKIE_PIP_INDEX_URL",
        otherwise: "what pip is configured to use",
        words: "The one index that packages of tools in Python come from, such as `https://pypi.org/simple`.",
      },
      {
        name: "SELKIE_NPM_REGISTRY",
        otherwise: "what npm is configured to use",
        words: "The registry that packages of tools in JavaScript come from.",
      },
      {
        name: "SELKIE_SEARXNG_URL",
        otherwise: "none",
        words: "A SearXNG of your own by which agents search the web where there is no key of a service.",
      },
      {
        name: "EXA_API_KEY",
        otherwise: "none",
        words: "The key of Exa, by which agents search the web. An agent's own secret of that name goes first.",
      },
      { name: "TAVILY_API_KEY", otherwise: "none", words: "The same for Tavily." },
      { name: "BRAVE_API_KEY", otherwise: "none", words: "The same for Brave." },
      {
        name: "MCP_CONNECT_TO_SERVER_TIMEOUT",
        otherwise: "`30`",
        words: "Seconds that an MCP server has to take a connection.",
      },
      { name: "MCP_LIST_TOOLS_TIMEOUT", otherwise: "`30`", words: "Seconds that it has to list its tools." },
      { name: "MCP_EXECUTE_TOOL_TIMEOUT", otherwise: "`60`", words: "Seconds that it has to answer a call." },
    ],
  },
  {
    title: "The terminal",
    settings: [
      {
        name: "SELKIE_URL",
        otherwise: "the server at `SELKIE_HOST` and `SELKIE_PORT`",
        words: "The server that `selkie chat` and the lists talk to. `--url` says the same.",
      },
      {
        name: "SELKIE_MODEL",
        otherwise: "the first that a provider offers",
        words: "The model of an agent that `selkie chat` makes. `--model` says it for one call.",
      },
    ],
  },
];

/** The variables by which each provider of models is there; the first of those in one text counts. */
const PROVIDER_VARIABLES: readonly (readonly [string, readonly string[]])[] = [
  ["openai", ["OPENAI_API_KEY", "OPENAI_API_BASE or OPENAI_BASE_URL"]],
  ["anthropic", ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"]],
  ["google_ai", ["GEMINI_API_KEY or GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_BASE_URL"]],
  ["mistral", ["MISTRAL_API_KEY or LETTA_MISTRAL_API_KEY", "MISTRAL_BASE_URL"]],
  ["azure", ["AZURE_API_KEY", "AZURE_BASE_URL", "AZURE_API_VERSION"]],
  ["bedrock", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION or AWS_REGION"]],
  ["groq", ["GROQ_API_KEY", "GROQ_BASE_URL"]],
  ["xai", ["XAI_API_KEY", "XAI_BASE_URL"]],
  ["deepseek", ["DEEPSEEK_API_KEY", "DEEPSEEK_BASE_URL"]],
  ["together", ["TOGETHER_API_KEY", "TOGETHER_BASE_URL"]],
  ["openrouter", ["OPENROUTER_API_KEY", "OPENROUTER_BASE_URL"]],
  ["ollama", ["OLLAMA_BASE_URL"]],
  ["lmstudio_openai", ["LMSTUDIO_BASE_URL"]],
  ["llamacpp", ["LLAMACPP_BASE_URL"]],
  ["vllm", ["VLLM_API_BASE or VLLM_BASE_URL"]],
];

/** Every setting there is. What is not declared here is told to do nothing, and no config file may name it. */
export const DECLARED_SETTINGS = { groups: SETTING_GROUPS, providers: PROVIDER_VARIABLES } as const;

/** The file of settings is named by this, and so names itself nowhere. */
const CONFIG = "SELKIE_CONFIG";

/** What the config file may set, besides names in capitals: each stands for SELKIE_ and the same in capitals. */
export const FILE_KEYS: readonly string[] = DECLARED_SETTINGS.groups
  .flatMap(({ settings }) => settings)
  .map(({ name }) => name)
  .filter((name) => name.startsWith("SELKIE_") && name !== CONFIG)
  .map((name) => name.slice("SELKIE_".length).toLowerCase());
