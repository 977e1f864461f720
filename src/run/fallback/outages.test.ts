import { expect, test } from "bun:test";
import { DEFAULT_ORGANIZATION_ID, type OrganizationId } from "../../core/id.ts";
import { createOutages } from "./outages.ts";

const MODEL = { organizationId: DEFAULT_ORGANIZATION_ID, handle: "a/b" };
const OUTAGE = { why: "llm_timeout", message: "late" };

test("createOutages() remembers a model for half a minute, or until it answers, for its organisation alone", () => {
  let now = 0;
  const outages = createOutages({ elapsedMs: () => now });
  expect(outages.of(MODEL)).toBeUndefined();
  outages.began(MODEL, OUTAGE);
  now = 29_999;
  expect(outages.of(MODEL)).toMatchObject(OUTAGE);
  expect(outages.of({ ...MODEL, handle: "a/c" })).toBeUndefined();
  expect(outages.of({ ...MODEL, organizationId: "org-2" as OrganizationId })).toBeUndefined();
  now = 30_000;
  expect(outages.of(MODEL)).toBeUndefined();
  outages.began(MODEL, OUTAGE);
  outages.ended(MODEL);
  expect(outages.of(MODEL)).toBeUndefined();
});

test("createOutages() forgets rather than grows", () => {
  const outages = createOutages({ elapsedMs: () => 0 });
  for (let index = 0; index <= 1_000; index++) outages.began({ ...MODEL, handle: `a/${index}` }, OUTAGE);
  expect(outages.of({ ...MODEL, handle: "a/0" })).toBeUndefined();
  expect(outages.of({ ...MODEL, handle: "a/1000" })).toMatchObject(OUTAGE);
});
