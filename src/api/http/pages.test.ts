import { expect, test } from "bun:test";
import { instantOf } from "../../core/clock.ts";
import { pageFrom } from "./pages.ts";

const items = ["a", "b", "c", "d"].map((id, index) => ({ id, createdAt: instantOf(index < 2 ? 1 : index) }));
const ids = (page: Parameters<typeof pageFrom>[1]) => pageFrom(items, page).map((item) => item.id);

test("pageFrom() sorts by time, then id, and cuts relative to the order", () => {
  expect(ids({ limit: 10, order: "asc" })).toEqual(["a", "b", "c", "d"]);
  expect(ids({ limit: 2, order: "desc" })).toEqual(["d", "c"]);
  expect(ids({ limit: 10, order: "desc", after: "c" })).toEqual(["b", "a"]);
  expect(ids({ limit: 10, order: "asc", after: "a", before: "d" })).toEqual(["b", "c"]);
  expect(ids({ limit: 10, order: "asc", after: "nobody" })).toHaveLength(4);
});
