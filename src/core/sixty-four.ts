/** The bytes as base64 (RFC 4648), with padding. */
export function encodeSixtyFour(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** The bytes that a base64 text stands for. Throws where it is none. */
export function decodeSixtyFour(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
