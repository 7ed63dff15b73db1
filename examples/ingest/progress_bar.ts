/**
 * A bar on a terminal, or a line now and then where there is none.
 *
 * @module
 */
import process from "node:process";

const WIDTH = 40;

/** Shows how far a long piece of work is. */
export class ProgressBar {
  readonly #label: string;
  readonly #total: number;
  #shownPercent = -1;

  constructor(label: string, total: number) {
    this.#label = label;
    this.#total = total;
  }

  /** Shows that `done` of the total are done, with a remark. */
  update(done: number, remark: string): void {
    const percent = this.#total === 0 ? 100 : Math.floor((done * 100) / this.#total);
    if (process.stdout.isTTY) {
      const filled = Math.round((percent * WIDTH) / 100);
      const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
      process.stdout.write(`\r\x1b[K${this.#label} ${bar} ${percent}%  ${remark}`);
    } else if (percent >= this.#shownPercent + 25 || this.#shownPercent < 0) {
      process.stdout.write(`${this.#label} ${percent}%  ${remark}\n`);
      this.#shownPercent = percent;
    }
  }

  /** Ends the line. */
  end(): void {
    if (process.stdout.isTTY) process.stdout.write("\n");
  }
}
