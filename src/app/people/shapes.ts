import { z } from "zod";

const time = z.string().nullable();
const list = z.array(z.string()).nullable();
const narrowed = { scopes: list, agents: list, models: list, identity_id: z.string().nullable() };

/** An organisation as the API shows it. */
export const OrganizationShape = z.looseObject({ id: z.string(), name: z.string(), created_at: z.string() });

/** A user as the API shows them. */
export const UserShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  email: z.string().nullable(),
  role: z.string(),
  disabled_at: time,
  created_at: z.string(),
  ...narrowed,
});

/** A key as the API shows it; what opens only where it was just made. */
export const KeyShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  user_id: z.string(),
  expires_at: time,
  last_used_at: time,
  revoked_at: time,
  created_at: z.string(),
  ...narrowed,
});

/** A key that was just made. */
export const OpenKeyShape = KeyShape.extend({ key: z.string() });

/** A user as far as these commands know them. */
export type UserView = z.output<typeof UserShape>;
/** A key as far as these commands know it. */
export type KeyView = z.output<typeof KeyShape>;
/** An organisation as far as these commands know it. */
export type OrganizationView = z.output<typeof OrganizationShape>;
