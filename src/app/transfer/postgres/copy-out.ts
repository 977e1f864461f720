import type { Client, Connection } from "pg";
import { Failure } from "../../../core/failure.ts";

const LINE_BREAK = 0x0a;

/**
 * Runs a COPY to here and tells of every line while it comes. A line is used up before the next is looked at, and nothing is read
 * from the connection meanwhile: that is all the back-pressure there is need of. Rejects with what the server says, or with what `take`
 * throws; the connection is then to be ended.
 */
export function copyOut(client: Client, sql: string, take: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const fail = (error: unknown) => {
      isOver = true;
      reject(error);
    };
    // What the driver calls on a query, by its protocol for those that are not its own.
    const query = {
      submit: (connection: Connection) => connection.query(sql),
      handleCopyData({ chunk }: { readonly chunk: Buffer }) {
        if (isOver) return;
        try {
          take(lineOf(chunk));
        } catch (error) {
          fail(error);
        }
      },
      handleCommandComplete: () => undefined,
      handleReadyForQuery: () => resolve(),
      handleError: fail,
    };
    client.query(query);
  });
}

/** PostgreSQL sends each row by itself, with its line break. */
function lineOf(chunk: Buffer): string {
  if (chunk.at(-1) !== LINE_BREAK || chunk.indexOf(LINE_BREAK) !== chunk.length - 1)
    throw new Failure(
      "refused",
      "--from: what answers there does not send rows as PostgreSQL does. Import a dump of it: pg_dump --no-owner --file=dump.sql",
    );
  return chunk.toString("utf8", 0, chunk.length - 1);
}
