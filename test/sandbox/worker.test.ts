import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bwrapJail, type Protection } from "../../src/sandbox/bwrap.ts";
import { JAIL_LIMITS, type Opening, type Worker } from "../../src/sandbox/jail.ts";
import { BWRAP, describeInJail, describeWithPython, PYTHON } from "./_jail.ts";

const SYSTEM = ["/bin", "/lib", "/lib64", "/usr/bin", "/usr/lib"].filter((path) => existsSync(path));
const NEVER = new AbortController().signal;
const opened: Worker[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((worker) => worker.close()));
});

/** A worker that is a program's text. */
async function open(command: readonly string[], rest: Partial<Opening> = {}, without?: Protection): Promise<Worker> {
  const jail = bwrapJail({ ...BWRAP, ...(without === undefined ? {} : { without }) });
  const worker = await jail.open({
    command,
    binds: SYSTEM.map((path) => ({ from: path, to: path })),
    environment: { PATH: "/usr/bin:/bin" },
    config: {},
    limits: JAIL_LIMITS,
    network: false,
    processes: true,
    proc: false,
    cancel: "line",
    ...rest,
  });
  opened.push(worker);
  return worker;
}

/** A shell that says hello, and does `script` with each line. */
function shell(script: string): readonly string[] {
  return ["/bin/sh", "-c", `echo '{"ready":true}' >&4; read config <&3; while read -r line <&3; do ${script}; done`];
}

/** A Python program whose last line is what it answers to every call. */
function python(code: string): readonly string[] {
  const program = [
    "import json, os, socket, sys",
    "with os.fdopen(3) as asked, os.fdopen(4, 'w', 1) as told:",
    "    told.write('{\"ready\":true}\\n')",
    "    asked.readline()",
    "    for line in asked:",
    "        try:",
    ...code.split("\n").map((text) => `            ${text}`),
    "        except BaseException as e:",
    "            answer = type(e).__name__ + ': ' + str(e)",
    "        told.write(json.dumps({'id': json.loads(line)['id'], 'answer': answer}) + '\\n')",
  ].join("\n");
  return [PYTHON, "-I", "-S", "-u", "-c", program];
}

/** All processes of bubblewrap, dead ones that nobody has cleared away among them. */
function jailed(): readonly string[] {
  const nameOf = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    } catch {
      return "";
    }
  };
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && nameOf(name) === "bwrap");
}

async function answerOf(worker: Worker): Promise<unknown> {
  const answer = await worker.call({ message: {}, timeoutMs: 10_000, signal: NEVER });
  return answer.kind === "line" ? answer.line["answer"] : answer;
}

