import { connect, createServer, type Socket } from "node:net";
import { type AddressCheck, checkedAddresses } from "../../core/checked-address.ts";
import { Failure } from "../../core/failure.ts";
import type { NetworkGrant } from "./grant.ts";
import { type FindOwnServer, ownServerFor } from "./own-server.ts";
import {
  bodyLengthOf,
  forwardedHead,
  HEAD_END,
  ProxyRefusal,
  type ProxyRequest,
  parseProxyRequest,
  withoutReuse,
} from "./request-head.ts";

/** The most that one proxy carries. Times are milliseconds. */
export interface ProxyLimits {
  readonly connectionsMax: number;
  /** Bytes of a connection, each way. */
  readonly bytesMax: number;
  /** After this without a byte either way a connection is cut. */
  readonly idleMs: number;
  readonly headBytesMax: number;
  /** For the head of a request. */
  readonly headMs: number;
  /** For reaching one address. */
  readonly connectMs: number;
}

const LIMITS: ProxyLimits = {
  connectionsMax: 32,
  bytesMax: 256 * 1024 * 1024,
  idleMs: 120_000,
  headBytesMax: 32 * 1024,
  headMs: 10_000,
  connectMs: 10_000,
};
/** Addresses of one host that are tried, one after another. */
const ADDRESSES_MAX = 4;
/** How long a client that was refused may go on sending, which is dropped. */
const REFUSED_MS = 2_000;
/** Characters of what was wrong that fit into the first line of an answer. */
const REASON_CHARS_MAX = 300;

/** What a proxy is made of. */
export interface ProxyOptions {
  /** Where it listens: the path of a Unix socket, which is made, or a free port of this machine's loopback. */
  readonly path: string | "loopback";
  readonly grant: NetworkGrant;
  readonly check: AddressCheck;
  readonly limits?: Partial<ProxyLimits>;
  /** Finds the server itself, for grants of it. */
  readonly own?: FindOwnServer;
  /** Begins a connection; the system's when absent. */
  readonly connect?: (address: string, port: number) => Socket;
}

/** A proxy that listens. */
export interface OpenProxy {
  /** The port on the loopback; 0 of a Unix socket. */
  readonly port: number;
  /** Cuts what is open and removes the socket. */
  close(): Promise<void>;
}

/**
 * Opens a proxy for HTTP clients: whole addresses for http, CONNECT for the rest. A host is looked up once, every address
 * it has is checked, and the connection goes to one that was. Redirects are for the client to follow, and come here again.
 * One connection of a client carries one request, so that what comes after it is judged anew.
 */
