const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const CLOSE = 0x5d;
/** Characters, a dot among them, whose digits a number of 64 bits holds without loss. */
const PLAIN_CHARS_MAX = 16;

/** Where the next number of a text begins, and the last one that was read. */
interface Place {
  at: number;
  value: number;
}

/**
 * The first `dimensions` numbers of a vector as pgvector writes it, `[0.1,-2e-05,...]`: V1 fills its vectors up with zeros to 4,096.
 * Null where there is none, or it has fewer numbers, or nothing but zeros.
 */
export function vectorOf(text: string | null, dimensions: number): Float32Array | null {
  if (text === null || dimensions <= 0 || !text.startsWith("[")) return null;
  const vector = new Float32Array(dimensions);
  const place: Place = { at: 1, value: 0 };
  let isZero = true;
  for (let index = 0; index < dimensions; index++) {
    readNumber(text, place);
    if (!Number.isFinite(place.value)) return null;
    if (place.value !== 0) isZero = false;
    vector[index] = place.value;
    const isLast = index === dimensions - 1;
    if (text.charCodeAt(place.at) !== COMMA && !(isLast && text.charCodeAt(place.at) === CLOSE)) return null;
    place.at++;
  }
  return isZero ? null : vector;
}

/** Reads a number up to what ends it. There are a thousand in every vector, and most are short and plain. */
function readNumber(text: string, place: Place): void {
  const from = place.at;
  const isNegative = text.charCodeAt(from) === MINUS;
  const first = isNegative ? from + 1 : from;
  let at = first;
  let mantissa = 0;
  let dotAt = -1;
  for (; ; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT && dotAt === -1) dotAt = at;
    else if (code >= ZERO && code <= NINE) mantissa = mantissa * 10 + (code - ZERO);
    else break;
  }
  const length = at - first;
  if (length === 0 || length > PLAIN_CHARS_MAX || !isEnd(text.charCodeAt(at))) {
    readAnyNumber(text, place);
    return;
  }
  const value = dotAt === -1 ? mantissa : mantissa / 10 ** (at - dotAt - 1);
  place.value = isNegative ? -value : value;
  place.at = at;
}

function readAnyNumber(text: string, place: Place): void {
  const from = place.at;
  let at = from;
  while (at < text.length && !isEnd(text.charCodeAt(at))) at++;
  place.value = at === from ? Number.NaN : Number(text.slice(from, at));
  place.at = at;
}

function isEnd(code: number): boolean {
  return code === COMMA || code === CLOSE;
}
