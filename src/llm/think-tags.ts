/** Takes a piece of what a model thinks or says. */
type Say = (type: "reasoning-delta" | "text-delta", text: string) => void;

/** Tells what a model thinks from what it says, where both come as one text. */
export interface ThinkTags {
  /** Takes the next piece of the text. */
  take(text: string): void;
  /** The text has ended: what was held back is given. */
  end(): void;
  /** Thoughts come in a place of their own: none is to be expected in the text. */
  expectNone(): void;
  /** Whether thoughts ended that no tag began; undefined while that cannot be known. */
  readonly isUnopened: boolean | undefined;
}

const OPENS = /^\s*<(think|thinking|thought|reasoning)>/i;
/** In the middle of an answer only the plainest of the tags, alone at the start of a line. */
const OPENS_LINE = /(^|\n)[ \t]*<(think)>/i;
const OPEN_CHARS_MAX = "<reasoning>".length;
const CLOSES = /<\/(?:think|thinking|thought|reasoning)>/i;
const CLOSE_CHARS_MAX = "</reasoning>".length;
/** The longest thoughts without an opening tag that are held back until their closing tag comes. */
const UNOPENED_CHARS_MAX = 100_000;

/**
 * Reads the tags that open models put around their thoughts when the server does not take them out. `mayBeUnopened`:
 * the chat template may have written the opening tag, so that the answer begins with thoughts; then nothing is given
 * until the closing tag comes, or the end.
 */
export function createThinkTags(say: Say, mayBeUnopened: boolean): ThinkTags {
  return new Tags(say, mayBeUnopened);
}

class Tags implements ThinkTags {
  readonly #say: Say;
  /** What it is known not to be yet. */
  #held = "";
  #state: "start" | "unopened" | "thinking" | "speaking" = "start";
  #mayBeUnopened: boolean;
  /** Whether thoughts have just ended: space before what is said next is theirs. */
  #hasThought = false;
  /** Whether what was said last ended a line. */
  #isAtLineStart = true;
  isUnopened: boolean | undefined;

  constructor(say: Say, mayBeUnopened: boolean) {
    this.#say = say;
    this.#mayBeUnopened = mayBeUnopened;
  }

  take(text: string): void {
    // Nearly every piece of nearly every answer.
    if (this.#state === "speaking" && this.#held === "" && !text.includes("<")) {
      this.#speak(text);
      return;
    }
    this.#held += text;
    while (this.#step()) {
      // Each step uses up some of what is held.
    }
  }

  expectNone(): void {
    this.#mayBeUnopened = false;
  }

  end(): void {
    const rest = this.#held;
    this.#held = "";
    if (this.#hasThought && rest.trim() === "") return;
    if (this.#state === "thinking") this.#say("reasoning-delta", rest);
    else this.#speak(rest);
  }

  #speak(text: string): void {
    if (text === "") return;
    this.isUnopened ??= false;
    this.#isAtLineStart = text.endsWith("\n");
    this.#say("text-delta", text);
  }

  /** Whether something was used up and more may be. */
  #step(): boolean {
    switch (this.#state) {
      case "start":
        return this.#begin();
      case "unopened":
        return this.#waitForClose();
      case "thinking":
        return this.#think();
      default:
        return this.#goOnSpeaking();
    }
  }

  #begin(): boolean {
    const opened = OPENS.exec(this.#held);
    if (opened !== null) return this.#become("thinking", opened[0].length);
    const begun = this.#held.trimStart();
    if (begun === "" || isStartOfTag(begun)) return false;
    if (this.#hasThought) this.#held = begun;
    return this.#become(this.#mayBeUnopened ? "unopened" : "speaking", 0);
  }

  #become(state: "unopened" | "thinking" | "speaking", chars: number): boolean {
    if (state === "thinking") this.isUnopened ??= false;
    this.#mayBeUnopened = false;
    this.#state = state;
    this.#held = this.#held.slice(chars);
    return this.#held !== "";
  }

  #waitForClose(): boolean {
    const closed = CLOSES.exec(this.#held);
    if (closed !== null) {
      this.isUnopened = true;
      return this.#close(closed.index, closed[0].length);
    }
    return this.#held.length > UNOPENED_CHARS_MAX && this.#become("speaking", 0);
  }

  #think(): boolean {
    const closed = CLOSES.exec(this.#held);
    if (closed !== null) return this.#close(closed.index, closed[0].length);
    const sure = this.#held.length - tailOfTag(this.#held, CLOSE_CHARS_MAX);
    if (sure > 0) this.#say("reasoning-delta", this.#held.slice(0, sure));
    this.#held = this.#held.slice(sure);
    return false;
  }

  /** Thoughts end; what follows may begin others, and its leading space is theirs. */
  #close(at: number, chars: number): boolean {
    if (at > 0) this.#say("reasoning-delta", this.#held.slice(0, at));
    this.#held = this.#held.slice(at + chars);
    this.#state = "start";
    this.#hasThought = true;
    return this.#held !== "";
  }

  #goOnSpeaking(): boolean {
    const held = this.#held;
    const closed = CLOSES.exec(held);
    const opened = OPENS_LINE.exec(held);
    if (closed !== null && (opened === null || closed.index < opened.index)) {
      // What was said before was thought, too late to take it back; the next answer will be known for it.
      this.isUnopened = true;
      this.#speak(held.slice(0, closed.index));
      return this.#become("speaking", closed.index + closed[0].length);
    }
    if (opened !== null && (opened[1] === "\n" || this.#isAtLineStart)) {
      // The end of the line before stays.
      this.#speak(held.slice(0, opened.index + (opened[1] ?? "").length));
      return this.#become("thinking", opened.index + opened[0].length);
    }
    const sure = held.length - tailOfTag(held, CLOSE_CHARS_MAX);
    this.#speak(held.slice(0, sure));
    this.#held = held.slice(sure);
    return false;
  }
}

function isStartOfTag(text: string): boolean {
  return text.length < OPEN_CHARS_MAX && /^<[a-z]*$/i.test(text);
}

/** How many of the last characters may be the start of a tag. */
function tailOfTag(text: string, charsMax: number): number {
  const at = text.lastIndexOf("<");
  const tail = at === -1 ? "" : text.slice(at);
  return tail.length < charsMax && /^<\/?[a-z]*$/i.test(tail) ? tail.length : 0;
}
