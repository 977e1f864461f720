import { entryUrl } from "../entries.ts";

/** A question to a worker, and the number by which its answer is told from others. */
interface Asked<Question> {
  readonly number: number;
  readonly question: Question;
}

/** What a worker says to an {@link Asked}. */
interface Answered<Answer> {
  readonly number: number;
  readonly answer: Answer;
}

/** A thread of its own that answers questions. */
export interface NumberedWorker<Question, Answer> {
  /** Rejects when the worker fails meanwhile; `taken` is given away with the question. */
  ask(question: Question, taken?: readonly ArrayBuffer[]): Promise<Answer>;
  /** Ends the thread. What it was asked is answered no more. */
  stop(): void;
}

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** A {@link NumberedWorker} that begins with the first question: `entry` is its module, `failed` what is said when it fails. */
export function createNumberedWorker<Question, Answer>({
  entry,
  failed,
}: {
  readonly entry: string;
  readonly failed: string;
}): NumberedWorker<Question, Answer> {
  let worker: Worker | undefined;
  let last = 0;
  const waiting = new Map<number, Waiting<Answer>>();

  function begin(): Worker {
    const thread = new Worker(entryUrl(entry));
    thread.onmessage = ({ data: { number, answer } }: MessageEvent<Answered<Answer>>) => {
      waiting.get(number)?.resolve(answer);
      waiting.delete(number);
    };
    thread.onerror = (event) => {
      // Whatever it was, the next question gets a new thread.
      worker = undefined;
      const error = new Error(`${failed}: ${event.message}`);
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    return thread;
  }

  return {
    ask(question, taken = []) {
      worker ??= begin();
      const asked: Asked<Question> = { number: ++last, question };
      worker.postMessage(asked, [...taken]);
      return new Promise((resolve, reject) => waiting.set(asked.number, { resolve, reject }));
    },
    stop: () => worker?.terminate(),
  };
}

/** Answers, in the module of a worker, what a {@link NumberedWorker} asks it. What is thrown is the worker's failure. */
export function answerAll<Question, Answer>(
  worker: Worker,
  answerTo: (question: Question) => Answer | Promise<Answer>,
): void {
  worker.onmessage = async ({ data: { number, question } }: MessageEvent<Asked<Question>>) => {
    const answered: Answered<Answer> = { number, answer: await answerTo(question) };
    worker.postMessage(answered);
  };
}
