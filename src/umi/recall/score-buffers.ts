/** Buffers kept for the next recall: as many as recalls that overlap, as a rule. */
const FREE_MAX = 2;
/** Room beyond what is needed now, so that a growing space does not need new buffers each time. */
const SPARE_SHARE = 1.25;

/** Arrays by number and by session that one recall scores in. All zeros between two recalls, but for the lists. */
export class ScoreBuffers {
  own = new Float32Array(0);
  near = new Float32Array(0);
  wide = new Float32Array(0);
  nearCounts = new Uint16Array(0);
  wideCounts = new Uint16Array(0);
  isSeen = new Uint8Array(0);
  /** Numbers that a term was found around, and those of all terms. Not zeros: what was written before says nothing. */
  found = new Uint32Array(0);
  touched = new Uint32Array(0);
  session = new Float32Array(0);
  sessionCounts = new Float32Array(0);

  /** Makes room for `size` entries in `sessions` sessions. */
  reserve(size: number, sessions: number): void {
    if (size > this.own.length) {
      const room = Math.ceil(size * SPARE_SHARE);
      this.own = new Float32Array(room);
      this.near = new Float32Array(room);
      this.wide = new Float32Array(room);
      this.nearCounts = new Uint16Array(room);
      this.wideCounts = new Uint16Array(room);
      this.isSeen = new Uint8Array(room);
      this.found = new Uint32Array(room);
      this.touched = new Uint32Array(room);
    }
    if (sessions > this.session.length) {
      const room = Math.ceil(sessions * SPARE_SHARE);
      this.session = new Float32Array(room);
      this.sessionCounts = new Float32Array(room);
    }
  }

  /** Makes everything zero again, given the entries that were scored. */
  clear(touched: Uint32Array): void {
    const { own, near, wide, isSeen } = this;
    for (let i = 0; i < touched.length; i++) {
      const number = touched[i] ?? 0;
      own[number] = 0;
      near[number] = 0;
      wide[number] = 0;
      isSeen[number] = 0;
    }
    this.session.fill(0);
  }
}

/** Lends buffers out: a recall of a million entries needs 25 MB, too much to make anew each time. */
export class BufferPool {
  readonly #free: ScoreBuffers[] = [];

  take(): ScoreBuffers {
    return this.#free.pop() ?? new ScoreBuffers();
  }

  /** Takes back buffers that are clear. */
  giveBack(buffers: ScoreBuffers): void {
    if (this.#free.length < FREE_MAX) this.#free.push(buffers);
  }
}
