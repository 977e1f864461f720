import { expect } from "bun:test";
import type { OwnProvider } from "../../src/agent/providers/provider.ts";
import { madeBy } from "../../src/core/authorship.ts";
import { instantOf } from "../../src/core/clock.ts";
import { newId } from "../../src/core/id.ts";
import { type OpenedStore, world } from "../_harness/dialects.ts";
import { ALL, expectFailure, expectPages, reader, type Subject, write } from "./_subject.ts";

const LISTING = { chat: [{ name: "gpt-4o", facts: { contextWindow: 1_000 } }], embeddings: ["e"] };

function providerOf({ actor }: OpenedStore, change: Partial<OwnProvider> = {}): OwnProvider {
  return {
    id: newId("provider", world.random),
    name: "mine",
    type: "openai",
    baseUrl: null,
    region: null,
    apiVersion: null,
    revision: 1,
    syncedAt: world.clock.now(),
    ...madeBy(actor, world.clock.now()),
    ...change,
  };
}

/** What stores of providers promise. */
export function providerContract(subject: Subject): void {
  subject(
    "providers: what is kept is found by id and name, with what it offers, by its organisation alone",
    async (opened) => {
      const provider = providerOf(opened);
      await write(opened, ({ providers }) => providers.insert(provider, LISTING));
      const { providers } = reader(opened);
      expect(await providers.find(provider.id)).toEqual(provider);
      expect(await providers.findByName("mine")).toEqual(provider);
      expect(await providers.listingOf(provider.id)).toEqual(LISTING);
      expect(await providers.count()).toBe(1);
      const others = opened.store.reader(opened.stranger).providers;
      expect(await others.find(provider.id)).toBeUndefined();
      expect(await others.findByName("mine")).toBeUndefined();
      expect(await others.listingOf(provider.id)).toBeNull();
      expect([await others.list({}, ALL), await others.count()]).toEqual([[], 0]);
      await expectFailure(
        "not_found",
        opened.store.write(opened.stranger, (stores) => stores.providers.remove(provider.id)),
      );
      await expectFailure(
        "not_found",
        opened.store.write(opened.stranger, (stores) => stores.providers.save(provider, null)),
      );
      expect(await providers.listingOf(provider.id)).toEqual(LISTING);
    },
  );

  subject("providers: one of a name, which another organisation may have too", async (opened) => {
    await write(opened, ({ providers }) => providers.insert(providerOf(opened), null));
    await expectFailure(
      "conflict",
      write(opened, ({ providers }) => providers.insert(providerOf(opened), null)),
    );
    await opened.store.write(opened.stranger, ({ providers }) => providers.insert(providerOf(opened), null));
    expect(await reader(opened).providers.count()).toBe(1);
  });

  subject("providers: save() replaces what it was and offered, and remove() takes its keys with it", async (opened) => {
    const provider = providerOf(opened);
    const after = { ...provider, baseUrl: "https://example.com/v1", revision: 2 };
    const place = {
      ownerId: provider.id,
      name: "api_key",
      description: null,
      ...madeBy(opened.actor, world.clock.now()),
    };
    const secret = { id: newId("secret", world.random), ...place };
    await write(opened, async ({ providers, secrets }) => {
      await providers.insert(provider, LISTING);
      await secrets.put(secret, "sk");
      await providers.save(after, null);
    });
    const { providers, secrets } = reader(opened);
    expect([await providers.find(provider.id), await providers.listingOf(provider.id)]).toEqual([after, null]);
    await write(opened, (stores) => stores.providers.remove(provider.id));
    expect(await providers.find(provider.id)).toBeUndefined();
    expect(await secrets.find(secret.id)).toBeUndefined();
    for (const work of [
      write(opened, (stores) => stores.providers.remove(provider.id)),
      write(opened, (stores) => stores.providers.save(provider, null)),
    ])
      await expectFailure("not_found", work);
  });

  subject("providers: list() pages, by name and type where they are named", async (opened) => {
    const all = ["a", "b", "c", "d"].map((name, index) =>
      providerOf(opened, { name, type: name === "d" ? "anthropic" : "openai", createdAt: instantOf(1_000 + index) }),
    );
    await write(opened, async ({ providers }) => {
      for (const provider of all) await providers.insert(provider, null);
    });
    const { providers } = reader(opened);
    await expectPages(
      (page) => providers.list({}, page),
      all.map(({ id }) => id),
    );
    const names = async (filter: object) => (await providers.list(filter, ALL)).map(({ name }) => name);
    expect(await names({ name: "b" })).toEqual(["b"]);
    expect(await names({ type: "anthropic" })).toEqual(["d"]);
    expect(await names({ name: "b", type: "anthropic" })).toEqual([]);
  });
}
