import { expect } from "bun:test";
import type { Readers, Repositories } from "../../src/agent/ports/ports.ts";
import { Failure, type FailureKind } from "../../src/core/failure.ts";
import type { Page } from "../../src/core/page.ts";
import type { OpenedStore } from "../_harness/dialects.ts";

/** Says what must hold of an empty store, whatever keeps it. */
export type Subject = (name: string, body: (opened: OpenedStore) => Promise<void>) => void;

/** A page as long as may be asked for. */
export const ALL: Page = { limit: 100, order: "asc" };

/** Writes as the user of the default organisation. */
export function write<T>({ store, actor }: OpenedStore, work: (stores: Repositories) => Promise<T>): Promise<T> {
  return store.write(actor, work);
}

/** Reads as that user. */
export function reader({ store, actor }: OpenedStore): Readers {
  return store.reader(actor);
}

/** Expects a Failure of this kind. */
export async function expectFailure(kind: FailureKind, work: Promise<unknown>): Promise<void> {
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(Failure);
  if (failure instanceof Failure) expect(failure.kind).toBe(kind);
}

/** Pages of a list, forwards and backwards, from both ends: every row once, in order, whatever the size of a page. */
export async function expectPages(
  list: (page: Page) => Promise<readonly { readonly id: string }[]>,
  ids: readonly string[],
): Promise<void> {
  const idsOf = async (page: Page) => (await list(page)).map((row) => row.id);
  expect(await idsOf(ALL)).toEqual([...ids]);
  expect(await idsOf({ ...ALL, order: "desc" })).toEqual(ids.toReversed());
  for (const order of ["asc", "desc"] as const) {
    const inOrder = order === "asc" ? [...ids] : ids.toReversed();
    const seen: string[] = [];
    for (let after: string | undefined; seen.length <= ids.length; after = seen.at(-1)) {
      const page = await idsOf({ limit: 2, order, ...(after === undefined ? {} : { after }) });
      if (page.length === 0) break;
      seen.push(...page);
    }
    expect(seen).toEqual(inOrder);
    const [, second = "", third = ""] = inOrder;
    expect(await idsOf({ limit: 10, order, before: third })).toEqual(inOrder.slice(0, 2));
    expect(await idsOf({ limit: 10, order, after: second })).toEqual(inOrder.slice(2));
  }
}

/** An id of the same shape that names nothing. */
export function unknown<T extends string>(id: T): T {
  return `${id.slice(0, -12)}000000000000` as T;
}
