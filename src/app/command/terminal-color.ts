/** Puts text in a color or weight, by its ANSI code. */
export type Paint = (code: number, text: string) => string;

/** Paints only what a terminal shows to a person who did not ask for plain text: an empty NO_COLOR asks for nothing. */
export function painter(output: { readonly isTTY?: boolean } = process.stdout): Paint {
  const isColored = output.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
  return (code, text) => (isColored ? `\u001b[${code}m${text}\u001b[0m` : text);
}
