// Stands on its own: the program becomes this when it is told to read documents.
import { serveDocuments } from "../../sandbox/parse/guest.ts";

await serveDocuments();
