/** A number and what it was offered with. */
export interface ScoredNumber {
  readonly number: number;
  readonly score: number;
}

/** Keeps the `limit` numbers with the best scores of all that are offered; ties go to the lower number. */
export class TopNumbers {
  /** A heap whose root is the worst that is kept. */
  readonly #numbers: Uint32Array;
  readonly #scores: Float64Array;
  #count = 0;

  constructor(limit: number) {
    this.#numbers = new Uint32Array(limit);
    this.#scores = new Float64Array(limit);
  }

  /** Whether a score would be among the best so far. */
  wants(score: number): boolean {
    return this.#count < this.#numbers.length || score >= (this.#scores[0] ?? 0);
  }

  /** Takes a number, which may have been offered before only if it is to be kept twice. */
  offer(number: number, score: number): void {
    if (this.#count < this.#numbers.length) this.#rise(this.#count++, number, score);
    else if (this.#count > 0 && this.#isWorse(0, number, score)) this.#sink(number, score);
  }

  /** What is kept, best first. */
  best(): readonly ScoredNumber[] {
    const kept = Array.from({ length: this.#count }, (_, i) => ({
      number: this.#numbers[i] ?? 0,
      score: this.#scores[i] ?? 0,
    }));
    return kept.sort((a, b) => b.score - a.score || a.number - b.number);
  }

  #isWorse(at: number, number: number, score: number): boolean {
    const other = this.#scores[at] ?? 0;
    return other < score || (other === score && (this.#numbers[at] ?? 0) > number);
  }

  #rise(from: number, number: number, score: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#isWorse(parent, number, score)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, number, score);
  }

  #sink(number: number, score: number): void {
    let at = 0;
    for (let child = 1; child < this.#count; child = 2 * at + 1) {
      const right = child + 1;
      const isRight = right < this.#count && this.#isWorse(right, this.#numbers[child] ?? 0, this.#scores[child] ?? 0);
      const worse = isRight ? right : child;
      if (!this.#isWorse(worse, number, score)) break;
      this.#move(worse, at);
      at = worse;
    }
    this.#put(at, number, score);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#numbers[from] ?? 0, this.#scores[from] ?? 0);
  }

  #put(at: number, number: number, score: number): void {
    this.#numbers[at] = number;
    this.#scores[at] = score;
  }
}
