// Imported before everything else, for what it does: the runtime allows 256 outgoing requests at a time, which would
// make every further run wait for its model, and reads another limit from the environment only when a process begins.
// So a server that was started without one becomes the same program with one. Windows cannot do that and keeps 256.

/** Outgoing requests at a time: as many as runs that one server takes. */
const CONNECTIONS_MAX = 20_000;
const VARIABLE = "BUN_CONFIG_MAX_HTTP_REQUESTS";

const isServer = process.argv[2] === undefined || process.argv[2] === "serve" || process.argv[2].startsWith("-");
if (isServer && process.platform !== "win32" && process.env[VARIABLE] === undefined) {
  // In an executable the script lies inside it; the program is all that must be named.
  const isExecutable = process.argv[1]?.startsWith("/$bunfs/") === true;
  const args = isExecutable ? process.argv.slice(2) : process.argv.slice(1);
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...args], {
    ...process.env,
    [VARIABLE]: String(CONNECTIONS_MAX),
  });
}

export {};
