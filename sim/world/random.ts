import { createHash } from "node:crypto";
import type { Random } from "../../src/core/random.ts";

/** Numbers that the same seed and label give again, apart from those of every other label. */
export interface SeededRandom extends Random {
  /** Tells this sequence from the others of its seed: the labels that led to it. */
  readonly label: string;
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number;
  /** A number from `min` up to `max`. */
  between(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Another sequence, told apart by its label: drawing from it changes nothing here. */
  fork(label: string): SeededRandom;
}

/** A {@link SeededRandom} (sfc32, its state hashed from the seed and the label). */
export function seededRandom(seed: string, label = ""): SeededRandom {
  const hash = createHash("sha256")
    .update(seed + label)
    .digest();
  const state = new Uint32Array(new Uint8Array(hash.subarray(0, 16)).buffer);
  let [a = 0, b = 0, c = 0, d = 0] = state;

  function u32(): number {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  }

  const fraction = () => u32() / 4_294_967_296;
  const int = (below: number) => Math.floor(fraction() * below);
  return {
    fraction,
    int,
    between: (min, max) => min + fraction() * (max - min),
    chance: (probability) => fraction() < probability,
    pick: (items) => items[int(items.length)] ?? items[0],
    label: label.slice(1),
    fork: (below) => seededRandom(seed, `${label}/${below}`),
    uuid() {
      const hex = [u32(), u32(), u32(), u32()].map((word) => word.toString(16).padStart(8, "0")).join("");
      const variant = "89ab"[Number.parseInt(hex[16] ?? "0", 16) % 4];
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}
