import { isRecord, type Json } from "../../core/json.ts";

/** Paths that OpenAI's clients use, which look for what went wrong in a place of their own. */
const PATHS = /^(?:\/(?:v1|latest)(?:\/(?:agents|voice-beta)\/[^/]+)?|\/openai\/v1\/[^/]+)\/chat\/completions\/?$/;

const TYPES: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  409: "conflict_error",
  429: "rate_limit_error",
};

/** A refusal as OpenAI's clients read it too, where they may have asked; what Letta's read stays. */
export async function forOpenAi(path: string, answer: Response): Promise<Response> {
  if (!PATHS.test(path)) return answer;
  const body: unknown = await answer.json();
  const said = isRecord(body) ? body : {};
  const error = {
    type: TYPES[answer.status] ?? (answer.status < 500 ? "invalid_request_error" : "server_error"),
    message: messageOf(said["detail"]),
    param: null,
    code: null,
    // A model's failure has a type and words of its own.
    ...(isRecord(said["error"]) ? said["error"] : {}),
  };
  const headers = new Headers(answer.headers);
  headers.delete("content-length");
  return Response.json({ ...said, error }, { status: answer.status, headers });
}

function messageOf(detail: unknown): Json {
  if (isRecord(detail) && typeof detail["message"] === "string") return detail["message"];
  return typeof detail === "string" ? detail : JSON.stringify(detail ?? "");
}
