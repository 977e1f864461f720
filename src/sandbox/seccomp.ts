/** Which system calls a process loses. */
export interface FilterWish {
  /** Keeps sockets of the kinds that a proxy is reached by: Unix and IPv4. */
  readonly network: boolean;
  /** Keeps what starts further processes. Threads are kept in any case. */
  readonly processes: boolean;
}

/** A machine's number in seccomp, and its system calls by number. */
interface Machine {
  readonly audit: number;
  /** Calls from here on belong to another way of calling; null where there is none. */
  readonly foreignFrom: number | null;
  readonly calls: Readonly<Record<string, number>>;
}

/**
 * Calls by name, with their numbers on x86_64 and on aarch64; null where a machine does not have it. The groups: sockets;
 * mounts; what looks into other processes; what has had the most holes in kernels; namespaces; memory and queues that
 * outlive a process; what only an administrator needs; processes.
 */
const CALLS: readonly (readonly [name: string, x64: number, arm64: number | null])[] = [
  ["socket", 41, 198],
  ["connect", 42, 203],
  ["bind", 49, 200],
  ["listen", 50, 201],
  ["accept", 43, 202],
  ["accept4", 288, 242],
  ["mount", 165, 40],
  ["umount2", 166, 39],
  ["pivot_root", 155, 41],
  ["chroot", 161, 51],
  ["move_mount", 429, 429],
  ["open_tree", 428, 428],
  ["fsopen", 430, 430],
  ["fsconfig", 431, 431],
  ["fsmount", 432, 432],
  ["fspick", 433, 433],
  ["mount_setattr", 442, 442],
  ["ptrace", 101, 117],
  ["process_vm_readv", 310, 270],
  ["process_vm_writev", 311, 271],
  ["process_madvise", 440, 440],
  ["kcmp", 312, 272],
  ["pidfd_open", 434, 434],
  ["pidfd_getfd", 438, 438],
  ["add_key", 248, 217],
  ["request_key", 249, 218],
  ["keyctl", 250, 219],
  ["bpf", 321, 280],
  ["perf_event_open", 298, 241],
  ["userfaultfd", 323, 282],
  ["io_uring_setup", 425, 425],
  ["io_uring_enter", 426, 426],
  ["io_uring_register", 427, 427],
  ["unshare", 272, 97],
  ["setns", 308, 268],
  ["shmget", 29, 194],
  ["shmat", 30, 196],
  ["shmctl", 31, 195],
  ["semget", 64, 190],
  ["semop", 65, 193],
  ["semctl", 66, 191],
  ["semtimedop", 220, 192],
  ["msgget", 68, 186],
  ["msgsnd", 69, 189],
  ["msgrcv", 70, 188],
  ["msgctl", 71, 187],
  ["mq_open", 240, 180],
  ["init_module", 175, 105],
  ["finit_module", 313, 273],
  ["delete_module", 176, 106],
  ["kexec_load", 246, 104],
  ["kexec_file_load", 320, 294],
  ["reboot", 169, 142],
  ["swapon", 167, 224],
  ["swapoff", 168, 225],
  ["acct", 163, 89],
  ["syslog", 103, 116],
  ["quotactl", 179, 60],
  ["settimeofday", 164, 170],
  ["clock_settime", 227, 112],
  ["clock_adjtime", 305, 266],
  ["adjtimex", 159, 171],
  ["sethostname", 170, 161],
  ["setdomainname", 171, 162],
  ["name_to_handle_at", 303, 264],
  ["open_by_handle_at", 304, 265],
  ["fanotify_init", 300, 262],
  ["iopl", 172, null],
  ["ioperm", 173, null],
  ["modify_ldt", 154, null],
  ["vhangup", 153, 58],
  ["clone", 56, 220],
  ["clone3", 435, 435],
  ["fork", 57, null],
  ["vfork", 58, null],
  ["execve", 59, 221],
  ["execveat", 322, 281],
  ["kill", 62, 129],
  ["tkill", 200, 130],
  ["tgkill", 234, 131],
  ["rt_sigqueueinfo", 129, 138],
  ["rt_tgsigqueueinfo", 297, 240],
  ["pidfd_send_signal", 424, 424],
  ["prlimit64", 302, 261],
];

/** Handled by rules of their own below. */
const SPECIAL = ["clone", "clone3"];
const SOCKETS = ["socket", "connect", "bind", "listen", "accept", "accept4"];
const FORKS = ["fork", "vfork"];
/** What the child of a call loses besides: other programs and signals. */
const CHILD = [
  "execve",
  "execveat",
  "kill",
  "tkill",
  "tgkill",
  "rt_sigqueueinfo",
  "rt_tgsigqueueinfo",
  "pidfd_send_signal",
];
const KEPT = [...SPECIAL, ...SOCKETS, ...FORKS, ...CHILD, "prlimit64"];

const MACHINES: Readonly<Record<string, Machine>> = {
  x64: { audit: 0xc000003e, foreignFrom: 0x40000000, calls: numbers(([, x64]) => x64) },
  arm64: { audit: 0xc00000b7, foreignFrom: null, calls: numbers(([, , arm64]) => arm64) },
};

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const EPERM = 0x00050000 | 1;
const ENOSYS = 0x00050000 | 38;

