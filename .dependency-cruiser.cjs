/** The folders of src/, leftmost lowest. A folder may import only itself and folders to its left. */
const ORDER = ["core", "access", "llm", "umi", "tools", "agent", "run", "store", "sandbox", "api", "app"];
/** Folders that never see one another, though they stand in a row: each is an edge of the server. */
const EDGES = ["store", "sandbox", "api"];
/** Packages that belong to a folder or two: nobody else should depend on how they look. */
const HOMES = [
  { name: "provider-packages-only-in-llm", packages: "@ai-sdk", folders: "llm" },
  { name: "kysely-only-in-store", packages: "kysely", folders: "store" },
  { name: "hono-only-in-api-and-app", packages: "hono", folders: "api|app" },
  { name: "terminal-package-only-in-app", packages: "@earendil-works", folders: "app" },
  { name: "postgres-driver-only-in-app-transfer", packages: "pg", folders: "app/transfer/postgres" },
  { name: "sign-in-package-only-in-app-oidc", packages: "oauth4webapi", folders: "app/oidc" },
];
/** Tests, and what only tests use. */
const TEST_CODE = "(\\.test\\.ts$|/_test-|^test/)";

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    ...ORDER.slice(0, -1).map((folder, i) => ({
      name: `${folder}-imports-only-leftwards`,
      severity: "error",
      from: { path: `^src/${folder}/` },
      to: { path: `^src/(${ORDER.slice(i + 1).join("|")})/` },
    })),
    {
      name: "edges-do-not-meet",
      severity: "error",
      from: { path: `^src/(${EDGES.join("|")})/` },
      to: { path: `^src/(${EDGES.join("|")})/`, pathNot: "^src/$1/" },
    },
    {
      // It stands right of `run`, but keeps what runs leave without knowing how they are run.
      name: "store-never-sees-run",
      severity: "error",
      from: { path: "^src/store/" },
      to: { path: "^src/run/" },
    },
    {
      // Jails are made of processes and files of the operating system, so `sandbox` may reach it as `app` does.
      name: "runtime-apis-only-in-app-and-sandbox",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/(app|sandbox)/", TEST_CODE] },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "core-and-umi-need-no-packages",
      severity: "error",
      from: { path: "^src/(core|umi)/", pathNot: TEST_CODE },
      to: { path: "node_modules/" },
    },
    ...HOMES.map(({ name, packages, folders }) => ({
      name,
      severity: "error",
      from: { path: "^src/", pathNot: [`^src/(${folders})/`, TEST_CODE] },
      to: { path: `node_modules/(${packages})/` },
    })),
    {
      name: "src-imports-nothing-beside-it",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|sim|console|examples|bench|scripts)/" },
    },
    {
      name: "no-test-code-in-production",
      severity: "error",
      from: { path: "^src/", pathNot: TEST_CODE },
      to: { path: [TEST_CODE, "node_modules/fast-check/"] },
    },
    {
      name: "underscore-files-are-private",
      severity: "error",
      from: { path: "^src/([^/]+)/" },
      to: { path: "^src/[^/]+/_", pathNot: "^src/$1/" },
    },
    { name: "no-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "every-folder-is-in-the-order",
      severity: "error",
      from: { path: "^src/[^/]+/", pathNot: `^src/(${ORDER.join("|")})/` },
      to: {},
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node"] },
  },
};
