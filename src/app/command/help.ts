import { VERSION } from "../version.ts";
import { PORT_DEFAULT } from "./settings.ts";

/** What `selkie --help` says. */
export const HELP = `selkie ${VERSION}: a server for agents that remember

Usage
  selkie serve [options]                     listen for Letta's clients (what "selkie" alone does)
  selkie chat [AGENT] [options]              talk to an agent; makes one when there is none
  selkie chat AGENT "QUESTION" [options]     ask once; the reply goes to standard output
  selkie agents [AGENT]                      list the agents, or show one
  selkie models [MODEL]                      list the models that answer, or show one
  selkie blocks [AGENT [LABEL]]              list memory blocks, or show one
  selkie memory [AGENT [WORDS]]              list what an agent knows, or what it remembers about some words
  selkie key [create|rotate|revoke ...]      keys for programs: list, make, change, revoke
  selkie user [add|role|link|reset ...]      who may come in, and as what
  selkie plugin [add|remove|sync ...]        tools and more that were added to the server, in WebAssembly or TypeScript
  selkie schedule [list|add|remove ...]      messages that are sent to an agent later
  selkie org [create|rename|delete ...]      organizations, which see nothing of each other
  selkie secrets [rotate]                    how secrets are sealed; seal them by a new key
  selkie apply FILE [--dry-run]              make the agents what a file in YAML or TOML says
  selkie export --as yaml [AGENT ...]        write such a file
  selkie import --from FILE [--dry-run]      bring along what a Letta V1 server, ChatGPT, Claude, mem0 or Zep kept
  selkie backup FILE                         write all data into one file, while a server runs or not
  selkie restore FILE [--data DIR]           make a folder of data from such a file
  selkie erase --identity ID [--dry-run]     erase a person: all that an identity left
  selkie doctor [--repair]                   what is configured, which models answer, whether the data is sound

Options
  --host HOST      address to listen on (127.0.0.1)            SELKIE_HOST
  --port PORT      port to listen on (${PORT_DEFAULT})                     SELKIE_PORT
  --data DIR       where data is kept                          SELKIE_DATA
  --config FILE    YAML file with the same settings            SELKIE_CONFIG
  --insecure       listen beyond this machine without a key    SELKIE_INSECURE
  --url URL        the server to talk to                       SELKIE_URL
  --model HANDLE   chat: the agent's model from now on         SELKIE_MODEL (of an agent that is made)
  --json           write JSON
  --limit N        entries of a list (50)
  --version, -v    print the version
  --help, -h       print this; after a command, what it does

  SELKIE_AGENTS    a file as 'selkie apply' takes it, which 'selkie serve' applies before it listens
  SELKIE_EMBEDDING embedding model of agents that name none, such as openai/text-embedding-3-small;
                   without one, memories are found by their words
  SELKIE_FALLBACK_MODELS
                   models that are asked where an agent's own does not answer, in order, with commas (none)
  EXA_API_KEY, TAVILY_API_KEY, BRAVE_API_KEY, SELKIE_SEARXNG_URL
                   by what agents search the web: the key of a service, or a SearXNG of your own
  SELKIE_LOG_LEVEL silent, error, warn, info or debug: what the server says of its work (info)
  SELKIE_CONTINUE_COPY
                   1 lets a copied data folder finish the runs that the original began and send what it
                   scheduled; else they end, and what is scheduled is stopped
  SELKIE_OIDC_ISSUER
                   the identity provider by which people sign in; docs/sign-in.md has the settings beside it
  SELKIE_SANDBOX   where code of tools may run: auto, strict (jails that the system enforces) or off (auto)
  SELKIE_PYTHON    the Python that tools run in (python3 on the search path, else /usr/bin/python3)
  SELKIE_DENO      the Deno that tools in JavaScript run in where bubblewrap does not work (deno on the search path)
  SELKIE_PYODIDE   the folder of the npm package pyodide: Python, with its own library alone, where no jail holds it
  SELKIE_TOOL_NETWORK
                   what tools may reach: none, public, listed (what each names) or hosts, with commas (none)
  SELKIE_MCP_COMMANDS
                   commands that may run as MCP servers, as [["uvx","mcp-server-time"]] (none)
  SELKIE_SECRET_KEY
                   what seals secrets, instead of the file secrets.key beside the database
  SELKIE_API_KEY   the key that clients must send; needed to listen beyond this machine
  OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, OLLAMA_BASE_URL and so on name the models;
  without any, the built-in selkie/rehearsal shows how memory works.
`;

