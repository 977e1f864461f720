import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../core/json.ts";
import type { Identity } from "../worker.ts";

/** The oldest Python whose language the worker is written in. */
const MINOR_MIN = 8;
/** How long one may take to say what it is and needs. */
const ASKED_MS_MAX = 15_000;
/** Characters of its answer. */
const ANSWER_CHARS_MAX = 1_000_000;
/** Where Linux keeps the Python of its own. */
const SYSTEM_PYTHON = "/usr/bin/python3";

const Found = z.object({
  version: z.tuple([z.number(), z.number(), z.number()]),
  executable: z.string(),
  folders: z.array(z.string()),
  libraries: z.array(z.string()),
});

/** A Python, and all that must be readable for it to run. */
export interface Python {
  /** As people write it, such as "3.11.2". */
  readonly version: string;
  /** The program itself, behind all links. */
  readonly executable: string;
  /** Its standard library, and the shared libraries that it loads, by the paths under which it looks for them. */
  readonly needs: readonly string[];
}

/** What came of looking. */
export interface PythonSearch {
  readonly python: Python | undefined;
  /** Why candidates before it, or all, were not taken. */
  readonly passedOver: readonly string[];
}

/** Where to look for Python, and for whom. */
export interface PythonWish {
  /** The setting; nobody else is asked first. */
  readonly named: string | null;
  /** The search path of the server. */
  readonly path: string;
  /** Who will run it; the server's own user when null. */
  readonly identity: Identity | null;
}

/** Looks for a Python that can run tools: the one that is set, the first of the search path, the system's. */
export async function findPython(wish: PythonWish): Promise<PythonSearch> {
  const passedOver: string[] = [];
  for (const candidate of candidatesOf(wish)) {
    const found = await ask(candidate, wish.identity);
    if (typeof found !== "string") return { python: found, passedOver };
    passedOver.push(`${candidate}: ${found}`);
  }
  return { python: undefined, passedOver };
}

function candidatesOf({ named, path }: PythonWish): readonly string[] {
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder));
  const onPath = folders.map((folder) => join(folder, "python3")).filter((file) => existsSync(file));
  return [...new Set([...(named === null ? [] : [named]), ...onPath, SYSTEM_PYTHON])];
}

/** Imports every module of its own that is a shared library, and says what that has loaded. */
const QUESTION = `
import ctypes, json, os, sys, warnings
warnings.simplefilter("ignore")
folders = [os.path.dirname(os.path.realpath(os.__file__))]
for path in sys.path:
    path = os.path.realpath(path)
    if os.path.isdir(path) and not any((path + "/").startswith(folder + "/") for folder in folders):
        folders.append(path)
for folder in [os.path.realpath(path) for path in sys.path if path.endswith("lib-dynload") and os.path.isdir(path)]:
    for name in os.listdir(folder):
        try: __import__(name.split(".")[0])
        except BaseException: pass
for name in ("libgcc_s.so.1", "libstdc++.so.6"):
    try: ctypes.CDLL(name)
    except OSError: pass
class Part(ctypes.Structure):
    _fields_ = [("address", ctypes.c_void_p), ("name", ctypes.c_char_p)]
loaded = []
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Part), ctypes.c_size_t, ctypes.c_void_p)
def note(part, size, data):
    loaded.append(os.fsdecode(part.contents.name or b""))
    return 0
ctypes.CDLL(None).dl_iterate_phdr(note, None)
libraries = [path for path in loaded if path.startswith("/") and not any(path.startswith(folder + "/") for folder in folders)]
print(json.dumps({"version": sys.version_info[:3], "executable": os.path.realpath(sys.executable), "folders": folders, "libraries": sorted(set(libraries))}))
`;

/** What a candidate says of itself, or why it is not to be used. */
async function ask(candidate: string, identity: Identity | null): Promise<Python | string> {
  if (!existsSync(candidate) || !statSync(candidate).isFile()) return "there is no such file";
  const answer = await answerOf(candidate, identity);
  if (typeof answer === "string") return answer;
  const found = Found.safeParse(parseJson(answer.text));
  if (!found.success) return identity === null ? "it does not run" : "another user than this one cannot run it";
  const { version, executable, folders, libraries } = found.data;
  if (version[0] !== 3 || version[1] < MINOR_MIN)
    return `it is Python ${version.join(".")}, and 3.${MINOR_MIN} is needed`;
  return { version: version.join("."), executable, needs: [...folders, ...libraries] };
}

/** What the candidate prints when it is asked. */
function answerOf(candidate: string, identity: Identity | null): Promise<{ readonly text: string } | string> {
  return new Promise((resolve) => {
    const child = spawn(candidate, ["-I", "-S", "-c", QUESTION], {
      ...(identity === null ? {} : identity),
      cwd: "/",
      env: { LANG: "C.UTF-8", PATH: "/usr/bin:/bin" },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: ASKED_MS_MAX,
      killSignal: "SIGKILL",
    });
    let text = "";
    child.stdout.on("data", (bytes: Buffer) => {
      if (text.length < ANSWER_CHARS_MAX) text += bytes.toString("utf8");
    });
    child.on("error", (error) => resolve(`it cannot be started (${error.message})`));
    child.on("close", () => resolve({ text }));
  });
}
