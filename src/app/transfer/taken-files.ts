/** What can be imported, in a sentence. */
export const TAKEN_FILES =
  "What is taken: a Letta V1 database (its URL, postgres://..., or a plain dump of it by pg_dump), the data export of ChatGPT or of Claude (the zip, or conversations.json of it), memories of mem0 as JSON, and users, threads, facts and episodes of Zep as JSON";
