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
  /** What the server behind is sent in place of the head that came; null for a tunnel, which is sent nothing. */
  readonly forwarded: string | null;
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
  if (method === "CONNECT") return { ...authorityOf(target, undefined), forwarded: null };
  const [, scheme = "", authority = "", rest = ""] = /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)([^#]*)/i.exec(target) ?? [];
  if (scheme.toLowerCase() !== "http")
    throw new ProxyRefusal(400, "A proxy takes http:// addresses, and CONNECT for https");
  const { host, port } = authorityOf(authority, HTTP_PORT);
  // The name that was granted is the name that the server is told, whatever the client put there.
  const named = port === HTTP_PORT ? host : `${host}:${port}`;
  const path = rest.startsWith("/") ? rest : `/${rest}`;
  const kept = lines.map(checkedHeader).filter((line) => !isOfConnection(line) && !/^host:/i.test(line));
  return {
    host,
    port,
    forwarded: [`${method} ${path} HTTP/1.1`, `Host: ${named}`, ...kept, "Connection: close"].join("\r\n") + HEAD_END,
  };
}

/** The head of an answer, so written that the client sends no second request by the same connection. */
export function withoutReuse(head: string): string {
  const lines = head.split(/\r?\n/).filter((line) => !isOfConnection(line));
  return [...lines, "Connection: close"].join("\r\n") + HEAD_END;
}

/** A header's line, or a {@link ProxyRefusal}: what two programs could read in two ways is not passed on. */
function checkedHeader(line: string): string {
  if (!HEADER.test(line)) throw new ProxyRefusal(400, "A header of the request is malformed");
  return line;
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
