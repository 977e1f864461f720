/** What a text with thoughts in it is told to, in order. */
export interface ThoughtListener {
  /** Takes a piece of what a model thinks or says. */
  say(type: "reasoning-delta" | "text-delta", text: string): void;
  /** All that was said until now was thought. */
  takeBack(): void;
}

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
const CLOSES = /<\/(?:think|thinking|thought|reasoning)>/i;
const CLOSE_CHARS_MAX = "</reasoning>".length;
/** A tag that is spoken of. A closing one after it is, too. */
const NAMES_TAG = /<(?:think|thinking|thought|reasoning)>/i;
/** What stands before a closing tag that is only spoken of: a quotation mark, a bracket, or a space in a line. */
const QUOTES = /[`'"\u2018\u201c([{>]$/;
const IN_LINE = /[ \t]$/;
/** The longest thoughts without an opening tag that are held back until their closing tag comes. */
const UNOPENED_CHARS_MAX = 100_000;

/**
 * Reads the tags that open models put around their thoughts when the server does not take them out. A chat template may
 * have written the opening tag, so that the answer begins with thoughts and only the closing tag shows it. With
 * `mayBeUnopened` nothing is given until it comes, or the end; otherwise what was said before it is taken back.
 */
export function createThinkTags(listener: ThoughtListener, mayBeUnopened: boolean): ThinkTags {
  return new Tags(listener, mayBeUnopened);
}

class Tags implements ThinkTags {
  readonly #listener: ThoughtListener;
  /** What it is known not to be yet. */
  #held = "";
  #state: "start" | "thinking" | "speaking" = "start";
  /** What is spoken if no closing tag makes it thoughts; undefined when nothing is held back any more. */
  #unsaid: string | undefined;
  /** Whether thoughts have just ended: space before what is said next is theirs. */
  #hasThought = false;
  /** Whether a closing tag can end no thoughts, as they have come or tags are spoken of. */
  #isPlain = false;
  /** The last that was spoken; empty until there were words. */
  #before = "";
  #isEnding = false;
  isUnopened: boolean | undefined;

  constructor(listener: ThoughtListener, mayBeUnopened: boolean) {
    this.#listener = listener;
    if (mayBeUnopened) this.#unsaid = "";
  }

  take(text: string): void {
    // Nearly every piece of nearly every answer.
    if (this.#state === "speaking" && this.#held === "" && !text.includes("<")) {
      this.#speak(text);
      return;
    }
    this.#held += text;
    this.#goOn();
  }

  expectNone(): void {
    this.#isPlain = true;
    this.#release("text-delta");
  }

  end(): void {
    this.#isEnding = true;
    this.#goOn();
    const rest = this.#held;
    this.#held = "";
    if (this.#state === "thinking") this.#listener.say("reasoning-delta", rest);
    else if (!this.#hasThought || rest.trim() !== "") this.#speak(rest);
    this.#release("text-delta");
  }

  #goOn(): void {
    while (this.#held !== "" && this.#step()) {
      // Each step uses up some of what is held.
    }
  }

  #speak(text: string): void {
    if (text === "") return;
    if (this.#unsaid === undefined && text.includes("<")) this.#isPlain ||= NAMES_TAG.test(text);
    if (this.#before !== "" || text.trim() !== "") this.#before = text.slice(-1);
    if (this.#unsaid === undefined) {
      this.isUnopened ??= false;
      this.#listener.say("text-delta", text);
      return;
    }
    this.#unsaid += text;
    if (this.#unsaid.length > UNOPENED_CHARS_MAX) this.#release("text-delta");
  }

  /** Gives what was held back. */
  #release(type: "reasoning-delta" | "text-delta"): void {
    const text = this.#unsaid;
    this.#unsaid = undefined;
    if (text === undefined || text === "") return;
    if (type === "text-delta") this.isUnopened ??= false;
    this.#listener.say(type, text);
  }

  /** Whether something was used up and more may be. */
  #step(): boolean {
    switch (this.#state) {
      case "start":
        return this.#begin();
      case "thinking":
        return this.#think();
      default:
        return this.#goOnSpeaking();
    }
  }

  #begin(): boolean {
    const opened = OPENS.exec(this.#held);
    if (opened !== null) return this.#beginThoughts(opened[0].length);
    const begun = this.#held.trimStart();
    if (begun === "" || (isStartOfTag(begun) && !this.#isEnding)) return false;
    if (this.#hasThought) this.#held = begun;
    this.#state = "speaking";
    return true;
  }

  #beginThoughts(chars: number): boolean {
    this.#release("text-delta");
    this.isUnopened ??= false;
    this.#isPlain = true;
    this.#state = "thinking";
    this.#held = this.#held.slice(chars);
    return true;
  }

  #think(): boolean {
    const closed = CLOSES.exec(this.#held);
    if (closed !== null) {
      if (closed.index > 0) this.#listener.say("reasoning-delta", this.#held.slice(0, closed.index));
      return this.#endThoughts(closed.index + closed[0].length);
    }
    const sure = this.#held.length - tailOfTag(this.#held, CLOSE_CHARS_MAX);
    if (sure > 0) this.#listener.say("reasoning-delta", this.#held.slice(0, sure));
    this.#held = this.#held.slice(sure);
    return false;
  }

  /** Thoughts end; what follows may begin others, and its leading space is theirs. */
  #endThoughts(chars: number): boolean {
    this.#held = this.#held.slice(chars);
    this.#state = "start";
    this.#before = "";
    this.#isPlain = true;
    this.#hasThought = true;
    return true;
  }

  #goOnSpeaking(): boolean {
    const held = this.#held;
    const closed = CLOSES.exec(held);
    const opened = OPENS_LINE.exec(held);
    if (closed !== null && (opened === null || closed.index < opened.index)) return this.#meetClose(closed);
    if (opened !== null && (opened[1] === "\n" || /^\n?$/.test(this.#before))) {
      // The end of the line before stays.
      this.#speak(held.slice(0, opened.index + (opened[1] ?? "").length));
      return this.#beginThoughts(opened.index + opened[0].length);
    }
    const sure = held.length - tailOfTag(held, CLOSE_CHARS_MAX);
    this.#speak(held.slice(0, sure));
    this.#held = held.slice(sure);
    return false;
  }

  /** A closing tag without an opening one ends thoughts, is left over from them, or is only spoken of. */
  #meetClose({ index, 0: tag }: RegExpExecArray): boolean {
    const words = this.#held.slice(0, index);
    const after = this.#held.slice(index + tag.length);
    if (this.#before !== "" || words.trim() !== "") this.#speak(words);
    this.#held = tag + after;
    if (!this.#isEnding && /^[ \t]*$/.test(after)) return false;
    if (this.#before !== "" && (this.#isPlain || this.#isMention(after))) {
      this.#speak(tag);
      this.#held = after;
      return true;
    }
    this.#takeBack();
    return this.#endThoughts(tag.length);
  }

  #isMention(after: string): boolean {
    // A model that is known to leave the tag out may end its thoughts anywhere in a line.
    const isInLine = this.#unsaid === undefined && IN_LINE.test(this.#before) && !/^[ \t]*(?:\r?\n|$)/.test(after);
    return isInLine || QUOTES.test(this.#before);
  }

  #takeBack(): void {
    if (this.#before === "") return;
    this.isUnopened = true;
    if (this.#unsaid === undefined) this.#listener.takeBack();
    else this.#release("reasoning-delta");
  }
}

function isStartOfTag(text: string): boolean {
  return text.length < CLOSE_CHARS_MAX && /^<\/?[a-z]*$/i.test(text);
}

/** How many of the last characters may be the start of a tag. */
function tailOfTag(text: string, charsMax: number): number {
  const at = text.lastIndexOf("<");
  const tail = at === -1 ? "" : text.slice(at);
  return tail.length < charsMax && /^<\/?[a-z]*$/i.test(tail) ? tail.length : 0;
}
