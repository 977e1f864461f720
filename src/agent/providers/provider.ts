import type { Authorship } from "../../core/authorship.ts";
import type { Instant } from "../../core/clock.ts";
import type { Id } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { Listing } from "../../llm/listing.ts";
import type { ProviderKind, ProviderSettings } from "../../llm/provider.ts";

/** Names a provider of an organisation. */
export type OwnProviderId = Id<"provider">;

/** A provider that an organisation has a key of its own for. The key is kept apart, as a secret that it owns. */
export interface OwnProvider extends Authorship {
  readonly id: OwnProviderId;
  /** What handles of its models begin with; an organisation has one of a name. */
  readonly name: string;
  /** The word under which the API knows its kind. */
  readonly type: string;
  readonly baseUrl: string | null;
  readonly region: string | null;
  readonly apiVersion: string | null;
  /** Counts its changes, those of its key and of what it offers included. */
  readonly revision: number;
  /** When it was last asked for its models. */
  readonly syncedAt: Instant | null;
}

/** What a provider is asked with in secret. */
export interface ProviderKeys {
  readonly apiKey: string | null;
  /** The id that goes with a key, at AWS. */
  readonly accessKey: string | null;
}

/** Which of them a list holds. */
export interface OwnProviderFilter {
  readonly name?: string;
  readonly type?: string;
}

/** The providers of one organisation. */
export interface OwnProviderStore {
  find(id: OwnProviderId): Promise<OwnProvider | undefined>;
  findByName(name: string): Promise<OwnProvider | undefined>;
  list(filter: OwnProviderFilter, page: Page): Promise<readonly OwnProvider[]>;
  count(): Promise<number>;
  /** What a provider offered when it was last asked; null of one that has no list. */
  listingOf(id: OwnProviderId): Promise<Listing | null>;
  /** Throws a `conflict` Failure where there is one of that name. */
  insert(provider: OwnProvider, listing: Listing | null): Promise<void>;
  /** Replaces it and what it offers. Throws a `not_found` Failure when there is none. */
  save(provider: OwnProvider, listing: Listing | null): Promise<void>;
  /** Removes it with its keys; throws a `not_found` Failure when there is none. */
  remove(id: OwnProviderId): Promise<void>;
}

/** The part of an {@link OwnProviderStore} that only reads. */
export type OwnProviderReader = Pick<OwnProviderStore, "find" | "findByName" | "list" | "count" | "listingOf">;

/** How a provider of this kind is spoken to. */
export function settingsFor(
  { name, baseUrl, region, apiVersion }: Pick<OwnProvider, "name" | "baseUrl" | "region" | "apiVersion">,
  kind: ProviderKind,
  { apiKey, accessKey }: ProviderKeys,
): ProviderSettings {
  const place = {
    name,
    kind,
    category: "byok",
    ...(baseUrl === null ? {} : { baseUrl }),
    ...(region === null ? {} : { region }),
    ...(apiVersion === null ? {} : { apiVersion }),
  } as const;
  if (kind === "bedrock")
    return {
      ...place,
      ...(accessKey === null ? {} : { accessKeyId: accessKey }),
      ...(apiKey === null ? {} : { secretAccessKey: apiKey }),
    };
  return apiKey === null ? place : { ...place, apiKey };
}
