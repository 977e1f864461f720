/** Keeps the `limit` numbers with the best scores of all that are offered; ties go to the lower number. */
export class TopNumbers {
  readonly #limit: number;
  readonly #numbers: number[] = [];
  readonly #scores = new Map<number, number>();
  #worst = Number.NEGATIVE_INFINITY;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether a score would be among the best so far. */
  wants(score: number): boolean {
    return score >= this.#worst;
  }

  offer(number: number, score: number): void {
    if (score < this.#worst) return;
    this.#numbers.push(number);
    this.#scores.set(number, score);
    // Sorting now and then costs less than keeping order all the time.
    if (this.#numbers.length >= this.#limit * 4 + 64) this.#prune();
  }

  /** The numbers, best first. */
  best(): readonly number[] {
    this.#prune();
    return this.#numbers;
  }

  /** What was offered with a number that is among the best. */
  scoreOf(number: number): number {
    return this.#scores.get(number) ?? 0;
  }

  #prune(): void {
    this.#numbers.sort((a, b) => this.scoreOf(b) - this.scoreOf(a) || a - b);
    for (const number of this.#numbers.splice(this.#limit)) this.#scores.delete(number);
    if (this.#numbers.length === this.#limit) this.#worst = this.scoreOf(this.#numbers.at(-1) ?? 0);
  }
}