export async function openProxy(options: ProxyOptions): Promise<OpenProxy> {
  const limits = { ...LIMITS, ...options.limits };
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    client.on("error", () => client.destroy());
    if (open.size >= limits.connectionsMax) {
      const told = new ProxyRefusal(503, `More than ${limits.connectionsMax} connections at once`);
      refuse(client, told);
      return;
    }
    open.add(client);
    const closed = new Promise((resolve) => client.once("close", resolve));
    const served = serve(client, options, limits).catch((error: unknown) => refuse(client, error));
    // A client that has gone still counts while its host is looked up: lookups are what the server itself waits for.
    void Promise.all([served, closed]).then(() => open.delete(client));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (options.path === "loopback") server.listen(0, "127.0.0.1", resolve);
    else server.listen(options.path, resolve);
  });
  const at = server.address();
  return {
    port: at === null || typeof at === "string" ? 0 : at.port,
    close() {
      for (const client of open) client.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** One connection of a client, from its request on. Rejects while the client can still be told why. */
async function serve(client: Socket, options: ProxyOptions, limits: ProxyLimits): Promise<void> {
  const { head, rest } = await readHead(client, limits);
  const request = parseProxyRequest(head);
  const { asked, host, port } = request;
  if (options.grant.reach(host, port) === "own") return serveOwn(client, { asked, rest }, options, limits);
  const server = await reached(request, options, limits);
  const tunnel = { client, server, limits };
  if (asked === null) {
    client.write(`HTTP/1.1 200 Connection established${HEAD_END}`);
    server.write(rest);
    join(tunnel, asItIs, asItIs);
    return;
  }
  server.write(forwardedHead(asked, host, port));
  server.write(rest);
  join(tunnel, asItIs, rewriter(limits.headBytesMax));
}

/**
 * A request to the server itself. Behind it not a byte more goes on than belongs to it: what came after it would be a
 * request that nobody has looked at, and the server may be open to who shows no key.
 */
async function serveOwn(
  client: Socket,
  { asked, rest }: { readonly asked: ProxyRequest["asked"]; readonly rest: Buffer },
  { own, connect: begin = connectBySystem }: ProxyOptions,
  limits: ProxyLimits,
): Promise<void> {
  if (asked === null) throw new ProxyRefusal(403, "The server itself is reached by http, not through a tunnel");
  const { host, port } = ownServerFor(own, asked.headers);
  const pass = noMoreThan(bodyLengthOf(asked));
  const first = pass(rest);
  const server = await connected(begin(host, port), limits.connectMs);
  server.write(forwardedHead(asked, host.includes(":") ? `[${host}]` : host, port));
  server.write(first);
  join({ client, server, limits }, pass, rewriter(limits.headBytesMax));
}

/** A connection to an address of the host that was checked. */
async function reached(
  { host, port }: ProxyRequest,
  { grant, check, connect: begin = connectBySystem }: ProxyOptions,
  { connectMs }: ProxyLimits,
): Promise<Socket> {
  const reach = grant.reach(host, port);
  if (reach === "no") throw new ProxyRefusal(403, ungranted(host, port));
  const allowsPrivate = check.allowsPrivate && reach === "anywhere";
  const addresses = await checkedAddresses(host, { ...check, allowsPrivate });
  let last: unknown;
  for (const address of addresses.slice(0, ADDRESSES_MAX)) {
    try {
      return await connected(begin(address, port), connectMs);
    } catch (error) {
      last = error;
    }
  }
  throw new ProxyRefusal(502, `${host}:${port} cannot be reached`, { cause: last });
}

/** Says that a tool may not reach a host, and who can change that. */
export function ungranted(host: string, port: number): string {
  return `The tool may not reach ${host}:${port}: SELKIE_TOOL_NETWORK, or the tool's metadata_.network, does not name it`;
}

function connectBySystem(address: string, port: number): Socket {
  return connect({ host: address, port, allowHalfOpen: true });
}

function connected(socket: Socket, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => failed(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
    function failed(error: Error) {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    }
    socket.on("error", failed);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.pause();
      resolve(socket);
    });
  });
}

/** Reads up to the empty line behind the headers; what came after it is given back. */
function readHead(
  client: Socket,
  { headBytesMax, headMs }: ProxyLimits,
): Promise<{ readonly head: string; readonly rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0);
    const timer = setTimeout(() => failed(408, "The request did not come in time"), headMs);
    function stop() {
      clearTimeout(timer);
      client.pause();
      client.off("data", take);
      client.off("end", ended);
      client.off("close", ended);
    }
    function failed(status: number, message: string) {
      stop();
      reject(new ProxyRefusal(status, message));
    }
    function ended() {
      failed(400, "The request ended too early");
    }
    function take(bytes: Buffer) {
      got = Buffer.concat([got, bytes]);
      const end = got.indexOf(HEAD_END);
      if (end < 0 ? got.length > headBytesMax : end > headBytesMax) {
        failed(431, `The head of the request is longer than ${headBytesMax} bytes`);
        return;
      }
      if (end < 0) return;
      stop();
      resolve({ head: got.toString("latin1", 0, end), rest: got.subarray(end + HEAD_END.length) });
    }
    client.on("data", take);
    client.on("end", ended);
    client.on("close", ended);
    client.resume();
  });
}

