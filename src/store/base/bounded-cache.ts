/** How much a {@link BoundedCache} holds. */
export interface CacheLimits {
  readonly itemsMax: number;
  /** Characters of what is kept, all together. */
  readonly charsMax: number;
  /** Characters of one item; a longer one is not kept. */
  readonly itemCharsMax: number;
}

/** What was read lately, as far as there is room for it; what was kept first goes first. */
export interface BoundedCache<K, V> {
  get(key: K): V | undefined;
  /** Keeps a value that takes up so many characters, in place of what the key had. */
  set(key: K, value: V, chars: number): void;
  delete(key: K): void;
  clear(): void;
}

/** An empty {@link BoundedCache}. */
export function createBoundedCache<K, V>({ itemsMax, charsMax, itemCharsMax }: CacheLimits): BoundedCache<K, V> {
  const kept = new Map<K, { readonly value: V; readonly chars: number }>();
  let total = 0;

  function forget(key: K): void {
    total -= kept.get(key)?.chars ?? 0;
    kept.delete(key);
  }

  return {
    get: (key) => kept.get(key)?.value,
    set(key, value, chars) {
      forget(key);
      if (chars > itemCharsMax) return;
      kept.set(key, { value, chars });
      total += chars;
      for (const oldest of kept.keys()) {
        if (kept.size <= itemsMax && total <= charsMax) break;
        forget(oldest);
      }
    },
    delete: forget,
    clear() {
      kept.clear();
      total = 0;
    },
  };
}

/** Characters of the texts among these values. */
export function charsOf(values: readonly unknown[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 0), 0);
}
