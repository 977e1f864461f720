import type { OutsideRequest } from "../../core/outside.ts";

/** What is searched for, as the tool's arguments say. */
export interface SearchWish {
  readonly query: string;
  readonly count: number;
  readonly category: string | null;
  readonly wholeText: boolean;
  readonly includeDomains: readonly string[];
  readonly excludeDomains: readonly string[];
  /** ISO dates, with a time or not. */
  readonly publishedFrom: string | null;
  readonly publishedTo: string | null;
  /** Two letters of a country. */
  readonly country: string | null;
  /** The day of the search, as an ISO date. */
  readonly today: string;
}

/** One page that was found, as the model is told of it. */
export interface Hit {
  readonly title: string | null;
  readonly url: string;
  readonly published_date: string | null;
  readonly author: string | null;
  readonly text?: string;
  readonly highlights?: readonly string[];
  readonly summary?: string;
}

/** How a service is asked. */
export interface SearchRequest extends Pick<OutsideRequest, "method" | "headers" | "body"> {
  readonly url: string;
}

/** A search service. */
export interface SearchEngine {
  /** What it is called in what people read. */
  readonly name: string;
  /** Arguments of the tool that it knows nothing of. */
  readonly ignores: readonly IgnoredArgument[];
  /** `access` is its key, or its address where it has none. */
  request(wish: SearchWish, access: string): SearchRequest;
  /** Reads its answer; what is no hit in it is left out. */
  read(answer: unknown, wish: SearchWish): readonly Hit[];
}

/** Arguments that a service may know nothing of, by their names in the tool, and whether a wish has them. */
export const ARGUMENTS = {
  category: (wish: SearchWish) => wish.category !== null,
  include_text: (wish: SearchWish) => wish.wholeText,
  start_published_date: (wish: SearchWish) => wish.publishedFrom !== null,
  end_published_date: (wish: SearchWish) => wish.publishedTo !== null,
  user_location: (wish: SearchWish) => wish.country !== null,
} as const;

/** A name in {@link ARGUMENTS}. */
export type IgnoredArgument = keyof typeof ARGUMENTS;

/** A text, or null for anything else and for an empty one. */
export function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** The query with its domains in the words that search engines understand. */
export function withSites({ query, includeDomains, excludeDomains }: SearchWish): string {
  const wanted = includeDomains.map((domain) => `site:${domain}`).join(" OR ");
  const unwanted = excludeDomains.map((domain) => `-site:${domain}`);
  return [query, ...(wanted === "" ? [] : [`(${wanted})`]), ...unwanted].join(" ");
}
