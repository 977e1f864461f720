import { plainHost } from "./host-pattern.ts";

/** Why a request is not passed on, as an answer says it. */
export class ProxyRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** What a client asks a proxy for. */
export interface ProxyRequest {
  /** As URLs write it. */
  readonly host: string;
  readonly port: number;
  /** What is asked of the server behind; null for a tunnel. */
  readonly asked: AskedOfServer | null;
}

/** A request as it goes on. */
export interface AskedOfServer {
  readonly line: string;
  /** Without those that end at a proxy, and `Host`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Ends a head. */
export const HEAD_END = "\r\n\r\n";
const HTTP_PORT = 80;
/** Headers of one connection, which end at a proxy. */
const OF_CONNECTION = new Set(["connection", "proxy-connection", "proxy-authorization", "keep-alive", "upgrade", "te"]);
/** A token of HTTP, a colon and anything on one line. */
const HEADER = /^([!#$%&'*+.^_`|~\da-z-]+):([^\r\n\0]*)$/i;

/** Reads the head of a request to a proxy, without its last empty line. Throws a {@link ProxyRefusal}. */
export function parseProxyRequest(head: string): ProxyRequest {
  const [first = "", ...lines] = head.split("\r\n");
  const [, method = "", target = "", version] = /^([A-Z]{1,20}) (\S+) (HTTP\/1\.[01])$/.exec(first) ?? [];
  if (version === undefined) throw new ProxyRefusal(400, "The request line is not one of HTTP/1.1");
  if (method === "CONNECT") return { ...authorityOf(target, undefined), asked: null };
  const [, scheme = "", authority = "", rest = ""] = /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)([^#]*)/i.exec(target) ?? [];
  if (scheme.toLowerCase() !== "http")
    throw new ProxyRefusal(400, "A proxy takes http:// addresses, and CONNECT for https");
  const { host, port } = authorityOf(authority, HTTP_PORT);
  const path = rest.startsWith("/") ? rest : `/${rest}`;
  const headers = lines
    .map(headerOf)
    .filter(([name]) => !OF_CONNECTION.has(name.toLowerCase()) && !/^host$/i.test(name));
  return { host, port, asked: { line: `${method} ${path} HTTP/1.1`, headers } };
}

/** The head of a request as it goes on. The name that was granted is the one that is told, whatever the client put there. */
export function forwardedHead({ line, headers }: AskedOfServer, host: string, port: number): string {
  const named = port === HTTP_PORT ? host : `${host}:${port}`;
  const kept = headers.map(([name, value]) => `${name}:${value}`);
  return [line, `Host: ${named}`, ...kept, "Connection: close"].join("\r\n") + HEAD_END;
}

/** How many bytes of body come. Throws a {@link ProxyRefusal} where the head leaves that open. */
export function bodyLengthOf({ headers }: AskedOfServer): number {
  if (headers.some(([name]) => /^transfer-encoding$/i.test(name)))
    throw new ProxyRefusal(411, "The request must say how long its body is");
  const told = headers.filter(([name]) => /^content-length$/i.test(name)).map(([, value]) => value.trim());
  const [length = "0"] = told;
  if (told.length > 1 || !/^\d{1,15}$/.test(length))
    throw new ProxyRefusal(400, "The length of the body makes no sense");
  return Number(length);
}

/** The head of an answer, so written that the client sends no second request by the same connection. */
export function withoutReuse(head: string): string {
  const lines = head.split(/\r?\n/).filter((line) => !isOfConnection(line));
  return [...lines, "Connection: close"].join("\r\n") + HEAD_END;
}

/** A header, or a {@link ProxyRefusal}: what two programs could read in two ways is not passed on. */
function headerOf(line: string): readonly [name: string, value: string] {
  const [, name, value = ""] = HEADER.exec(line) ?? [];
  if (name === undefined) throw new ProxyRefusal(400, "A header of the request is malformed");
  return [name, value];
}

function isOfConnection(line: string): boolean {
  return OF_CONNECTION.has(line.slice(0, line.indexOf(":")).toLowerCase());
}

function authorityOf(text: string, defaultPort: number | undefined): { readonly host: string; readonly port: number } {
  if (text.includes("@")) throw new ProxyRefusal(400, "An address must not hold a user name or a password");
  const [, name = "", digits] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = plainHost(name);
  const port = digits === undefined ? defaultPort : Number(digits);
  if (host === undefined || port === undefined || port < 1 || port > 65_535)
    throw new ProxyRefusal(400, "The address names no host, or no port");
  return { host, port };
}
