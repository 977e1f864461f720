import type { HonoRequest } from "hono";
import { hostOf } from "../http/auth.ts";

/** Names and addresses, with nothing that a page, a shell or a program's text would read as anything else. */
const HOST = /^(?:[a-z0-9_][a-z0-9._-]{0,252}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i;
/** Told where a client names itself in a way that is not repeated. */
const USUAL = "http://localhost:8283";

/**
 * The address at which whoever asks reached this server. It is shown and never acted on, so a proxy's word that it was
 * asked by https is believed: the lines on the page then send a key encrypted.
 */
export function addressOf(request: HonoRequest): string {
  const host = hostOf(request);
  const scheme = /^https\b/i.test(request.header("x-forwarded-proto") ?? "") ? "https" : "http";
  return HOST.test(host) ? `${scheme}://${host}` : USUAL;
}
