/** Code that is handed to a process in a jail as it is written. */
declare module "*/guest.mjs" {
  const text: string;
  export default text;
}

/** What stands around foreign code in an interpreter, as it is written. */
declare module "*/prelude.mjs" {
  const text: string;
  export default text;
}

/** Where a module in WebAssembly lies that is part of this program. */
declare module "@jitl/quickjs-wasmfile-release-sync/wasm" {
  const path: string;
  export default path;
}
