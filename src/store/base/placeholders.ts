/** `count` placeholders from `$first` on, in a list. */
export function placeholders(first: number, count: number): string {
  return Array.from({ length: count }, (_, i) => `$${first + i}`).join(", ");
}

/** Values in lists of a few fixed lengths, the last value repeated to fill one up, so that few statements serve all. */
export function* filledLists<T>(values: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < values.length; at += LONGEST_LIST) {
    const part = values.slice(at, at + LONGEST_LIST);
    const length = LIST_LENGTHS.find((each) => each >= part.length) ?? LONGEST_LIST;
    const last = part.at(-1);
    if (last === undefined) return;
    yield [...part, ...Array.from({ length: length - part.length }, () => last)];
  }
}

const LONGEST_LIST = 256;
const LIST_LENGTHS = [1, 4, 16, 64, 128, LONGEST_LIST];
