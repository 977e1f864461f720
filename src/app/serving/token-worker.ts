import { slicedCounter } from "../../agent/prompt/tokens.ts";
import { answerAll } from "./numbered-worker.ts";

declare const self: Worker;

// Counts tokens away from the thread that serves requests: loading the table alone would hold that for half a second.
answerAll(self, slicedCounter({ sleep: async () => {} }));
