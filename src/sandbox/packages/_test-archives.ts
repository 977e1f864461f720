import { createHash } from "node:crypto";
import { crc32, gzipSync } from "node:zlib";

/** A file in an archive; a link where `link` says to what. */
export interface TestFile {
  readonly path: string;
  readonly text?: string;
  readonly link?: string;
}

/** A zip with the files uncompressed. */
function zipOf(files: readonly TestFile[]): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const { path, text = "", link } of files) {
    const [name, data] = [Buffer.from(path), Buffer.from(link ?? text)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, name, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((link === undefined ? 0o100644 : 0o120777) << 16) >>> 0, 6);
    tail.writeUInt32LE(at, 10);
    entries.push(Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 3]), common, tail, name]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** A wheel of pure Python, with what it says of itself. */
export function wheelOf(
  name: string,
  version: string,
  files: readonly TestFile[],
  needs: readonly string[] = [],
): Buffer {
  const info = `${name}-${version}.dist-info`;
  const metadata = ["Metadata-Version: 2.1", `Name: ${name}`, `Version: ${version}`];
  const whole = [
    ...files,
    { path: `${info}/METADATA`, text: [...metadata, ...needs.map((need) => `Requires-Dist: ${need}`), ""].join("\n") },
    { path: `${info}/WHEEL`, text: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n" },
  ];
  const record = whole.map(({ path, text = "", link }) => {
    const data = link ?? text;
    return `${path},sha256=${createHash("sha256").update(data).digest("base64url")},${Buffer.byteLength(data)}`;
  });
  return zipOf([...whole, { path: `${info}/RECORD`, text: [...record, `${info}/RECORD,,`, ""].join("\n") }]);
}

/** A package of npm: a gzipped tar whose files lie in `package/`, unless they say otherwise. */
export function tarballOf(files: readonly TestFile[]): Buffer {
  const blocks = files.flatMap(({ path, text = "", link }) => {
    const data = Buffer.from(link === undefined ? text : "");
    const head = Buffer.alloc(512);
    head.write(path, 0, 100);
    head.write("0000644\0", 100);
    head.write("0000000\0", 108);
    head.write("0000000\0", 116);
    head.write(`${data.length.toString(8).padStart(11, "0")}\0`, 124);
    head.write("00000000000\0", 136);
    head.write("        ", 148);
    head.write(link === undefined ? "0" : "2", 156);
    head.write(link ?? "", 157, 100);
    head.write("ustar\x0000", 257, "latin1");
    const sum = head.reduce((total, byte) => total + byte, 0);
    head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [head, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

/** An index for pip and a registry for npm on this machine, with what a test puts into them. */
export function startRegistry() {
  const wheels = new Map<string, Buffer>();
  const tarballs = new Map<string, { readonly data: Buffer; readonly manifest: object }>();
  const seen: string[] = [];
  const simple = (name: string) => {
    const own = [...wheels.keys()].filter((file) => file.toLowerCase().replaceAll("_", "-").startsWith(`${name}-`));
    const links = own.map((file) => `<a href="/files/${encodeURIComponent(file)}">${file}</a>`);
    const page = `<!DOCTYPE html><html><body>${links.join("<br>")}</body></html>`;
    return new Response(page, { status: own.length > 0 ? 200 : 404, headers: { "content-type": "text/html" } });
  };
  const described = (name: string, origin: string) => {
    const packed = tarballs.get(name);
    if (packed === undefined) return new Response("{}", { status: 404 });
    const integrity = `sha512-${createHash("sha512").update(packed.data).digest("base64")}`;
    const dist = { tarball: `${origin}/tar/${name}`, integrity };
    const versions = { "1.0.0": { name, version: "1.0.0", ...packed.manifest, dist } };
    return Response.json({ name, "dist-tags": { latest: "1.0.0" }, versions });
  };
  const fileOf = (data: Buffer | undefined) => new Response(data ?? null, { status: data === undefined ? 404 : 200 });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname, origin } = new URL(request.url);
      const path = decodeURIComponent(pathname).slice(1);
      seen.push(path);
      const [, kind, name = ""] = /^(simple|files|tar)\/(.*?)\/?$/.exec(path) ?? [];
      if (kind === "simple") return simple(name);
      if (kind === "files") return fileOf(wheels.get(name));
      return kind === "tar" ? fileOf(tarballs.get(name)?.data) : described(path, origin);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    seen,
    addWheel(name: string, version: string, data: Buffer) {
      wheels.set(`${name}-${version}-py3-none-any.whl`, data);
    },
    addFile(file: string, data: Buffer) {
      wheels.set(file, data);
    },
    addTarball(name: string, data: Buffer, manifest: object = {}) {
      tarballs.set(name, { data, manifest });
    },
    stop: () => server.stop(true),
  };
}