describeInJail("A worker", () => {
  test("answers by line, and says hello first", async () => {
    const worker = await open(shell(`echo "{\\"id\\":1,\\"answer\\":\\"yes\\"}" >&4`));
    expect(worker.hello).toEqual({ ready: true });
    expect(await answerOf(worker)).toBe("yes");
  });

  test("that dies answers the calls it holds, and those that come later", async () => {
    const worker = await open(shell("exit 3"));
    const lost = { kind: "lost", how: "died", reason: "it ended with code 3" };
    expect(await Promise.all([answerOf(worker), answerOf(worker)])).toEqual([lost, lost]);
    expect(await answerOf(worker)).toEqual(lost);
    expect(await worker.ended).toBe("it ended with code 3");
  });

  test("is ended by a line that is no JSON, one that nobody asked for, and one without an end", async () => {
    const answers = [];
    for (const said of ["echo nonsense >&4", `echo '{"id":77}' >&4`, "tr '\\0' x < /dev/zero >&4"])
      answers.push(await answerOf(await open(shell(said))));
    expect(answers).toEqual([
      { kind: "lost", how: "died", reason: "it wrote a line that is no JSON" },
      { kind: "lost", how: "died", reason: "it answered what nobody asked" },
      { kind: "lost", how: "died", reason: "it wrote a line of more than 16777216 bytes" },
    ]);
  });

  test("that does not answer in time is ended, with a child that left its session", async () => {
    const worker = await open(shell("setsid sleep 1000 & sleep 1000"));
    const answer = await worker.call({ message: {}, timeoutMs: 100, signal: NEVER });
    expect(answer).toMatchObject({ kind: "lost", how: "late" });
    expect(await worker.ended).toBe("it did not answer in time");
  });

  test("leaves nothing to be cleared away by others when it is closed", async () => {
    const before = jailed();
    const worker = await open(shell("setsid sleep 1000 & sleep 1000"));
    const started = jailed().filter((pid) => !before.includes(pid));
    expect(started.length).toBeGreaterThan(1);
    await worker.close();
    expect(started.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });

  test("that does not call off a call is ended", async () => {
    const worker = await open(shell("true"));
    const calledOff = new AbortController();
    const answer = worker.call({ message: {}, timeoutMs: 60_000, signal: calledOff.signal });
    calledOff.abort();
    expect(await answer).toMatchObject({ kind: "lost", how: "cancelled" });
    expect(await worker.ended).toBe("it did not call off a call");
  });

  test("asks, where that is granted, and is refused where not", async () => {
    const asking = `[ "$line" = "\${line#*answer}" ] && echo '{"ask":5,"what":"time"}' >&4 || printf '{"id":1,"answer":%s}\\n' "$line" >&4`;
    const granted = await open(shell(asking), { answer: async ({ what }) => `the ${what}` });
    expect(await answerOf(granted)).toEqual({ answer: 5, value: "the time" });
    expect(await answerOf(await open(shell(asking)))).toEqual({ answer: 5, error: "not granted" });
  });

  test("that does not start says what it complained of", async () => {
    const failing = open(["/bin/sh", "-c", "echo out of cheese >&2; exit 4"]);
    expect(failing).rejects.toThrow(/did not start: it ended with code 4: out of cheese/);
    expect(open(["/nowhere"])).rejects.toThrow(/No such file/);
  });
});

describeWithPython("A jail", () => {
  test("has no socket but where sockets are granted, and then none that leads out", async () => {
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("canary") });
    try {
      const connect = python(
        `s = socket.create_connection(("127.0.0.1", ${server.port}), 2)\ns.send(b"GET / HTTP/1.0\\r\\n\\r\\n")\nanswer = s.recv(9000).decode()[-6:]`,
      );
      expect(await answerOf(await open(connect))).toBe("PermissionError: [Errno 1] Operation not permitted");
      expect(await answerOf(await open(connect, { network: true }))).toBe(
        "ConnectionRefusedError: [Errno 111] Connection refused",
      );
      expect(await answerOf(await open(connect, { network: true }, "network"))).toBe("canary");
    } finally {
      await server.stop(true);
    }
  });

  test("makes sockets of the two kinds that a proxy is reached by alone", async () => {
    const kinds = python(
      "answer = []\nfor kind in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):\n    try: socket.socket(kind, socket.SOCK_RAW if kind == socket.AF_NETLINK else socket.SOCK_STREAM); answer.append(True)\n    except OSError: answer.append(False)",
    );
    expect(await answerOf(await open(kinds, { network: true }))).toEqual([true, true, false, false]);
    expect(await answerOf(await open(kinds, { network: true }, "filter"))).toEqual([true, true, true, true]);
  });

  test("cannot use memory, semaphores and queues of others whose numbers it guesses", async () => {
    const worker = await open(
      python(
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nanswer = []\nfor name in ['shmat', 'shmctl', 'semop', 'semctl', 'semtimedop', 'msgsnd', 'msgrcv', 'msgctl']:\n    getattr(libc, name)(-1, None, 0, 0, 0)\n    answer.append(ctypes.get_errno())",
      ),
    );
    // EPERM: the kernel itself would say EINVAL, or EFAULT, of such arguments.
    expect(await answerOf(worker)).toEqual(Array.from({ length: 8 }, () => 1));
  });

  test("makes no shared memory that outlives it, and no namespace", async () => {
    const calls = python(
      "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nanswer = [libc.shmget(0, 4096, 0o1600) < 0, libc.unshare(0x10000000) < 0, libc.unshare(0x20000) < 0, libc.semget(0, 1, 0o1600) < 0, libc.msgget(0, 0o1600) < 0]",
    );
    expect(await answerOf(await open(calls))).toEqual([true, true, true, true, true]);
    expect(await answerOf(await open(calls, {}, "filter"))).toEqual([false, true, true, false, false]);
  });

  test("starts processes where that is granted, and threads everywhere", async () => {
    const forks = python(
      "import threading\nt = threading.Thread(target=lambda: None); t.start(); t.join()\npid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)\nanswer = 'forked'",
    );
    expect(await answerOf(await open(forks))).toBe("forked");
    expect(await answerOf(await open(forks, { processes: false }))).toBe(
      "PermissionError: [Errno 1] Operation not permitted",
    );
  });

  test("sees no file, no process and no variable of the server", async () => {
    const folder = mkdtempSync(join(tmpdir(), "selkie-canary-"));
    writeFileSync(join(folder, "canary"), "canary", { mode: 0o644 });
    process.env["SELKIE_TEST_CANARY"] = "canary";
    try {
      const look = python(
        `answer = [os.path.exists(${JSON.stringify(join(folder, "canary"))}), os.path.exists("/proc/1"), dict(os.environ), os.path.exists("/etc/passwd"), sorted(os.listdir("/"))]`,
      );
      expect(await answerOf(await open(look))).toEqual([
        false,
        false,
        expect.not.objectContaining({ SELKIE_TEST_CANARY: "canary" }),
        false,
        expect.arrayContaining(["dev", "tmp", "usr"]),
      ]);
      const processes = python("answer = len([name for name in os.listdir('/proc') if name.isdigit()]) > 5");
      expect(await answerOf(await open(processes, {}, "processes"))).toBe(true);
      expect(await answerOf(await open(processes, { proc: true }))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("has a disk of its own that ends, and no other place to write", async () => {
    const fill = python(
      "answer = []\nfor place in ('/tmp', '/dev', '/dev/shm', '/', '/usr/bin'):\n    try:\n        for number in range(40):\n            with open(f'{place}/{number}', 'wb') as file: file.write(bytes(1 << 20))\n        answer.append('full of it')\n    except OSError as e: answer.append(e.strerror)\nopen('/tmp/0', 'w')",
    );
    expect(await answerOf(await open(fill))).toEqual([
      "No space left on device",
      ...new Array(4).fill("Read-only file system"),
    ]);
  });

  test("gives no more memory than its limit", async () => {
    const grow = python("bytes(4 << 30)\nanswer = 'granted'");
    expect(await answerOf(await open(grow))).toBe("MemoryError: ");
    const limits = { ...JAIL_LIMITS, addressBytes: null };
    expect(await answerOf(await open(python("bytes(1 << 30)\nanswer = 'granted'"), { limits }))).toBe("granted");
  });
});
