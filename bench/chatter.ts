import { instantOf } from "../src/core/clock.ts";
import type { NewEntry } from "../src/umi/index/entry.ts";

/** Numbers of each vector. */
const DIMENSION = 384;
const WORDS = 60_000;
const CLUSTERS = 300;
/** How far vectors lie from the middle of their cluster, in lengths of it. */
const SPREAD = 0.8;
const TURNS_PER_SESSION = 24;
const SYLLABLES = "ba co di fu ga he ki lo mu na pe ri so tu va we xi yo zu sha tre plo gri sta".split(" ");

/** Made-up chat whose words are as unevenly common as those of real ones (Zipf's law), and vectors in clusters. */
export interface Chatter {
  /** `count` turns of two speakers, numbered from `first`. */
  say(first: number, count: number): readonly NewEntry[];
  /** Some words, rarer ones more often than chat has them, as questions do. */
  question(): string;
  vector(): Float32Array;
}

/** Makes a {@link Chatter}; equal seeds say equal things. */
export function createChatter(seed: number): Chatter {
  const fraction = mulberry(seed);
  const words = Array.from({ length: WORDS }, (_, i) => wordOf(i));
  /** The rank of a word drawn by Zipf's law, by inverting its approximate distribution. */
  const zipf = () => Math.min(WORDS - 1, Math.floor(WORDS ** fraction()) - 1);
  const normal = () => fraction() + fraction() + fraction() + fraction() - 2;
  const centres = Array.from({ length: CLUSTERS }, () => Float32Array.from({ length: DIMENSION }, normal));
  const text = (length: number) => Array.from({ length }, () => words[zipf()]).join(" ");
  return {
    say: (first, count) =>
      Array.from({ length: count }, (_, i) => ({
        id: `turn-${first + i}`,
        session: `session-${Math.floor((first + i) / TURNS_PER_SESSION)}`,
        speaker: i % 2 === 0 ? "Ada" : "Grace",
        role: "none" as const,
        text: text(8 + Math.floor(fraction() * 24)),
        at: instantOf((first + i) * 60_000),
        tags: [],
      })),
    question: () => Array.from({ length: 6 }, () => words[Math.max(20, zipf())]).join(" "),
    vector() {
      const centre = centres[Math.floor(fraction() * CLUSTERS)] ?? new Float32Array(DIMENSION);
      return centre.map((each) => each + SPREAD * normal());
    },
  };
}

function wordOf(index: number): string {
  let word = "";
  for (let rest = index + SYLLABLES.length; rest > 0; rest = Math.floor(rest / SYLLABLES.length))
    word += SYLLABLES[rest % SYLLABLES.length];
  return word;
}

/** A small generator of evenly spread fractions (mulberry32). */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
