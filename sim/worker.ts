// Runs the seeds that `workers.ts` sends to this process, one after the other.
import { runTask, type Task } from "./task.ts";

process.on("message", (task: Task) => {
  runTask(task).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? String(error.stack) : String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
