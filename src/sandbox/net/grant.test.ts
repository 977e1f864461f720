import { expect, test } from "bun:test";
import { type AskingTool, grantOf, readNetworkPolicy, refusalOf, shownPolicy } from "./grant.ts";

const tool = (network?: unknown): AskingTool => ({
  name: "look_up",
  metadata: network === undefined ? {} : JSON.parse(JSON.stringify({ network })),
});

function reach(setting: string | undefined, asking: AskingTool, host: string, port = 443): string {
  return grantOf(readNetworkPolicy(setting), asking)?.reach(host, port) ?? "nothing";
}

test("without a setting no tool reaches anything, whatever it names", () => {
  for (const asking of [tool(), tool(["*"]), tool(["api.example.org"])]) {
    expect(reach(undefined, asking, "api.example.org")).toBe("nothing");
    expect(reach("none", asking, "api.example.org")).toBe("nothing");
    expect(refusalOf(readNetworkPolicy(undefined), asking)).toContain("SELKIE_TOOL_NETWORK");
  }
});

test("'public' lets every tool reach public hosts, and no more than it names where it names some", () => {
  expect(reach("public", tool(), "anything.example", 8080)).toBe("public");
  expect(reach("public", tool(["api.example.org"]), "api.example.org", 443)).toBe("public");
  expect(reach("public", tool(["api.example.org"]), "other.example.org")).toBe("no");
  expect(reach("public", tool([]), "api.example.org")).toBe("nothing");
});

test("'listed' lets a tool reach what it names", () => {
  expect(reach("listed", tool(), "api.example.org")).toBe("nothing");
  expect(refusalOf(readNetworkPolicy("listed"), tool())).toContain('{"network": ["api.example.org"]}');
  expect(reach("listed", tool(["api.example.org"]), "api.example.org")).toBe("public");
  expect(reach("listed", tool(["*"]), "api.example.org")).toBe("public");
});

test("hosts of the setting are for every tool, at private addresses too, and no others", () => {
  const setting = "api.example.org, *.inner.example, 10.0.0.5:8080, [::1]:*";
  expect(reach(setting, tool(), "api.example.org", 80)).toBe("anywhere");
  expect(reach(setting, tool(), "api.example.org", 8080)).toBe("no");
  expect(reach(setting, tool(), "a.b.inner.example")).toBe("anywhere");
  expect(reach(setting, tool(), "inner.example")).toBe("no");
  expect(reach(setting, tool(), "evilinner.example")).toBe("no");
  expect(reach(setting, tool(), "10.0.0.5", 8080)).toBe("anywhere");
  expect(reach(setting, tool(), "[::1]", 1)).toBe("anywhere");
  expect(reach(setting, tool(["*"]), "example.com")).toBe("no");
  expect(reach("public,10.0.0.5", tool(), "example.com")).toBe("public");
  expect(reach("public,10.0.0.5", tool(), "10.0.0.5")).toBe("anywhere");
});

test("the setting is told in words", () => {
  const told = (setting: string) => shownPolicy(readNetworkPolicy(setting));
  expect(told("none")).toBe("tools reach no network; SELKIE_TOOL_NETWORK lets them");
  expect(told("public,10.0.0.5:80")).toBe("tools reach all public hosts, 10.0.0.5:80");
  expect(told("listed")).toBe("tools reach all public hosts, as far as they name them");
  expect(told("*.a.example, b.example:*")).toBe("tools reach *.a.example, b.example:*");
});

test("tools that may reach the same have the same key", () => {
  const policy = readNetworkPolicy("public");
  const keys = [
    tool(["B.example", "a.example"]),
    tool(["a.example.", "b.example", "b.example"]),
    tool(["a.example"]),
    tool(),
  ];
  const [first, second, third, fourth] = keys.map((asking) => grantOf(policy, asking)?.key);
  expect(first).toBe(second ?? "");
  expect(new Set([first, third, fourth]).size).toBe(3);
});

test("what is no host is refused with words that say where it stands", () => {
  for (const text of [
    "http://a.example",
    "a/b",
    "me@a.example",
    "a.example:0",
    "a.example:99999",
    "*.",
    "a b",
    "x".repeat(300),
  ]) {
    expect(() => readNetworkPolicy(text)).toThrow(/SELKIE_TOOL_NETWORK/);
    expect(() => grantOf(readNetworkPolicy("public"), tool([text]))).toThrow(/is no host/);
  }
  expect(() => readNetworkPolicy("none,a.example")).toThrow(/beside 'none'/);
  for (const wrong of ["a.example", { a: 1 }, [1], Array.from({ length: 101 }, () => "a.example")])
    expect(() => grantOf(readNetworkPolicy("public"), tool(wrong))).toThrow(/metadata_\.network of the tool 'look_up'/);
});

test("the server itself is reached only by a tool that says so, by its one name", () => {
  const asking: AskingTool = { name: "t", metadata: { letta_client: true } };
  expect(reach("none", asking, "selkie.internal", 80)).toBe("own");
  expect(reach("none", asking, "selkie.internal", 443)).toBe("no");
  expect(reach("none", asking, "api.example.org")).toBe("no");
  expect(reach("public", asking, "api.example.org")).toBe("public");
  for (const setting of ["public", "selkie.internal", "*.internal:*"])
    expect(reach(setting, tool(["*", "selkie.internal"]), "selkie.internal", 80)).toBe("no");
});
