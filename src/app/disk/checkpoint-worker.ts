import { Database } from "bun:sqlite";

declare const self: Worker;

// Copies the write-ahead log into the database file, away from the thread that serves requests. One message in, the
// path of the database; one message out, an empty text or what went wrong.
self.onmessage = (event: MessageEvent<string>) => {
  try {
    const database = new Database(event.data, { readwrite: true, create: false });
    database.run("pragma busy_timeout = 1000");
    database.run("pragma synchronous = normal");
    database.run("pragma wal_checkpoint(passive)");
    database.close();
    self.postMessage("");
  } catch (error) {
    self.postMessage(error instanceof Error ? error.message : String(error));
  }
};
