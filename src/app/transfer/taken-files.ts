/** What can be imported, in a sentence. */
export const TAKEN_FILES =
  "What is taken: a plain dump of a Letta V1 database (pg_dump), the data export of ChatGPT or of Claude (the zip, or conversations.json of it), memories of mem0 as JSON, and users, threads, facts and episodes of Zep as JSON";
