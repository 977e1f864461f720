/** The number of the first agent that works with files, and how many files each of them may have open. */
export const FILER = 5_000;
/** See {@link FILER}. */
export const FILER_OPEN_MAX = [1, 2] as const;

/** What a document begins with that cannot be read. */
export const UNREADABLE = "%BROKEN";

/** A file that somebody sent. */
export interface SentFile {
  /** Stands before the number of each of its paragraphs, alone in the world. */
  readonly mark: string;
  readonly folderId: string;
  /** The name that it was sent with; others may have it too. */
  readonly name: string;
  readonly paragraphs: number;
  /** Whether nobody can read it. */
  readonly isBroken: boolean;
  id: string | undefined;
  /** `unclear` where nobody knows whether it is there, `deleted` once somebody was told that it is gone. */
  fate: "acknowledged" | "unclear" | "refused" | "deleted";
}

/** A folder that somebody made. */
export interface MadeFolder {
  readonly id: string;
  readonly name: string;
  isLeaving: boolean;
}

/** What was sent into folders, and what was taken out of them. */
export interface FileBook {
  /** Agents that work with files, in the order of their numbers. */
  readonly agents: string[];
  readonly folders: MadeFolder[];
  readonly files: SentFile[];
  /** Marks of the files that are deleted for certain, in the order in which that was told. */
  readonly gone: readonly string[];
  /** Marks of documents of which the reader said that it could not read them. */
  readonly unread: Set<string>;
  nextNumber(): number;
  /** Somebody was told that the file is gone. */
  deleted(file: SentFile): void;
  /** Somebody sends a file that takes the place of one of its name: of none of that name is it known for certain any more. */
  replaces(file: SentFile): void;
  mayBeReplaced(file: SentFile): boolean;
  /** Somebody was told that the folder is gone, with all that is in it. */
  folderDeleted(folder: MadeFolder): void;
}

/** The first mark of a file that a text holds, of all or of these. */
export function fileMarkIn(text: string, marks?: readonly string[]): string | undefined {
  const found = text.match(/fl-\d+\./g) ?? [];
  return found.find((mark) => marks === undefined || marks.includes(mark));
}

/** The text of a file: paragraphs that each begin with its mark, and are about as long as a passage. */
export function textOfSent({ mark, paragraphs }: Pick<SentFile, "mark" | "paragraphs">): string {
  return Array.from({ length: paragraphs }, (_, i) => `${mark}${i}; ${"seal ".repeat(30)}`.trim()).join("\n\n");
}

/** The one {@link FileBook}. */
export function createFileBook(): FileBook {
  const files: SentFile[] = [];
  const gone: string[] = [];
  const replaced = new Set<string>();
  const place = ({ folderId, name }: SentFile) => `${folderId} ${name}`;
  let number = 0;
  const deleted = (file: SentFile) => {
    file.fate = "deleted";
    if (!gone.includes(file.mark)) gone.push(file.mark);
  };
  return {
    agents: [],
    folders: [],
    files,
    gone,
    unread: new Set(),
    nextNumber: () => number++,
    deleted,
    replaces: (file) => void replaced.add(place(file)),
    mayBeReplaced: (file) => replaced.has(place(file)),
    folderDeleted({ id }) {
      for (const file of files.filter(({ folderId }) => folderId === id)) deleted(file);
    },
  };
}
