import { Failure } from "../core/failure.ts";

const SANDBOX_MODES = ["auto", "strict", "off"] as const;

/** Where foreign code may run: in any jail that was proved, in those that the system itself enforces, or nowhere. */
export type SandboxMode = (typeof SANDBOX_MODES)[number];

/** Reads the setting `SELKIE_SANDBOX`. Throws a `refused` Failure that names it. */
export function readSandboxMode(text: string | undefined): SandboxMode {
  const mode = SANDBOX_MODES.find((name) => name === (text ?? "auto").trim().toLowerCase());
  if (mode !== undefined) return mode;
  throw new Failure("refused", `SELKIE_SANDBOX must be one of ${SANDBOX_MODES.join(", ")}, got '${text}'`);
}

/** What a call is told where nothing may run. */
export const SANDBOX_IS_OFF = "This server runs no code of tools: its owner has set SELKIE_SANDBOX to off";
