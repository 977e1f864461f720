import { codeOf } from "../disk/sqlite-failures.ts";
import { TASKS, type Task } from "./database-tasks.ts";

declare const self: Worker;

// Does one task at a time, away from the thread that hears signals.
self.onmessage = ({ data: task }: MessageEvent<Task>) => {
  try {
    self.postMessage({ given: run(task) });
  } catch (error) {
    self.postMessage({ message: error instanceof Error ? error.message : String(error), code: codeOf(error) });
  }
};

function run(task: Task) {
  if (task.name === "copy") return TASKS.copy(task.of);
  if (task.name === "scrub") return TASKS.scrub(task.of);
  return task.name === "look" ? TASKS.look(task.of) : TASKS.salvage(task.of);
}
