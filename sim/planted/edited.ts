/** A change of a source file that plants a bug. */
export interface SourceEdit {
  /** The end of the file's path, `src/` included. */
  readonly file: string;
  /** What stands there exactly once. */
  readonly from: string;
  readonly to: string;
}

/** The source with the edit made; throws when `from` does not stand there exactly once. */
export function edited(source: string, { file, from, to }: SourceEdit): string {
  const parts = source.split(from);
  if (parts.length !== 2)
    throw new Error(`${file} holds what an edit is to replace ${parts.length - 1} times, not once: ${from}`);
  return parts.join(to);
}
