#!/usr/bin/env bash
# One SQL text for SQLite and PostgreSQL, with placeholders written $1 and $2 as PostgreSQL has them: SQLite takes the
# text too, and answers something else without a word.
#
# Versions: bun 1.4.5 (its own bun:sqlite, SQLite 3.54.1) and @electric-sql/pglite 0.5.17 (PostgreSQL as WebAssembly).
# Behaviour: "select $2 as second, $1 as first", run with the values A and B in this order, gives second = B and
# first = A in PostgreSQL. In SQLite "$2" is a name like any other ("$second" would do as well), and values that come as
# a list go to the names in the order in which they first stand in the text: second = A and first = B. Nothing fails. A
# condition such as "owner = $2 and id = $1" finds nothing, or what belongs to somebody else. "?2" and "?1" are the numbers
# of SQLite, and PostgreSQL does not know them.
# Seen: sqlite $ {"second":"A","first":"B"}, sqlite ? {"second":"B","first":"A"}, postgres $ {"second":"B","first":"A"}
# Way out: let the numbers of a text rise in the order in which they stand, each for the first time.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund bun@1.4.5 @electric-sql/pglite@0.5.17 >/dev/null
cat >look.mjs <<'JS'
import { Database } from "bun:sqlite";
import { PGlite } from "@electric-sql/pglite";

const dollars = "select $2 as second, $1 as first";
const casts = "select $2::text as second, $1::text as first";
const sqlite = new Database(":memory:");
const postgres = new PGlite();
const seen = {
  "sqlite $": sqlite.query(dollars).get("A", "B"),
  "sqlite ?": sqlite.query("select ?2 as second, ?1 as first").get("A", "B"),
  "postgres $": (await postgres.query(casts, ["A", "B"])).rows[0],
};
for (const [which, row] of Object.entries(seen)) console.log(which, JSON.stringify(row));
const expected = { "sqlite $": ["A", "B"], "sqlite ?": ["B", "A"], "postgres $": ["B", "A"] };
for (const [which, [second, first]] of Object.entries(expected))
  if (seen[which].second !== second || seen[which].first !== first) {
    console.error(`${which} binds otherwise now`);
    process.exit(1);
  }
JS
npx bun look.mjs
