/** The texts that a stream of server-sent events, or of lines of JSON, carries, from bytes that may be cut anywhere. */
export interface EventStream {
  /** Takes the next bytes; returns the data of each event that they complete. Names, ids and comments are left out. */
  take(bytes: Uint8Array): readonly string[];
  /** The data of the event that the end of the stream completes: many servers leave out the empty line after the last. */
  end(): readonly string[];
}

/** An {@link EventStream} at its beginning. */
export function createEventStream(): EventStream {
  const decoder = new TextDecoder();
  /** The start of a line whose end has not come. Only new text is searched, so a long line costs no more than its length. */
  let begun = "";
  let data: string | undefined;
  let endsInReturn = false;

  function readLine(line: string): string | undefined {
    if (line === "") {
      const event = data;
      data = undefined;
      return event;
    }
    if (!line.startsWith("data:")) return bareData(line);
    const value = line.slice(line.charCodeAt(5) === SPACE ? 6 : 5);
    data = data === undefined ? value : `${data}\n${value}`;
    return undefined;
  }

  /** Lines may end in any of three ways; of the two characters of one of them the second may come later. */
  function withPlainEnds(text: string): string {
    const whole = endsInReturn && text.startsWith("\n") ? text.slice(1) : text;
    if (text !== "") endsInReturn = text.endsWith("\r");
    return whole.includes("\r") ? whole.replace(/\r\n?/g, "\n") : whole;
  }

  return {
    take(bytes) {
      const text = withPlainEnds(decoder.decode(bytes, { stream: true }));
      const events: string[] = [];
      let start = 0;
      for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
        const event = readLine(begun + text.slice(start, end));
        if (event !== undefined) events.push(event);
        begun = "";
        start = end + 1;
      }
      begun += text.slice(start);
      return events;
    },
    end() {
      const rest = begun + decoder.decode();
      begun = "";
      const before = rest === "" ? undefined : readLine(rest);
      const last = before ?? readLine("");
      return last === undefined ? [] : [last];
    },
  };
}

const SPACE = 32;

/** What some servers write without naming it data: an object to a line, as Ollama does, or an error under that name. */
function bareData(line: string): string | undefined {
  if (line.startsWith("error:")) {
    const error = line.slice("error:".length).trim();
    return error.startsWith("{") ? `{"error":${error}}` : undefined;
  }
  return line.startsWith("{") && line.endsWith("}") ? line : undefined;
}