const WHERE = `
All but serve, doctor, backup and restore ask the server of --url, else the one that runs at --host and --port; when none
does, they work on the data itself. SELKIE_API_KEY is the key of that server.
`;

/** What `selkie COMMAND --help` says. */
export const COMMAND_HELP: Readonly<Record<string, string>> = {
  serve: `selkie serve [--host HOST] [--port PORT] [--data DIR] [--config FILE] [--insecure]

Listens for clients until it is stopped. 'selkie --help' lists the settings.
`,
  plugin: `selkie plugin [list | add FILE [--grants log,fetch,secret,recall] | remove NAME | enable NAME | disable NAME |
               sync NAME --folder FOLDER [--remove-vanished]]

Adds code to the server: a module in WebAssembly, or TypeScript. Without --grants it may write to the log, if it wants to.
sync has a source fill a folder with its documents: those that are new or have changed. With --remove-vanished, files whose
documents are gone go too.
${WHERE}`,
  schedule: `selkie schedule list AGENT [--limit N] [--json]
selkie schedule add AGENT "MESSAGE" --at 2026-12-03T09:00+01:00
selkie schedule add AGENT "MESSAGE" --cron "0 9 * * 1-5" [--timezone Europe/Paris]
selkie schedule remove AGENT ID

Lists, adds and deletes messages that are sent to an agent later: once, or again and again. The fields of --cron are minute,
hour, day of the month, month and day of the week, in UTC unless --timezone says otherwise. They are sent while a server runs.
${WHERE}`,
  apply: `selkie apply FILE [--dry-run] [--prune] [--renew-secrets] [--json] [--url URL]

Makes agents, blocks, tools, folders with files, tags, secrets and schedules what FILE says, in YAML or TOML, and tells first
what that changes. A second time changes nothing. docs/declared-agents.md says what may stand in FILE.

What FILE does not name stays. With --prune what an earlier apply of it made or gave is taken away where FILE does not name it
any more. Secrets are named by variables of the environment here; those that are set stay, but with --renew-secrets.
What an agent wrote into a block stays until FILE says something else than it did.
${WHERE}`,
  export: `selkie export --as yaml [AGENT ...] [--url URL]

Writes a file by which 'selkie apply' makes these agents, or all. Secrets are named and not written.
${WHERE}`,
  import: `selkie import --from FILE [--dry-run] [--json] [--data DIR]
selkie import --from FILE [--agent AGENT] [--model HANDLE] [--learn] ...

Stores what another server or program kept, and says what became of all of it. Stop the server that works on the data
folder first. With --dry-run the same is done on a copy that is thrown away. What is here already stays as it is: an import
that was cut off goes on where it was, and a second one changes nothing. What FILE is, it shows itself, or
--format v1|chatgpt|claude|mem0|zep says it.

A Letta V1 database: the running one, --from postgres://USER@HOST:5432/DATABASE, or a plain dump of it, compressed by gzip
or not: pg_dump --no-owner --file=dump.sql postgres://... It is only read, as it is at one moment. The password is in the URL,
PGPASSWORD or ~/.pgpass. It keeps its ids. LETTA_ENCRYPTION_KEY opens secrets that were sealed by it.

ChatGPT, Claude: the zip of the data export, or conversations.json of it, becomes conversations of an agent.
mem0, Zep: memories become passages, facts that hold become facts, threads conversations. Where the file tells of several
users, each gets an agent.

AGENT is a name or id; the agent is made where there is none. --learn has what was said read for facts.
`,
  backup: `selkie backup FILE [--passphrase-file FILE] [--force] [--json] [--data DIR]

Writes all data of the folder into one file, as it is at this moment, reads it again, and says what is in it. A server may be
at work meanwhile. A file that is there is only replaced with --force. FILE may not lie in the data folder.

The key of secrets goes in only under a passphrase: the first line of --passphrase-file, or one that a terminal asks for.
Without it the secrets of agents in the backup cannot be read unless secrets.key is kept, too. docs/backup.md tells more.
`,
  restore: `selkie restore FILE [--data DIR] [--passphrase-file FILE] [--force] [--json]

Makes a folder of data from what 'selkie backup' wrote. FILE is checked before anything is written. A folder that holds data
is refused; with --force that data is moved aside, into a folder inside it. Stop the server on the folder first.

The next start of a server on it ends unfinished runs and stops scheduled messages, as the server that they come from may be
at work elsewhere; see SELKIE_CONTINUE_COPY.
`,
  erase: `selkie erase --identity ID [--dry-run] [--json]

Erases all that an identity left, wherever it is: agents that it alone has, what it sent to others with the answers, what was
learned of that, and the files. Then the database is written anew, so that the disk holds nothing of it. docs/backup.md says
what belongs to it. With --dry-run all of it is tried and taken back, and counted. What was cut off goes on when the same
command is given again. It cannot be undone.
${WHERE}`,
  doctor: `selkie doctor [--data DIR] [--config FILE]
selkie doctor --repair [--force] [--json] [--data DIR]

Says what is configured, which models answer, and whether the data is sound. Exit code 1 when something is wrong.

--repair copies what can be read of a damaged database into a new one beside it, makes all indexes anew, and names what is
lost. The damaged one is never written to. With --force the new one takes its place, and the damaged data is moved aside. Stop
the server first. Exit code 1 when rows were lost.
`,
  chat: `selkie chat [AGENT] [--model HANDLE] [--url URL]
selkie chat AGENT "QUESTION" [--json] [--model HANDLE] [--url URL]

Talks to the agent of this name or id, the newest one when none is named, and makes one when there is none.
In the chat, /help lists the commands and keys.

With a question it is asked once: the reply goes to standard output, everything else to standard error.
Standard input, when it is no terminal, is the question, or goes behind it. With --json one object is written:
  {"agent": {"id", "name", "model"}, "run_id", "reply", "stop_reason", "pending_approval": [...],
   "error", "messages": [...], "usage"}
where messages are as the API tells them. Exit code 1 when there is no whole answer, 130 when it was stopped.

--model gives the agent this model from now on. What you write is kept in the data folder, for you alone.
${WHERE}`,
  agents: `selkie agents [AGENT] [--json] [--limit N]

Lists the newest agents with their models and ids, or shows one, by its name or id.
${WHERE}`,
  models: `selkie models [MODEL] [--json] [--limit N]

Lists the models of the providers that answer, or shows one.
${WHERE}`,
  blocks: `selkie blocks [AGENT [LABEL]] [--json] [--limit N]

Lists all memory blocks, or an agent's, or shows one of an agent whole.
${WHERE}`,
  key: `selkie key [list] [--limit N]
selkie key create [--role ROLE | --user USER] [--name NAME] [--expires 90d] [narrowed]
selkie key show|revoke KEY
selkie key rotate KEY [--overlap 1d]

Lists, makes, changes or revokes keys. 'create' and 'rotate' print the key alone on the last line; it is shown once.
With --role the key is that of a service account of its name, which is made where there is none; with neither --role
nor --user it is your own. KEY is its id, its name or how it begins. After 'rotate' the key before opens for --overlap.
ROLE is viewer, operator, editor, admin or owner.

Narrowed, each a list with commas:
  --scopes agents:read,agents:talk    --agents tag:support,agent-...    --models openai/gpt-5    --identity identity-...

--org ORG works in another organization. --json writes JSON.
${WHERE}`,
  user: `selkie user [list] [--limit N]
selkie user add NAME [--email EMAIL] [--role ROLE] [--password] [--service] [narrowed as keys are]
selkie user show|disable|enable|delete USER
selkie user role USER ROLE
selkie user link [USER]
selkie user reset [USER] [--password] [--role ROLE]

Lists, adds and changes users. USER is a name, an email or an id. 'link' prints a link that signs in once, within ten
minutes. 'reset' lets a user in again: enabled, sessions ended, the password taken away, and a link printed; while no
server runs it works on the data, without any key. With --password the first line of standard input is the new one.
ROLE is viewer, operator, editor, admin or owner. --org ORG works in another organization. --json writes JSON.
${WHERE}`,
  org: `selkie org [list] [--limit N]
selkie org create NAME
selkie org rename ORG NAME
selkie org delete ORG

Organizations see nothing of each other. ORG is a name or an id. 'delete' takes everything in it, at once. --json writes
JSON.
${WHERE}`,
  secrets: `selkie secrets [list]
selkie secrets rotate

Tells how the secrets of agents and sandboxes are sealed, and which cannot be read. 'rotate' seals them all by a new key
and forgets the old one, with a server at work or without; cut off, it goes on when it is called again. Copies of the data
from before still need the old secrets.key. --json writes JSON.
${WHERE}`,
  memory: `selkie memory [AGENT [WORDS]] [--json] [--limit N]

Lists the facts that an agent knows, the newest agent when none is named; with words, what it remembers about them.
${WHERE}`,
};
