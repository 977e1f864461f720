const TEXT = 7;
const encoder = new TextEncoder();

/** One frame of Amazon's event stream encoding, with these headers, which are all texts, and this payload. */
export function amazonFrame(headers: Readonly<Record<string, string>>, payload: string): Uint8Array {
  const head = Object.entries(headers).flatMap(([name, value]) => {
    const text = encoder.encode(value);
    return [name.length, ...encoder.encode(name), TEXT, text.length >> 8, text.length & 255, ...text];
  });
  const body = encoder.encode(payload);
  const frame = new Uint8Array(16 + head.length + body.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, frame.length);
  view.setUint32(4, head.length);
  view.setUint32(8, Bun.hash.crc32(frame.subarray(0, 8)));
  frame.set(head, 12);
  frame.set(body, 12 + head.length);
  view.setUint32(frame.length - 4, Bun.hash.crc32(frame.subarray(0, -4)));
  return frame;
}

/** An event of ConverseStream. */
export function converseEvent(type: string, value: unknown): Uint8Array {
  const headers = { ":event-type": type, ":content-type": "application/json", ":message-type": "event" };
  return amazonFrame(headers, typeof value === "string" ? value : JSON.stringify(value));
}

/** An exception in place of an event. */
export function converseException(type: string, message: string): Uint8Array {
  return amazonFrame({ ":exception-type": type, ":message-type": "exception" }, JSON.stringify({ message }));
}
