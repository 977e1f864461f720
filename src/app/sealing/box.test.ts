import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecretBox, keysInMemory, keysOfSetting } from "./box.ts";
import { keyFile } from "./key-file.ts";

const PLACE = { organizationId: "org-1", ownerId: "agent-1", name: "KEY" };
const LONG = "k".repeat(32);

test("seal() shows nothing of a secret, and open() gives it back", () => {
  const box = createSecretBox(keysInMemory());
  expect(box.keyIds()).toEqual([]);
  for (const secret of ["", "short", "Grüße \u0000 😀", "x".repeat(50_000)]) {
    const sealed = box.seal(secret, PLACE);
    expect(box.open(sealed, PLACE)).toBe(secret);
    expect(box.seal(secret, PLACE).text).not.toBe(sealed.text);
    if (secret.length > 3) expect(Buffer.from(sealed.text, "base64url").includes(secret)).toBe(false);
  }
  expect(box.keyIds()).toHaveLength(1);
});

test("open() gives nothing of what was moved, changed or sealed by a key that is not known", () => {
  const box = createSecretBox(keysInMemory());
  const sealed = box.seal("secret", PLACE);
  for (const place of [
    { ...PLACE, organizationId: "org-2" },
    { ...PLACE, ownerId: "agent-2" },
    { ...PLACE, name: "OTHER" },
    { organizationId: "org-1", ownerId: "agent-1KEY", name: "" },
  ])
    expect(box.open(sealed, place)).toBeUndefined();
  const bytes = Buffer.from(sealed.text, "base64url");
  for (let index = 0; index < bytes.length; index++) {
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(box.open({ ...sealed, text: changed.toString("base64url") }, PLACE)).toBeUndefined();
  }
  for (const text of ["", "AAAA", "!", sealed.text.slice(0, -4)])
    expect(box.open({ ...sealed, text }, PLACE)).toBeUndefined();
  expect(createSecretBox(keysInMemory()).open(sealed, PLACE)).toBeUndefined();
});

test("keys of the settings seal before those of the file, which still open", () => {
  const place = keysInMemory();
  const old = createSecretBox(place).seal("old", PLACE);
  const box = createSecretBox(place, keysOfSetting(LONG));
  const sealed = box.seal("new", PLACE);
  expect(sealed.keyId).not.toBe(old.keyId);
  expect(box.open(old, PLACE)).toBe("old");
  expect(createSecretBox(keysInMemory(), keysOfSetting(`${"n".repeat(40)}, ${LONG},`)).open(sealed, PLACE)).toBe("new");
  box.beginRotation();
  expect(box.endRotation()).toEqual([old.keyId]);
  expect(place.read()).toEqual([]);
  expect(() => box.beginRotation()).toThrow("SELKIE_SECRET_KEY holds one key");
});

test("keysOfSetting() refuses what can be guessed", () => {
  expect(keysOfSetting(undefined)).toEqual([]);
  for (const text of ["short", "", " , ", `${LONG},short`])
    expect(() => keysOfSetting(text)).toThrow("random text of 32 characters");
  expect(() => keysOfSetting(Array.from({ length: 11 }, (_, index) => LONG + index).join())).toThrow("10 are the most");
  expect(keysOfSetting(`${LONG},${LONG}`)).toHaveLength(1);
});

test("keyFile() is its owner's alone, is made with the first secret, and comes back when it is taken away", () => {
  const directory = mkdtempSync(join(tmpdir(), "selkie-test-"));
  try {
    const path = join(directory, "secrets.key");
    const box = createSecretBox(keyFile(directory));
    expect(box.keyIds()).toEqual([]);
    expect(existsSync(path)).toBe(false);
    const sealed = box.seal("secret", PLACE);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, "utf8");
    rmSync(path);
    box.seal("another", PLACE);
    expect(readFileSync(path, "utf8")).toBe(text);
    expect(createSecretBox(keyFile(directory)).open(sealed, PLACE)).toBe("secret");
    writeFileSync(path, `${text}not a key\n`);
    expect(() => createSecretBox(keyFile(directory)).keyIds()).toThrow(/^Line 4 of .* is no key/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a change of keys that was cut off anywhere goes on where it stood", () => {
  const directory = mkdtempSync(join(tmpdir(), "selkie-test-"));
  try {
    const fresh = () => createSecretBox(keyFile(directory));
    const sealed = fresh().seal("secret", PLACE);
    const begun = fresh();
    begun.beginRotation();
    // A crash here, before anything was sealed anew.
    const again = fresh();
    expect(again.keyIds()).toEqual(begun.keyIds());
    expect(again.open(sealed, PLACE)).toBe("secret");
    again.beginRotation();
    expect(again.keyIds()).toEqual(begun.keyIds());
    const resealed = again.seal("secret", PLACE);
    expect(fresh().open(resealed, PLACE)).toBe("secret");
    again.endRotation();
    expect(fresh().open(sealed, PLACE)).toBeUndefined();
    expect(fresh().open(resealed, PLACE)).toBe("secret");
    expect(fresh().keyIds()).toEqual(again.keyIds());
  } finally {
    rmSync(directory, { recursive: true });
  }
});
