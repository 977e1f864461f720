import { dlopen } from "bun:ffi";

/** The system's C library, under the names that it has on Linux (glibc, musl) and macOS. */
const LIBRARIES = [
  "libc.so.6",
  `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`,
  "libSystem.B.dylib",
];
/** Room for the longest address of a socket, bytes. */
const ADDRESS_BYTES = 128;
/** Where the port stands in the address of a socket of either version of IP. */
const PORT_OFFSET = 2;
/** Both ways, for `shutdown`. */
const BOTH = 2;

/** What the system knows of the sockets of this process, which the runtime does not tell. */
export interface Sockets {
  /** The port at the other end of a descriptor; undefined when it is no connection to this port of ours. */
  peerPort(descriptor: number, ownPort: number): number | undefined;
  /** Lets so many connections wait at this port of ours until they are taken; further ones would try again after a second. */
  lengthenQueue(descriptor: number, ownPort: number, connections: number): void;
  /** Ends a connection. Its descriptor stays until the runtime has seen the end. */
  end(descriptor: number): void;
}

/** {@link Sockets} by the C library; undefined where there is none that is known. */
export function systemSockets(): Sockets | undefined {
  const library = LIBRARIES.map(openLibrary).find((opened) => opened !== undefined);
  if (library === undefined) return undefined;
  const { getsockname, getpeername, listen, shutdown } = library;
  const address = new Uint8Array(ADDRESS_BYTES);
  const view = new DataView(address.buffer);
  const length = new Uint32Array(1);

  function portBy(lookUp: typeof getsockname, descriptor: number): number | undefined {
    length[0] = ADDRESS_BYTES;
    return lookUp(descriptor, address, length) === 0 ? view.getUint16(PORT_OFFSET) : undefined;
  }

  return {
    peerPort: (descriptor, ownPort) =>
      portBy(getsockname, descriptor) === ownPort ? portBy(getpeername, descriptor) : undefined,
    lengthenQueue(descriptor, ownPort, connections) {
      const isOurs = portBy(getsockname, descriptor) === ownPort;
      if (isOurs && portBy(getpeername, descriptor) === undefined) listen(descriptor, connections);
    },
    end: (descriptor) => {
      shutdown(descriptor, BOTH);
    },
  };
}

/** The few functions of the system that are needed; undefined where there is no such library. */
function openLibrary(name: string) {
  const lookUp = { args: ["i32", "ptr", "ptr"], returns: "i32" } as const;
  try {
    return dlopen(name, {
      getsockname: lookUp,
      getpeername: lookUp,
      listen: { args: ["i32", "i32"], returns: "i32" },
      shutdown: { args: ["i32", "i32"], returns: "i32" },
    }).symbols;
  } catch {
    return undefined;
  }
}