/** Changes what comes by pieces; undefined cuts the connection. */
type Change = (bytes: Buffer) => Buffer | undefined;

function asItIs(bytes: Buffer): Buffer {
  return bytes;
}

/** Lets so many bytes through and drops what comes after them. */
function noMoreThan(bytesMax: number): (bytes: Buffer) => Buffer {
  let left = bytesMax;
  return (bytes) => {
    const through = bytes.subarray(0, left);
    left -= through.length;
    return through;
  };
}

/** Copies both ways until both ends are done, one fails, or a limit is reached. */
function join(
  { client, server, limits }: { readonly client: Socket; readonly server: Socket; readonly limits: ProxyLimits },
  changeOut: Change,
  changeBack: Change,
): void {
  const cut = () => {
    clearTimeout(idle);
    client.destroy();
    server.destroy();
  };
  const idle = setTimeout(cut, limits.idleMs);
  const copy = (from: Socket, to: Socket, changed: Change) => {
    let bytesLeft = limits.bytesMax;
    from.on("data", (bytes: Buffer) => {
      idle.refresh();
      bytesLeft -= bytes.length;
      const out = bytesLeft < 0 ? undefined : changed(bytes);
      if (out === undefined) cut();
      else if (!to.write(out)) from.pause();
    });
    to.on("drain", () => from.resume());
    from.on("end", () => to.end());
    from.on("error", cut);
    from.on("close", () => {
      // Whoever is gone hears nothing any more; what was written to the other is still delivered.
      if (to.writableEnded) return;
      to.end();
    });
  };
  copy(client, server, changeOut);
  copy(server, client, changeBack);
  server.on("close", () => {
    if (client.destroyed) clearTimeout(idle);
    else client.end();
  });
  client.on("close", cut);
  if (client.destroyed || server.destroyed) cut();
  client.resume();
  server.resume();
}

/** Has the answer's head say that the connection ends with it. */
function rewriter(headBytesMax: number): Change {
  let got = Buffer.alloc(0);
  let isThrough = false;
  return (bytes) => {
    if (isThrough) return bytes;
    got = Buffer.concat([got, bytes]);
    const out: Buffer[] = [];
    for (;;) {
      const end = got.indexOf(HEAD_END);
      if (end < 0) return got.length > headBytesMax ? undefined : Buffer.concat(out);
      const head = got.toString("latin1", 0, end);
      got = got.subarray(end + HEAD_END.length);
      // An answer that others follow, such as 100 Continue.
      if (/^HTTP\/1\.\d 1\d\d\b/.test(head)) {
        out.push(Buffer.from(head + HEAD_END, "latin1"));
        continue;
      }
      isThrough = true;
      return Buffer.concat([...out, Buffer.from(withoutReuse(head), "latin1"), got]);
    }
  };
}

function refuse(client: Socket, error: unknown): void {
  if (client.destroyed) return;
  client.end(answerOf(refusalOf(error)));
  // What is still coming is read and dropped: a socket that closes before takes the answer with it.
  client.on("end", () => client.destroy());
  setTimeout(() => client.destroy(), REFUSED_MS).unref();
  client.resume();
}

function refusalOf(error: unknown): ProxyRefusal {
  if (error instanceof ProxyRefusal) return error;
  if (error instanceof Failure) return new ProxyRefusal(error.kind === "refused" ? 403 : 502, error.message);
  return new ProxyRefusal(500, "The proxy failed");
}

/** The words stand in the first line too: of a tunnel that was refused clients show nothing else. */
function answerOf({ status, message }: ProxyRefusal): string {
  const reason = message.replace(/[^\x20-\x7e]/g, "?").slice(0, REASON_CHARS_MAX);
  const body = `${message}\n`;
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  return head.join("\r\n") + HEAD_END + body;
}
