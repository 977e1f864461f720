import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkExposure, defaultDataDirectory, isLoopback, readSettings } from "../../src/app/command/settings.ts";
import { temporaryDirectory } from "../_harness/server-process.ts";

let directory: ReturnType<typeof temporaryDirectory>;

beforeAll(() => {
  directory = temporaryDirectory();
});

afterAll(() => directory.remove());

/** All that signing in by a provider needs. */
const OIDC = {
  SELKIE_OIDC_ISSUER: "https://id.example.com/realms/main",
  SELKIE_OIDC_CLIENT_ID: "selkie",
  SELKIE_OIDC_ROLES: "[{claim: groups, value: staff, role: editor}, {role: viewer}]",
};

/** A config file with this text. */
function file(text: string): string {
  const path = join(directory.path, `${Bun.hash(text)}.yaml`);
  writeFileSync(path, text);
  return path;
}

test("readSettings() needs nothing said", () => {
  expect(readSettings({}, { HOME: "/home/ada" })).toMatchObject({
    host: "127.0.0.1",
    port: 8283,
    apiKey: null,
    insecure: false,
    origins: [],
    llmRequestTimeoutMs: 60_000,
    llmStreamTimeoutMs: 600_000,
    notes: [],
  });
});

test("readSettings() believes the command line, then the environment, then the config file", () => {
  const config = file("host: file\nport: 1\ndata: /file\norigins: https://file.example\nLETTA_SERVER_PASSWORD: file\n");
  const environment = { SELKIE_HOST: "environment", SELKIE_PORT: "2", SELKIE_CONFIG: config };
  const all = readSettings({ host: "option", config }, environment);
  expect([all.host, all.port, all.dataDirectory]).toEqual(["option", 2, "/file"]);
  expect([all.apiKey, all.origins]).toEqual(["file", ["https://file.example"]]);
  expect(readSettings({}, environment).host).toBe("environment");
  expect(readSettings({}, { SELKIE_CONFIG: config }).port).toBe(1);
  expect(readSettings({ config: file("port: 3") }, { SELKIE_CONFIG: config }).port).toBe(3);
});

test("readSettings() takes an empty variable as one that is not set", () => {
  const settings = readSettings({}, { SELKIE_PORT: "", SELKIE_API_KEY: "", SELKIE_CONFIG: "", LETTA_PG_URI: "" });
  expect([settings.port, settings.apiKey]).toEqual([8283, null]);
  expect(readSettings({ config: file('api_key: ""\nport: 5') }, {})).toMatchObject({ apiKey: null, port: 5 });
});

test("readSettings() refuses an option that was given without a value", () => {
  for (const name of ["host", "port", "data", "config"])
    expect(() => readSettings({ [name]: "" }, {})).toThrow(`--${name} was given without a value`);
});

test("readSettings() knows Letta's names for the key, the timeouts and the origins", () => {
  const settings = readSettings(
    {},
    {
      LETTA_SERVER_PASSWORD: "secret",
      LETTA_LLM_REQUEST_TIMEOUT_SECONDS: "1.5",
      LETTA_LLM_STREAM_TIMEOUT_SECONDS: "2",
      ACCEPTABLE_ORIGINS: "https://a.example, https://b.example,",
    },
  );
  expect(settings).toMatchObject({
    apiKey: "secret",
    llmRequestTimeoutMs: 1_500,
    llmStreamTimeoutMs: 2_000,
    origins: ["https://a.example", "https://b.example"],
  });
  const both = { LETTA_SERVER_PASSWORD: "old", SELKIE_API_KEY: "new" };
  expect(readSettings({}, both).apiKey).toBe("new");
});

