import { z } from "zod";

/** A whole number, also when the model wrote it as text, as small models do. */
export const wholeNumber = z.union([
  z.number().int(),
  z
    .string()
    .regex(/^\s*[+-]?\d{1,15}\s*$/u, "expected a whole number")
    .transform(Number),
]);

/** Text that may be left out, or null. */
export const optionalText = z.string().nullish();

/** A list of texts that may be left out, or null. */
export const optionalTexts = z.array(z.string()).nullish();

/** The number within `lowest` and `highest`, or `fallback` when there is none. */
export function within(
  value: number | null | undefined,
  { lowest, highest, fallback }: { readonly lowest: number; readonly highest: number; readonly fallback: number },
): number {
  return Math.min(highest, Math.max(lowest, value ?? fallback));
}
