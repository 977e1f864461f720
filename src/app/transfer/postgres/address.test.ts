import { expect, test } from "bun:test";
import { isPostgresUrl, readAddress } from "./address.ts";

test("readAddress() reads URLs as libpq does, and shows no password", () => {
  const read = (url: string, environment = {}) => readAddress(url, environment);
  expect(read("postgres://u:p%2540@h/db?ssl=true")).toMatchObject({ password: "p%40", sslMode: "require", port: 5432 });
  expect(read("postgresql+asyncpg://u:a@b@h:6/db").password).toBe("a@b");
  expect(read("postgres://u:hush@[::1]:5433/db")).toMatchObject({ host: "::1", shown: "postgres://u@[::1]:5433/db" });
  expect(read("postgres://u@%2Fvar%2Frun/db")).toMatchObject({
    host: "/var/run",
    shown: "postgres://u@/db?host=/var/run",
  });
  expect(read("postgres:///db?host=/tmp&user=x")).toMatchObject({ host: "/tmp", user: "x", database: "db" });
  expect(read("postgres://u@h/")).toMatchObject({ database: "u", sslMode: "prefer", password: undefined });
  const environment = {
    PGHOST: "far",
    PGPORT: "7",
    PGUSER: "v",
    PGPASSWORD: "w",
    PGDATABASE: "d",
    PGSSLMODE: "disable",
  };
  expect(read("postgres://", environment)).toMatchObject({
    shown: "postgres://v@far:7/d",
    password: "w",
    sslMode: "disable",
  });
});

test("readAddress() refuses what it would misread, without repeating it", () => {
  const wrong: Readonly<Record<string, string>> = {
    "postgres://u:hu/sh@h/db": "cannot be read",
    "postgres://u:12/hush@h/db": "cannot be read",
    "postgres://u:hush@h1:1,h2:2/db": "cannot be read",
    "postgres://h/db": "names no user",
    "postgres://u@h:0/db": "port",
    "postgres://u@h/db?port=hush": "port",
    "postgres://u@h/db?sslmode=hush": "sslmode",
    "postgres://u@h/db?connect_timeout=0": "connect_timeout",
    "postgres://u@h/db?channel_binding=hush": "channel_binding",
  };
  for (const [url, said] of Object.entries(wrong)) {
    const read = () => readAddress(url, {});
    expect(read).toThrow(said);
    expect(read).not.toThrow(/hush/);
  }
});

test("isPostgresUrl() tells databases from files", () => {
  for (const url of ["postgres://x", "postgresql://x", "postgresql+pg8000://x"]) expect(isPostgresUrl(url)).toBe(true);
  for (const path of ["dump.sql", "postgres.sql", "https://x", "./postgres://x"])
    expect(isPostgresUrl(path)).toBe(false);
});
