/** An IP address as its bytes: 4 of them, or 16. */
export type AddressBytes = readonly number[];

/** A network: its first bytes, and how many bits of them count. */
type Network = readonly [bytes: AddressBytes, bits: number];

/** What of IPv4 does not belong to the public internet (IANA's special-purpose registry), and clouds' own servers. */
const PRIVATE_V4: readonly Network[] = [
  [[0], 8],
  [[10], 8],
  [[100, 64], 10],
  [[127], 8],
  [[169, 254], 16],
  [[172, 16], 12],
  [[192, 0, 0], 24],
  [[192, 0, 2], 24],
  [[192, 88, 99], 24],
  [[192, 168], 16],
  [[198, 18], 15],
  [[198, 51, 100], 24],
  [[203, 0, 113], 24],
  [[224], 3],
  // The server that every machine in Azure can ask about itself stands at a public address.
  [[168, 63, 129, 16], 32],
];

/** The part of IPv6 that is routed publicly, and what of it is not. */
const PUBLIC_V6: Network = [[0x20], 3];
const PRIVATE_V6: readonly Network[] = [
  [[0x20, 0x01, 0x00], 23],
  [[0x20, 0x01, 0x0d, 0xb8], 32],
  [[0x20, 0x02], 16],
  [[0x3f, 0xff], 20],
];

/** Networks of IPv6 that only wrap an IPv4 address, which stands in the last four bytes. */
const WRAPPING_V6: readonly Network[] = [
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 96],
  [[0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 96],
];

/** Longer texts are no addresses. */
const ADDRESS_CHARS_MAX = 64;

/**
 * Reads an IP address in any notation that some resolver takes: dotted, with fewer parts, octal, hexadecimal, one
 * number, IPv6 with or without brackets, with an IPv4 tail. Undefined when the text is none, as a host name is.
 */
export function parseAddress(text: string): AddressBytes | undefined {
  if (text.length > ADDRESS_CHARS_MAX) return undefined;
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  return bare.includes(":") ? parseV6(bare) : parseV4(bare);
}

/** Whether the address is one of the public internet: not this machine, not its networks, not what a cloud keeps inside. */
export function isPublicAddress(bytes: AddressBytes): boolean {
  if (bytes.length === 4) return !PRIVATE_V4.some((network) => isIn(network, bytes));
  if (WRAPPING_V6.some((network) => isIn(network, bytes))) return isPublicAddress(bytes.slice(12));
  return isIn(PUBLIC_V6, bytes) && !PRIVATE_V6.some((network) => isIn(network, bytes));
}

function isIn([prefix, bits]: Network, bytes: AddressBytes): boolean {
  for (let bit = 0; bit < bits; bit++) {
    const mask = 0x80 >> (bit % 8);
    const index = Math.floor(bit / 8);
    if (((prefix[index] ?? 0) & mask) !== ((bytes[index] ?? 0) & mask)) return false;
  }
  return true;
}

/** One to four numbers, the last of which fills the bytes that are left. */
function parseV4(text: string): AddressBytes | undefined {
  const parts = text.replace(/\.$/, "").split(".");
  const numbers = parts.map(parseNumber);
  const last = numbers.at(-1);
  if (parts.length > 4 || last === undefined) return undefined;
  const first = numbers.slice(0, -1);
  if (!first.every((number): number is number => number !== undefined && number <= 0xff)) return undefined;
  const left = 4 - first.length;
  if (last >= 256 ** left) return undefined;
  const rest = Array.from({ length: left }, (_, index) => Math.floor(last / 256 ** (left - 1 - index)) % 256);
  return [...first, ...rest];
}

/** A number as C reads it: hexadecimal after 0x, octal after 0, else decimal. */
function parseNumber(text: string): number | undefined {
  if (/^0x[0-9a-f]*$/i.test(text)) return Number.parseInt(text.slice(2) || "0", 16);
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^\d+$/.test(text) && !/^0\d/.test(text) ? Number(text) : undefined;
}

function parseV6(text: string): AddressBytes | undefined {
  const [withoutZone = ""] = text.split("%");
  const halves = withoutZone.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === 16 ? head : undefined;
  const missing = 16 - head.length - tail.length;
  return missing < 2 ? undefined : [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** The bytes of groups between colons; the last group may be a dotted IPv4 address. */
function groupsOf(text: string): AddressBytes | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    const isTail = index === groups.length - 1 && /^\d+\.\d+\.\d+\.\d+$/.test(group);
    const own = isTail ? parseV4(group) : parseGroup(group);
    if (own === undefined) return undefined;
    bytes.push(...own);
  }
  return bytes;
}

function parseGroup(group: string): AddressBytes | undefined {
  if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
  const number = Number.parseInt(group, 16);
  return [number >> 8, number & 0xff];
}
