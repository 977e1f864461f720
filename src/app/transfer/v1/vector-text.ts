/**
 * The first `dimensions` numbers of a vector as pgvector writes it, `[0.1,-2e-05,...]`: V1 fills its vectors up with zeros to 4,096.
 * Null where there is none, or it has fewer numbers, or nothing but zeros.
 */
export function vectorOf(text: string | null, dimensions: number): Float32Array | null {
  if (text === null || dimensions <= 0 || !text.startsWith("[")) return null;
  const vector = new Float32Array(dimensions);
  let from = 1;
  let isZero = true;
  for (let at = 0; at < dimensions; at++) {
    let to = text.indexOf(",", from);
    if (to === -1) {
      if (at < dimensions - 1) return null;
      to = text.indexOf("]", from);
    }
    const value = Number(text.slice(from, to));
    if (!Number.isFinite(value)) return null;
    if (value !== 0) isZero = false;
    vector[at] = value;
    from = to + 1;
  }
  return isZero ? null : vector;
}
