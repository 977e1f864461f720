import { expect, test } from "bun:test";
import { isPublicAddress, parseAddress } from "./address.ts";

function isPublic(text: string): boolean | undefined {
  const bytes = parseAddress(text);
  return bytes && isPublicAddress(bytes);
}

test("parseAddress() reads every notation of one address", () => {
  for (const text of [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
  ]) {
    expect([text, parseAddress(text)]).toEqual([text, [127, 0, 0, 1]]);
  }
  const loopback = [...Array.from({ length: 15 }, () => 0), 1];
  expect(parseAddress("[::1]")).toEqual(loopback);
  expect(parseAddress("0:0:0:0:0:0:0:1")).toEqual(loopback);
  expect(parseAddress("::ffff:10.0.0.1")?.slice(10)).toEqual([0xff, 0xff, 10, 0, 0, 1]);
  expect(parseAddress("fe80::1%eth0")?.slice(0, 2)).toEqual([0xfe, 0x80]);
});

test("parseAddress() takes no host name for an address", () => {
  for (const text of [
    "",
    "localhost",
    "example.com",
    "1.2.3.4.5",
    "256.1.1.1",
    "1.2.3.256",
    "4294967296",
    "089.1.1.1",
    "1::2::3",
    "::12345",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "x".repeat(65),
  ]) {
    expect([text, parseAddress(text)]).toEqual([text, undefined]);
  }
});

test("isPublicAddress() knows what is not the public internet", () => {
  const inside = ["0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.8.8.8", "169.254.169.254", "172.16.0.1"];
  const more = ["172.31.255.255", "192.168.1.1", "198.19.0.1", "192.0.0.192", "224.0.0.1", "240.0.0.1"];
  const wrapped = ["::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::10.0.0.1", "::ffff:192.168.0.1"];
  const six = [
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
  ];
  const odd = ["255.255.255.255", "168.63.129.16", "2130706433", "0xa9fea9fe", "::7f00:1", "64:ff9b:1::1"];
  for (const text of [...inside, ...more, ...wrapped, ...six, ...odd])
    expect([text, isPublic(text)]).toEqual([text, false]);
});

test("isPublicAddress() lets the public internet through", () => {
  const outside = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1"];
  const six = ["2606:4700:4700::1111", "2a00:1450:4001:800::200e", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"];
  for (const text of [...outside, ...six]) expect([text, isPublic(text)]).toEqual([text, true]);
});
