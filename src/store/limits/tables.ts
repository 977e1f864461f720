import type { Limit } from "../../access/limit.ts";
import { entityTable } from "../base/columns.ts";

/** The table of limits. */
export const LIMITS = entityTable<Limit>()("limits", {
  id: "id",
  name: "text",
  subjectKind: "text",
  subjectId: "text",
  kind: "text",
  window: ["text", "period"],
  amount: "number",
  allowsUnpriced: "flag",
  createdAt: "instant",
  updatedAt: "instant",
});
