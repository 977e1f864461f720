import { Failure } from "../../core/failure.ts";

/** The longest name that DNS knows, with a port. */
const PATTERN_CHARS_MAX = 260;
/** What a host without a port means. */
const PORTS_DEFAULT: readonly number[] = [80, 443];
const PORT_MAX = 65_535;

/** Hosts that are meant by `api.example.org`, `*.example.org`, `example.org:8080`, `10.0.0.5:*` or `*`. */
export interface HostPattern {
  /** In small letters, as URLs write it: addresses in their one notation. `*` is every public host. */
  readonly host: string;
  /** Whether names below `host` are meant, and not itself. */
  readonly isBelow: boolean;
  /** Null is every port. */
  readonly ports: readonly number[] | null;
}

/** Every host of the public internet. */
export const EVERY_HOST: HostPattern = { host: "*", isBelow: false, ports: null };

/** Reads a pattern. Throws a `refused` Failure that shows what one looks like. */
export function parseHostPattern(text: string): HostPattern {
  if (text === "*") return EVERY_HOST;
  const [, below, name = "", port] = /^(\*\.)?(\[[\da-f:.]+\]|[^:*/?#@\\\s]+)(?::(\d+|\*))?$/i.exec(text) ?? [];
  const host = text.length <= PATTERN_CHARS_MAX ? plainHost(name) : undefined;
  const ports = portsOf(port);
  if (host === undefined || ports === undefined)
    throw new Failure(
      "refused",
      `'${text.slice(0, PATTERN_CHARS_MAX).toWellFormed()}' is no host: write api.example.org, *.example.org or example.org:8080`,
    );
  return { host, isBelow: below !== undefined, ports };
}

/** A host as patterns have it, without a dot at its end; undefined when it is none. */
export function plainHost(text: string): string | undefined {
  const url = `http://${text}/`;
  if (text === "" || !URL.canParse(url)) return undefined;
  const { hostname, username, password, port, pathname } = new URL(url);
  const isHostAlone = username === "" && password === "" && port === "" && pathname === "/";
  return isHostAlone ? hostname.replace(/\.$/, "") : undefined;
}

/** Whether a host, as {@link plainHost} gives it, is meant. That `*` means public ones only is for the caller to see to. */
export function matchesHost(pattern: HostPattern, host: string, port: number): boolean {
  if (pattern.ports !== null && !pattern.ports.includes(port)) return false;
  if (pattern.host === "*") return true;
  return pattern.isBelow ? host.endsWith(`.${pattern.host}`) : host === pattern.host;
}

/** The pattern as a person writes it, one way for all that mean the same. */
export function shownPattern({ host, isBelow, ports }: HostPattern): string {
  const name = isBelow ? `*.${host}` : host;
  if (host === "*" || ports === PORTS_DEFAULT) return name;
  return `${name}:${ports?.join() ?? "*"}`;
}

function portsOf(text: string | undefined): readonly number[] | null | undefined {
  if (text === undefined) return PORTS_DEFAULT;
  if (text === "*") return null;
  const port = Number(text);
  return port >= 1 && port <= PORT_MAX ? [port] : undefined;
}