/** Where the fields of a call are: its number, the machine, and the low halves of its first arguments. */
const NUMBER_AT = 0;
const MACHINE_AT = 4;
const FIRST_AT = 16;

const LOAD = 0x20;
const EQUAL = 0x15;
const AT_LEAST = 0x35;
const ANY_BIT = 0x45;
const RETURN = 0x06;

/** Flags of clone that make namespaces, and the one that makes a thread. */
const NAMESPACES = 0x7e020000;
const THREAD = 0x00010000;
const AF_UNIX = 1;
const AF_INET = 2;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/**
 * The filter of a jail as the kernel reads it, for a machine by its name in `process.arch`; undefined of a machine whose
 * calls are not known here. A call of another machine's kind ends the process.
 */
export function jailFilter(arch: string, { network, processes }: FilterWish): Uint8Array | undefined {
  const machine = MACHINES[arch];
  if (machine === undefined) return undefined;
  const refused = CALLS.map(([name]) => name).filter((name) => !KEPT.includes(name));
  return assemble([
    ...preface(machine),
    ...cloneRules(machine, processes),
    ...(network ? socketRule(machine) : refuse(machine, SOCKETS)),
    ...(processes ? [] : refuse(machine, FORKS)),
    ...refuse(machine, refused),
    [RETURN, 0, 0, ALLOW],
  ]);
}

/**
 * What the child of one call loses besides, once it is alone: it starts no process and no program, sends no signal, and
 * sets no limit of another process.
 */
export function childFilter(arch: string): Uint8Array | undefined {
  const machine = MACHINES[arch];
  if (machine === undefined) return undefined;
  return assemble([
    ...preface(machine),
    ...cloneRules(machine, false),
    ...refuse(machine, [...FORKS, ...CHILD]),
    ...whenCalled(machine, "prlimit64", [
      [LOAD, 0, 0, FIRST_AT],
      [EQUAL, 1, 0, 0],
      [RETURN, 0, 0, EPERM],
      [LOAD, 0, 0, NUMBER_AT],
    ]),
    [RETURN, 0, 0, ALLOW],
  ]);
}

/** Ends what calls in the way of another machine, and leaves the call's number loaded. */
function preface({ audit, foreignFrom }: Machine): readonly Instruction[] {
  return [
    [LOAD, 0, 0, MACHINE_AT],
    [EQUAL, 1, 0, audit],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, NUMBER_AT],
    ...(foreignFrom === null
      ? []
      : ([
          [AT_LEAST, 0, 1, foreignFrom],
          [RETURN, 0, 0, KILL_PROCESS],
        ] satisfies Instruction[])),
  ];
}

/** The arguments of clone3 cannot be read here, so it must seem to be unknown: libraries then use clone. */
function cloneRules(machine: Machine, processes: boolean): readonly Instruction[] {
  return [
    ...whenCalled(machine, "clone3", [[RETURN, 0, 0, ENOSYS]]),
    ...whenCalled(machine, "clone", [
      [LOAD, 0, 0, FIRST_AT],
      [ANY_BIT, 0, 1, NAMESPACES],
      [RETURN, 0, 0, EPERM],
      ...(processes
        ? []
        : ([
            [ANY_BIT, 1, 0, THREAD],
            [RETURN, 0, 0, EPERM],
          ] satisfies Instruction[])),
      [LOAD, 0, 0, NUMBER_AT],
    ]),
  ];
}

function socketRule(machine: Machine): readonly Instruction[] {
  return whenCalled(machine, "socket", [
    [LOAD, 0, 0, FIRST_AT],
    [EQUAL, 2, 0, AF_UNIX],
    [EQUAL, 1, 0, AF_INET],
    [RETURN, 0, 0, EPERM],
    [LOAD, 0, 0, NUMBER_AT],
  ]);
}

function refuse(machine: Machine, names: readonly string[]): readonly Instruction[] {
  return names.flatMap((name) => whenCalled(machine, name, [[RETURN, 0, 0, EPERM]]));
}

/** What is done when this call is made; nothing on a machine that does not have it. */
function whenCalled({ calls }: Machine, name: string, then: readonly Instruction[]): readonly Instruction[] {
  const number = calls[name];
  return number === undefined ? [] : [[EQUAL, 0, then.length, number], ...then];
}

/** As the kernel reads it: eight bytes an instruction, in the machine's order, which is the same on both. */
function assemble(program: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, ifTrue);
    bytes.setUint8(index * 8 + 3, ifFalse);
    bytes.setUint32(index * 8 + 4, value, true);
  }
  return new Uint8Array(bytes.buffer);
}

function numbers(of: (call: (typeof CALLS)[number]) => number | null): Readonly<Record<string, number>> {
  return Object.fromEntries(
    CALLS.flatMap((call) => {
      const number = of(call);
      return number === null ? [] : [[call[0], number]];
    }),
  );
}
