import { expect, test } from "bun:test";
import { preferredType } from "./accept.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

test("preferredType() is what is named and liked best, and nothing where anything will do", () => {
  const accepted: readonly (readonly [string | undefined, string | undefined])[] = [
    [undefined, undefined],
    ["", undefined],
    ["*/*", undefined],
    ["text/*", undefined],
    ["text/plain", undefined],
    ["text/htmlx, */*", undefined],
    [BROWSER, "text/html"],
    ["TEXT/HTML ; charset=utf-8", "text/html"],
    ["application/json", "application/json"],
    ["application/json, text/plain, */*", "application/json"],
    ["application/json, text/html", "text/html"],
    ["text/html;q=0.9, application/json", "application/json"],
    ["application/json;q=0.1, text/html;q=0.2", "text/html"],
    ["text/html;q=0", undefined],
    ["text/html;level=1;q=0.000, application/json;Q=0.5", "application/json"],
    ["text/html;q=high", "text/html"],
    [",;,;;q=1", undefined],
  ];
  for (const [accept, type] of accepted) expect([accept, preferredType(accept)]).toEqual([accept, type]);
});
