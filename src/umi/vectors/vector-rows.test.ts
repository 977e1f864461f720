import { expect, test } from "bun:test";
import fc from "fast-check";
import { createKernel } from "./kernel.ts";
import { unitVector } from "./unit-vector.ts";
import { VectorRows, WHOLE_ROWS_MAX } from "./vector-rows.ts";

/** Vectors that are the same in every run. */
function seeded(seed: number) {
  let state = seed;
  const fraction = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const normal = () => fraction() + fraction() + fraction() + fraction() - 2;
  return { fraction, vector: (length: number) => Float32Array.from({ length }, normal), normal };
}

test("createKernel() computes dot products and differing bits as plain code does", () => {
  const kernel = createKernel();
  kernel.memory.grow(1);
  const number = fc.double({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(number, { minLength: 8, maxLength: 80 }), fc.integer({ min: 0, max: 4 }), (numbers, count) => {
      const width = 8 * Math.floor(numbers.length / 8);
      const floats = new Float32Array(kernel.memory.buffer);
      for (let i = 0; i < width * (count + 1); i++) floats[i] = numbers[(i * 7) % numbers.length] ?? 0;
      kernel.dots(0, width * 4, 65_536, count, width * 4);
      const bytes = new Uint8Array(kernel.memory.buffer);
      const dots = [...new Float32Array(kernel.memory.buffer, 65_536, count)];
      const row = (i: number) => [...floats.subarray(i * width, (i + 1) * width)];
      dots.forEach((each, i) => {
        expect(each).toBeCloseTo(
          row(i + 1).reduce((sum, x, at) => sum + x * (row(0)[at] ?? 0), 0),
          3,
        );
      });
      const differing = (i: number) => {
        let bits = 0;
        for (let at = 0; at < width * 4; at++)
          bits += ((bytes[at] ?? 0) ^ (bytes[(i + 1) * width * 4 + at] ?? 0)).toString(2).replaceAll("0", "").length;
        return bits;
      };
      const expected = Array.from({ length: count }, (_, i) => [i, differing(i)] as const);
      const most = expected.at(-1)?.[1] ?? 0;
      const found = kernel.within(0, width * 4, 65_536, count, width * 4, most);
      const near = expected.filter(([, bits]) => bits <= most);
      expect([...new Int32Array(kernel.memory.buffer, 65_536, found * 2)]).toEqual(near.flat());
    }),
  );
});

test("VectorRows gives the nearest exactly, in a fixed order, while it keeps whole vectors", async () => {
  const { vector } = seeded(3);
  const rows = new VectorRows(37);
  const all = Array.from({ length: 500 }, () => unitVector(vector(37)));
  all.forEach((each, i) => {
    rows.set(i, each);
  });
  rows.set(400, all[7] ?? new Float32Array(37));
  rows.remove(9);
  const query = all[7] ?? new Float32Array(37);
  const near = await rows.nearest(
    query,
    5,
    (number) => number !== 8,
    async () => [],
  );
  const cosine = (a: Float32Array) => a.reduce((sum, x, i) => sum + x * (query[i] ?? 0), 0);
  const expected = [...all.keys()]
    .filter((i) => i !== 8 && i !== 9 && i !== 400)
    .sort((a, b) => cosine(all[b] ?? query) - cosine(all[a] ?? query));
  expect(near.map((each) => each.number)).toEqual([7, 400, ...expected.slice(1, 4)]);
  expect(near[0]?.similarity).toBeCloseTo(1, 5);
});

test("VectorRows finds nearly all of the nearest among many by one bit a number, and reads few vectors for it", async () => {
  const { vector, normal, fraction } = seeded(5);
  const dimension = 64;
  const centres = Array.from({ length: 60 }, () => vector(dimension));
  const draw = () => {
    const centre = centres[Math.floor(fraction() * centres.length)] ?? vector(dimension);
    return unitVector(centre.map((each) => each + 0.8 * normal()));
  };
  const count = WHOLE_ROWS_MAX + 2_000;
  const all = Array.from({ length: count }, draw);
  const rows = new VectorRows(dimension);
  all.forEach((each, i) => {
    rows.set(i, each);
  });
  expect(rows.isExact).toBe(false);
  expect(rows.byteLength).toBeLessThan(count * 16 * 3);
  let found = 0;
  for (let i = 0; i < 10; i++) {
    const query = draw();
    const cosine = (a: Float32Array) => a.reduce((sum, x, at) => sum + x * (query[at] ?? 0), 0);
    const scored = all.map((each, number) => ({ number, cosine: cosine(each) })).sort((a, b) => b.cosine - a.cosine);
    const exact = new Set(scored.slice(0, 10).map((each) => each.number));
    let read = 0;
    const near = await rows.nearest(
      query,
      10,
      () => true,
      async (numbers) => {
        read += numbers.length;
        return numbers.map((number) => ({ number, vector: all[number] ?? query }));
      },
    );
    expect(read).toBeLessThanOrEqual(300);
    found += near.filter(({ number }) => exact.has(number)).length;
  }
  expect(found / 100).toBeGreaterThan(0.95);
}, 60_000);
