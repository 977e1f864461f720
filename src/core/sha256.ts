import { joinBytes } from "./bytes.ts";

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4). */
const ROUND = roundConstants();
const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const BLOCK_BYTES = 64;

/** The SHA-256 of the text's UTF-8, in hexadecimal. For telling texts apart where no runtime's crypto may be used. */
export function sha256(text: string): string {
  return [...digestOf(new TextEncoder().encode(text))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The HMAC of the bytes with SHA-256 (RFC 2104): only who has the key can make it. */
export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? digestOf(key) : key);
  const inner = digestOf(
    joined(
      block.map((byte) => byte ^ 0x36),
      bytes,
    ),
  );
  return digestOf(
    joined(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  );
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  return joinBytes([first, second], first.length + second.length);
}

function digestOf(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = padded(message);
  const view = new DataView(bytes.buffer);
  const state = Uint32Array.from(START);
  const words = new Uint32Array(ROUND.length);
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    schedule(words, view, at);
    compress(state, words);
  }
  const digest = new Uint8Array(state.length * 4);
  const out = new DataView(digest.buffer);
  for (const [i, value] of state.entries()) out.setUint32(i * 4, value);
  return digest;
}

function padded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = Math.ceil((bytes.length + 9) / BLOCK_BYTES) * BLOCK_BYTES;
  const whole = new Uint8Array(length);
  whole.set(bytes);
  whole[bytes.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setUint32(length - 8, Math.floor((bytes.length * 8) / 2 ** 32));
  view.setUint32(length - 4, (bytes.length * 8) % 2 ** 32);
  return whole;
}

function schedule(words: Uint32Array, view: DataView, at: number): void {
  for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + i * 4);
  for (let i = 16; i < words.length; i++) {
    const near = word(words, i - 2);
    const far = word(words, i - 15);
    const mixed = rotate(far, 7) ^ rotate(far, 18) ^ (far >>> 3);
    words[i] = word(words, i - 16) + mixed + word(words, i - 7) + (rotate(near, 17) ^ rotate(near, 19) ^ (near >>> 10));
  }
}

function compress(state: Uint32Array, words: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < words.length; i++) {
    const choice = (e & f) ^ (~e & g);
    const first = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + word(ROUND, i) + word(words, i)) | 0;
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const second = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) state[i] = word(state, i) + value;
}

function rotate(value: number, bits: number): number {
  return (value >>> bits) | (value << (32 - bits));
}

function word(words: Uint32Array, i: number): number {
  return words[i] ?? 0;
}

function roundConstants(): Uint32Array {
  const constants: number[] = [];
  for (let candidate = 2; constants.length < 64; candidate++) {
    if (isPrime(candidate)) constants.push(Math.floor((Math.cbrt(candidate) % 1) * 2 ** 32));
  }
  return Uint32Array.from(constants);
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) return false;
  return true;
}
