/** Code that is handed to a process in a jail as it is written. */
declare module "*/guest.mjs" {
  const text: string;
  export default text;
}
