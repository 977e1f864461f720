import { type Context, Hono } from "hono";
import { z } from "zod";
import type { SandboxConfig, SandboxType } from "../../agent/ports/secrets.ts";
import {
  addVariable,
  changeSandbox,
  changeVariable,
  keepSandbox,
  listSandboxes,
  listVariables,
  removeSandbox,
  removeVariable,
  type SandboxWorkshop,
} from "../../agent/secrets/sandboxes.ts";
import { Failure } from "../../core/failure.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ApiEnv } from "../http/env.ts";
import { given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { list, nothing } from "../wire/answers/answer.ts";
import { toWireSandbox, toWireSandboxVariable, WireSandbox, WireSandboxVariable } from "../wire/tools/secret.ts";

const PAGE_DEFAULT = { limit: 1_000, order: "asc" } as const;
const TEXT_CHARS_MAX = 4_096;
const REQUIREMENTS_MAX = 200;
/** The longest that settings may ask for, in seconds: a day. */
const TIMEOUT_MAX = 24 * 60 * 60;

const text = z.string().max(TEXT_CHARS_MAX);
const timeout = z.int().positive().max(TIMEOUT_MAX);
const names = z.array(text).max(REQUIREMENTS_MAX).nullable();
const LocalConfig = z.object({
  sandbox_dir: text.nullish(),
  use_venv: z.boolean().optional(),
  venv_name: text.optional(),
  pip_requirements: z
    .array(z.object({ name: text.min(1), version: text.nullable().default(null) }).transform((one): JsonObject => one))
    .max(REQUIREMENTS_MAX)
    .optional(),
});
const E2bConfig = z.object({
  timeout: timeout.optional(),
  template: text.nullish(),
  pip_requirements: names.optional(),
});
const ModalConfig = z.object({
  timeout: timeout.optional(),
  pip_requirements: names.optional(),
  npm_requirements: names.optional(),
  language: z.enum(["python", "typescript"]).optional(),
});
const ConfigBody = z.object({ config: z.record(z.string(), z.json()) });
const PageQuery = z.object(pageParams);
const VariableBody = z.object({
  key: text.nullish(),
  // Looked at by hand, as no answer may repeat it.
  value: z.unknown().optional(),
  description: text.nullish(),
});

/** Routes of `/sandbox-config`: settings of the places where tools run, and the variables that those give them. */
export function sandboxRoutes(options: SandboxWorkshop): Hono<ApiEnv> {
  const show = (c: Context<ApiEnv>, sandbox: SandboxConfig) =>
    c.json(toWireSandbox(sandbox, c.var.caller.organizationId));
  const keep = async (c: Context<ApiEnv>, wish: { readonly type: SandboxType; readonly config?: JsonObject }) =>
    show(c, await keepSandbox(options, c.var.caller, wish));

  return (
    new Hono<ApiEnv>()
      .get(
        "/",
        takes({ query: PageQuery, answer: list(WireSandbox) }, async (c, asked) => {
          const page = pageOf(asked.query(), PAGE_DEFAULT);
          const all = await listSandboxes(options, c.var.caller, page);
          return c.json(all.map((one) => toWireSandbox(one, c.var.caller.organizationId)));
        }),
      )

      .post(
        "/",
        takes({ body: ConfigBody, answer: WireSandbox }, async (c, asked) =>
          keep(c, typed((await asked.body()).config)),
        ),
      )

      .post(
        "/local",
        takes({ body: LocalConfig, answer: WireSandbox }, async (c, asked) =>
          keep(c, { type: "local", config: given(await asked.body()) }),
        ),
      )

      .post(
        "/local/default",
        takes({ answer: WireSandbox }, (c) => keep(c, { type: "local" })),
      )

      .post(
        "/e2b/default",
        takes({ answer: WireSandbox }, (c) => keep(c, { type: "e2b" })),
      )

      // There is no environment that could be made again: each set of packages has one of its own.
      .post(
        "/local/recreate-venv",
        takes({ answer: WireSandbox }, (c) => keep(c, { type: "local" })),
      )

      .patch(
        "/:sandbox_config_id",
        takes({ body: ConfigBody, answer: WireSandbox }, async (c, asked) => {
          const wish = typed((await asked.body()).config);
          const id = pathId(c, "sandbox", "sandbox_config_id");
          return show(c, await changeSandbox(options, c.var.caller, { id, ...wish }));
        }),
      )

      .delete(
        "/:sandbox_config_id",
        takes({ answer: nothing }, async (c) => {
          await removeSandbox(options, c.var.caller, pathId(c, "sandbox", "sandbox_config_id"));
          return c.body(null, 204);
        }),
      )

      .route("/", variableRoutes(options))
  );
}

/** Variables that a sandbox gives to tools. */
function variableRoutes(options: SandboxWorkshop): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get(
      "/:sandbox_config_id/environment-variable",
      takes({ query: PageQuery, answer: list(WireSandboxVariable) }, async (c, asked) => {
        const id = pathId(c, "sandbox", "sandbox_config_id");
        const page = pageOf(asked.query(), PAGE_DEFAULT);
        return c.json((await listVariables(options, c.var.caller, { id, page })).map(toWireSandboxVariable));
      }),
    )

    .post(
      "/:sandbox_config_id/environment-variable",
      takes({ body: VariableBody, answer: WireSandboxVariable }, async (c, asked) => {
        const id = pathId(c, "sandbox", "sandbox_config_id");
        const { name, value, ...rest } = variableOf(await asked.body());
        if (name === undefined) throw new Failure("invalid", "body.key: Field required");
        if (value === undefined) throw new Failure("invalid", "body.value: Field required");
        return c.json(toWireSandboxVariable(await addVariable(options, c.var.caller, { id, name, value, ...rest })));
      }),
    )

    .patch(
      "/environment-variable/:variable_id",
      takes({ body: VariableBody, answer: WireSandboxVariable }, async (c, asked) => {
        const id = pathId(c, "sandbox-env", "variable_id");
        const change = variableOf(await asked.body());
        return c.json(toWireSandboxVariable(await changeVariable(options, c.var.caller, { id, change })));
      }),
    )

    .delete(
      "/environment-variable/:variable_id",
      takes({ answer: nothing }, async (c) => {
        await removeVariable(options, c.var.caller, pathId(c, "sandbox-env", "variable_id"));
        return c.body(null, 204);
      }),
    );
}

/** What of which kind of sandbox settings are: they do not say it, so it is the kind that they say most of. */
function typed(config: JsonObject): { readonly type: SandboxType; readonly config: JsonObject } {
  const kinds = [
    ["local", LocalConfig],
    ["e2b", E2bConfig],
    ["modal", ModalConfig],
  ] as const;
  const fitting = kinds.flatMap(([type, schema]) => {
    const parsed = schema.safeParse(config);
    return parsed.success ? [{ type, config: parsed.data }] : [];
  });
  const [best] = fitting.toSorted((a, b) => Object.keys(b.config).length - Object.keys(a.config).length);
  if (best === undefined)
    throw new Failure("invalid", "body.config: these are no settings of a local, an e2b or a modal sandbox");
  return { type: best.type, config: given(best.config) };
}

function variableOf({ key, value, description }: z.output<typeof VariableBody>) {
  if (value !== undefined && value !== null && typeof value !== "string")
    throw new Failure("invalid", "body.value: Input should be a valid string");
  return given({ name: key, value, description });
}
