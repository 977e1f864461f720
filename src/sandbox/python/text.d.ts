declare module "*.py" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: a file that is imported as text has no other
  export default text;
}