test("readSettings() takes origins as browsers send them, and no other text for one", () => {
  const origins = (text: string) => readSettings({}, { SELKIE_ORIGINS: text }).origins;
  expect(origins("HTTP://Localhost:3000/, app://obsidian.md")).toEqual(["http://localhost:3000", "app://obsidian.md"]);
  expect(origins("Local, https://a.example")).toEqual(["local", "https://a.example"]);
  for (const text of ["*", "localhost:3000", "https://a.example/path", "null"])
    expect(() => origins(text)).toThrow(/SELKIE_ORIGINS must name origins such as .*, got '/);
});

test("readSettings() takes a key as clients can send it, or not at all", () => {
  expect(readSettings({}, { SELKIE_API_KEY: " s3cr3t\n" }).apiKey).toBe("s3cr3t");
  expect(readSettings({}, { SELKIE_API_KEY: "a \"b\" 'c' \\ %" }).apiKey).toBe("a \"b\" 'c' \\ %");
  expect(() => readSettings({}, { SELKIE_API_KEY: " \n" })).toThrow(/SELKIE_API_KEY holds only spaces/);
  for (const key of ["schlüssel", "a\u0000b", "a\nb", "\u{1f511}"])
    expect(() => readSettings({}, { LETTA_SERVER_PASSWORD: key })).toThrow(/LETTA_SERVER_PASSWORD .* cannot send/);
});

test("readSettings() refuses ports and times that are none, naming them", () => {
  for (const port of ["abc", "-1", "65536", "1.5", "0x10", "80 ", "８０"])
    expect(() => readSettings({ port }, {})).toThrow(`got '${port}'`);
  expect(readSettings({ port: "0" }, {}).port).toBe(0);
  for (const seconds of ["abc", "0", "-1", "Infinity", "NaN"])
    expect(() => readSettings({}, { SELKIE_LLM_REQUEST_TIMEOUT_SECONDS: seconds })).toThrow(
      `SELKIE_LLM_REQUEST_TIMEOUT_SECONDS must be a number of seconds above 0, got '${seconds}'`,
    );
});

test("readSettings() refuses a Postgres database by its name, wherever it is set", () => {
  for (const name of ["LETTA_PG_URI", "LETTA_PG_HOST", "LETTA_PG_DB"])
    expect(() => readSettings({}, { [name]: "x" })).toThrow(
      new RegExp(`${name} is set.*selkie import.*unset ${name}; SELKIE_DATA`),
    );
  expect(() => readSettings({ config: file("LETTA_PG_URI: postgres://x") }, {})).toThrow(/LETTA_PG_URI is set/);
});

test("readSettings() says which settings do nothing here", () => {
  const { notes } = readSettings({}, { LETTA_REDIS_HOST: "redis", SELKIE_PROT: "9000", SELKIE_PORT: "9000" });
  expect(notes).toHaveLength(2);
  expect(notes[0]).toStartWith("LETTA_REDIS_HOST does nothing here");
  expect(notes[1]).toStartWith("SELKIE_PROT does nothing here");
});

test("readSettings() refuses a config file that cannot be what was meant, naming it", () => {
  const missing = join(directory.path, "missing.yaml");
  expect(() => readSettings({ config: missing }, {})).toThrow(
    new RegExp(`${missing} cannot be read .*--config or SELKIE_CONFIG`),
  );
  expect(() => readSettings({}, { SELKIE_CONFIG: directory.path })).toThrow(/cannot be read/);
  for (const [text, problem] of [
    ["- a\n- b", /must hold names with values/],
    ["just words", /must hold names with values/],
    ["a: b: c\n  - d", /cannot be read/],
    ["port: [1, 2]", /'port' must be a text, a number or true\/false/],
    ["prot: 9000", /'prot' is not a setting. There are: host, port, /],
    ["Port: 9000", /'Port' is not a setting/],
    ["port: many", /got 'many'/],
  ] as const)
    expect(() => readSettings({ config: file(text) }, {})).toThrow(problem);
  for (const text of ["", "# nothing yet\n"]) expect(readSettings({ config: file(text) }, {}).port).toBe(8283);
});

test("readSettings() reads how people sign in by a provider, from variables and from the file", () => {
  expect(readSettings({}, {}).oidc).toBeNull();
  const organizationId = "org-00000000-0000-4000-8000-000000000000";
  const rules = [
    { where: { claim: "groups", value: "staff" }, role: "editor", organizationId },
    { where: null, role: "viewer", organizationId },
  ];
  const { oidc } = readSettings({}, OIDC);
  expect(oidc).toMatchObject({
    issuer: OIDC.SELKIE_OIDC_ISSUER,
    clientId: "selkie",
    clientSecret: null,
    scopes: "openid profile email",
    rules,
    allowsPrivate: false,
    publicUrl: "http://127.0.0.1:8283",
    redirectUrl: "http://127.0.0.1:8283/v1/sessions/oidc/callback",
  } as never);
  const text = `oidc_issuer: https://id.example.com
oidc_client_id: selkie
public_url: https://agents.example.com/selkie/
oidc_roles:
  - { claim: groups, value: staff, role: editor }
  - role: viewer
`;
  expect(readSettings({ config: file(text) }, {}).oidc).toMatchObject({
    rules,
    redirectUrl: "https://agents.example.com/selkie/v1/sessions/oidc/callback",
  } as never);
});

test("readSettings() refuses what leaves open who may sign in, naming it", () => {
  const team = "{role: viewer, organization: org-1}";
  for (const [changed, problem] of [
    [{ SELKIE_OIDC_ISSUER: "" }, /SELKIE_OIDC_CLIENT_ID is set, and SELKIE_OIDC_ISSUER is missing/],
    [{ SELKIE_OIDC_CLIENT_ID: "" }, /SELKIE_OIDC_CLIENT_ID is missing/],
    [{ SELKIE_OIDC_ROLES: "" }, /SELKIE_OIDC_ROLES is missing/],
    [{ SELKIE_HOST: "0.0.0.0" }, /SELKIE_PUBLIC_URL is missing/],
    [{ SELKIE_PORT: "0" }, /SELKIE_PUBLIC_URL is missing/],
    [{ SELKIE_PUBLIC_URL: "agents.example.com" }, /SELKIE_PUBLIC_URL must be an address/],
    [{ SELKIE_PUBLIC_URL: "https://a@agents.example.com" }, /SELKIE_PUBLIC_URL must be an address/],
    [{ SELKIE_OIDC_ISSUER: "id.example.com" }, /SELKIE_OIDC_ISSUER must be an address/],
    [{ SELKIE_OIDC_ISSUER: "https://id.example.com/?a=b" }, /SELKIE_OIDC_ISSUER must be an address/],
    [{ SELKIE_OIDC_ISSUER: "http://id.example.com" }, /must begin with https:.*SELKIE_OIDC_ALLOW_PRIVATE_URLS/],
    [{ SELKIE_OIDC_SCOPES: "profile email" }, /must hold openid/],
    [{ SELKIE_OIDC_ROLES: "admins" }, /must be a list such as/],
    [{ SELKIE_OIDC_ROLES: "[]" }, /must be a list such as/],
    [{ SELKIE_OIDC_ROLES: "[{" }, /must be a list such as/],
    [{ SELKIE_OIDC_ROLES: "[{claim: groups, role: viewer}]" }, /claim and value go together/],
    [{ SELKIE_OIDC_ROLES: "[{claim: groups, value: a, role: root}]" }, /viewer, operator, editor, admin, owner/],
    [{ SELKIE_OIDC_ROLES: "[{claim: groups, values: a, role: viewer}]" }, /values/],
    [{ SELKIE_OIDC_ROLES: `[${team}]` }, /'org-1' is not the id of an organization/],
  ] as const)
    expect(() => readSettings({}, { ...OIDC, ...changed })).toThrow(problem);
});

test("checkExposure() lets a server without a key be reached from this machine only", () => {
  const settings = { host: "0.0.0.0", apiKey: null, insecure: false, oidc: null };
  const none = () => false;
  expect(() => checkExposure(settings, none)).toThrow(/Set SELKIE_API_KEY to a secret .*--insecure/);
  for (const host of ["::", "192.168.1.5", "example.com", "localhost.example.com", "127.evil"])
    expect(() => checkExposure({ ...settings, host }, none)).toThrow(host);
  checkExposure({ ...settings, apiKey: "secret" }, none);
  checkExposure(settings, () => true);
  checkExposure({ ...settings, insecure: true }, none);
  checkExposure({ ...settings, oidc: readSettings({}, OIDC).oidc }, none);
  for (const host of ["127.0.0.1", "127.1.2.3", "localhost", "::1"]) checkExposure({ ...settings, host }, none);
  expect(readSettings({}, { SELKIE_INSECURE: "0" }).insecure).toBeFalse();
  for (const yes of ["1", "true", "Yes"]) expect(readSettings({}, { SELKIE_INSECURE: yes }).insecure).toBeTrue();
});

test("isLoopback() is not fooled by names that begin alike", () => {
  for (const host of ["127.0.0.1.evil.example", "1270.0.0.1", "0.0.0.0", ""]) expect(isLoopback(host)).toBeFalse();
});

test("defaultDataDirectory() is where the platform keeps such things", () => {
  expect(defaultDataDirectory({ XDG_DATA_HOME: "/data" }, "linux")).toBe("/data/selkie");
  expect(defaultDataDirectory({}, "linux")).toEndWith("/.local/share/selkie");
  expect(defaultDataDirectory({}, "darwin")).toEndWith("/Library/Application Support/selkie");
  expect(defaultDataDirectory({ LOCALAPPDATA: "/local" }, "win32")).toBe(join("/local", "selkie"));
});
