// Stands on its own: the program becomes this when it is told to run an interpreter for a tool.
import { servePureCall } from "../../sandbox/pure/guest.ts";

await servePureCall();
