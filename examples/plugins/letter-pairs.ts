// An embedder in TypeScript: which pairs of letters a text has. Words that are written alike have near vectors.

const DIMENSIONS = 128;

/** What it says of itself. */
export const manifest = {
  abi: 1,
  kind: "embedder",
  name: "letter-pairs",
  description: "Texts with words that are written alike are near.",
  dimensions: DIMENSIONS,
};

/** Is called with texts, and answers a vector for each of them. */
export function call({ texts }: { readonly texts: readonly string[] }): readonly (readonly number[])[] {
  return texts.map(vectorOf);
}

function vectorOf(text: string): readonly number[] {
  const vector = Array<number>(DIMENSIONS).fill(0);
  const letters = ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ")} `;
  for (let i = 1; i < letters.length; i++) {
    const place = (letters.charCodeAt(i - 1) * 31 + letters.charCodeAt(i)) % DIMENSIONS;
    vector[place] = (vector[place] ?? 0) + 1;
  }
  return vector;
}
