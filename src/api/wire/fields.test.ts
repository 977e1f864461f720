import { expect, test } from "bun:test";
import { renamed } from "./fields.ts";

test("renamed() names the fields of a body as they are named here, and leaves what is in them alone", () => {
  const body = { name: "a", read_only: true, per_file_view_window_char_limit: 3, metadata: { is_odd: 1 }, tags: null };
  expect(renamed(body)).toEqual({
    name: "a",
    readOnly: true,
    perFileViewWindowCharLimit: 3,
    metadata: { is_odd: 1 },
    tags: null,
  });
  // The second time from memory.
  expect(renamed({ read_only: false })).toEqual({ readOnly: false });
});
