/** A text on one line of a prompt's section, whose end it cannot write itself. `section` is the name of its tag. */
export function sectionLine(section: string, text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(new RegExp(`<(?=\\s*/?\\s*${section})`, "gi"), "&lt;")
    .trim();
}
