/** Writes text that comes in pieces without breaking words at the edge of so many columns. */
export function wordWrapper(columns: () => number, write: (text: string) => void): (text: string) => void {
  let column = 0;
  /** A word whose end has not come may not fit any more when it does, so it is moved down as a whole. */
  let word = "";

  function put(text: string): void {
    write(text);
    column += Bun.stringWidth(text);
  }

  function flush(): void {
    if (column > 0 && column + Bun.stringWidth(word) > columns()) {
      write("\n");
      column = 0;
    }
    put(word);
    word = "";
  }

  return (text) => {
    for (const part of text.split(/(\s)/)) {
      if (part === "\n") {
        flush();
        write("\n");
        column = 0;
      } else if (/^\s$/.test(part)) {
        flush();
        // A space at the edge would be the first of the next line.
        if (column < columns()) put(part);
      } else {
        word += part;
      }
    }
  };
}
