/** Rows of numbers in a memory of their own, and the two loops over them that decide how fast a search is. */
export interface Kernel {
  readonly memory: WebAssembly.Memory;
  /** Writes the dot product of the vector at `query` with each of `count` rows of `bytes` bytes (a multiple of 32) as f32. */
  dots(query: number, rows: number, out: number, count: number, bytes: number): void;
  /**
   * Of `count` codes of `bytes` bytes (a multiple of 16), those that differ from the code at `query` in at most `most`
   * bits: writes the place of each among them and its distance as i32, side by side; gives how many. There must be room
   * for one more.
   */
  within(query: number, rows: number, out: number, count: number, bytes: number, most: number): number;
}

/** Makes a kernel with an empty memory. The same bytes run in Bun, Node and browsers, with the same results. */
export function createKernel(): Kernel {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()));
  const { memory, dots, within } = exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof dots !== "function" || typeof within !== "function")
    throw new Error("The kernel lacks an export");
  return {
    memory,
    dots: (...parameters) => {
      dots(...parameters, 0);
    },
    within: (query, rows, out, ...rest) => (Number(within(query, rows, out, ...rest)) - out) / PAIR_BYTES,
  };
}

/** What {@link Kernel.within} writes for each code. */
const PAIR_BYTES = 8;

// The binary format: https://webassembly.github.io/spec/core/binary/. Code below is a list of bytes, as it is there.
type Code = readonly number[];

const I32 = 0x7f;
const V128 = 0x7b;
/** Lengths below 128 take one byte, longer ones two: nothing here is longer than 16,383. */
const length = (count: number): Code => (count < 128 ? [count] : [(count & 127) | 128, count >> 7]);
const vector = (items: readonly Code[]): Code => [...length(items.length), ...items.flat()];
const section = (id: number, body: Code): Code => [id, ...length(body.length), ...body];
const name = (text: string): Code => [text.length, ...[...text].map((char) => char.charCodeAt(0))];

const get = (local: number): Code => [0x20, local];
const set = (local: number, value: Code): Code => [...value, 0x21, local];
const number32 = (value: number): Code => [0x41, value];
const plus = (local: number, value: number): Code => set(local, [...get(local), ...number32(value), 0x6a]);
const block = (body: Code): Code => [0x02, 0x40, ...body, 0x0b];
const loop = (body: Code): Code => [0x03, 0x40, ...body, 0x0b];
const branch = (depth: number): Code => [0x0c, depth];
const branchIf = (depth: number, condition: Code): Code => [...condition, 0x0d, depth];
const isZero = (value: Code): Code => [...value, 0x45];
const isBelow = (a: Code, b: Code): Code => [...a, ...b, 0x49];
const simd = (operation: number): Code => [0xfd, ...length(operation)];
const load128 = (address: Code, offset: number): Code => [...address, ...simd(0x00), 0, offset];
const zero128: Code = [...simd(0x0c), ...new Array<number>(16).fill(0)];
const add128 = (a: Code, b: Code): Code => [...a, ...b, ...simd(0xe4)];
const multiply128 = (a: Code, b: Code): Code => [...a, ...b, ...simd(0xe6)];
const lane = (value: Code, index: number): Code => [...value, ...simd(0x1f), index];

/** Parameters of both functions, then the locals of both, then those of one. */
const QUERY = 0;
const ROWS = 1;
const OUT = 2;
const COUNT = 3;
const BYTES = 4;
const MOST = 5;
const AT = 6;
const END = 7;
const SUM = 8;
const SUM_2 = 9;
const PLACE = 9;
const DISTANCE = 10;

/**
 * `start` and `finish` run once for a row, `step` once for every `stepBytes` of it, AT going over the query and ROWS over
 * the rows. The result is OUT.
 */
function overRows(start: Code, step: Code, stepBytes: number, finish: Code): Code {
  const rows = block(
    loop([
      ...branchIf(1, isZero(get(COUNT))),
      ...set(AT, get(QUERY)),
      ...set(END, [...get(QUERY), ...get(BYTES), 0x6a]),
      ...start,
      ...loop([...step, ...plus(AT, stepBytes), ...plus(ROWS, stepBytes), ...branchIf(0, isBelow(get(AT), get(END)))]),
      ...finish,
      ...set(COUNT, [...get(COUNT), ...number32(1), 0x6b]),
      ...branch(0),
    ]),
  );
  return [...rows, ...get(OUT)];
}

/** Two sums of four lanes each, so that one addition need not wait for the other. */
function dotsBody(): Code {
  const product = (offset: number) => multiply128(load128(get(AT), offset), load128(get(ROWS), offset));
  const both = add128(get(SUM), get(SUM_2));
  const sumOfLanes = [
    ...set(SUM, both),
    ...[...lane(get(SUM), 0), ...lane(get(SUM), 1), 0x92],
    ...[...lane(get(SUM), 2), ...lane(get(SUM), 3), 0x92],
    0x92,
  ];
  return overRows(
    [...set(SUM, zero128), ...set(SUM_2, zero128)],
    [...set(SUM, add128(get(SUM), product(0))), ...set(SUM_2, add128(get(SUM_2), product(16)))],
    32,
    [...get(OUT), ...sumOfLanes, 0x38, 0, 0, ...plus(OUT, 4)],
  );
}

/** Bits are counted by bytes, which are added up in pairs to sixteen bits and at last to thirty-two. */
function withinBody(): Code {
  const differing = [...load128(get(AT), 0), ...load128(get(ROWS), 0), ...simd(0x51), ...simd(0x62), ...simd(0x7d)];
  const sums = [...get(SUM), ...simd(0x7f)];
  const integer = (index: number): Code => [...get(SUM), ...simd(0x1b), index];
  const distance = [...integer(0), ...integer(1), 0x6a, ...integer(2), ...integer(3), 0x6a, 0x6a];
  const isWithin = [...get(DISTANCE), ...get(MOST), 0x4d];
  return overRows(set(SUM, zero128), set(SUM, [...get(SUM), ...differing, ...simd(0x8e)]), 16, [
    ...[...set(SUM, sums), ...set(DISTANCE, distance)],
    ...[...get(OUT), ...get(PLACE), 0x36, 0, 0, ...get(OUT), ...get(DISTANCE), 0x36, 0, 4],
    // Written always, kept only if it is near: a branch that is hard to predict would cost more.
    ...set(OUT, [...get(OUT), ...isWithin, ...number32(3), 0x74, 0x6a]),
    ...plus(PLACE, 1),
  ]);
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const parameters = vector([[I32], [I32], [I32], [I32], [I32], [I32]]);
  const body = (locals: readonly Code[], code: Code): Code => {
    const whole = [...vector(locals), ...code, 0x0b];
    return [...length(whole.length), ...whole];
  };
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([[0x60, ...parameters, 1, I32]])),
    ...section(3, vector([[0], [0]])),
    ...section(5, vector([[0, 1]])),
    ...section(
      7,
      vector([
        [...name("memory"), 2, 0],
        [...name("dots"), 0, 0],
        [...name("within"), 0, 1],
      ]),
    ),
    ...section(
      10,
      vector([
        body(
          [
            [2, I32],
            [2, V128],
          ],
          dotsBody(),
        ),
        body(
          [
            [2, I32],
            [1, V128],
            [2, I32],
          ],
          withinBody(),
        ),
      ]),
    ),
  ]);
}
