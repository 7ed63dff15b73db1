/**
 * The worker process, as its parent sees it.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Runtime } from "./runtimes.ts";

/** How far a worker process says it is. */
export interface Progress {
  /** Flows that exist. */
  readonly created: number;
  /** Flows that were hashed and are not completed yet. */
  readonly hashed: number;
  /** Flows that are completed. */
  readonly completed: number;
}

/** A running worker process. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown[]>;

  /** Starts the worker on a tree and a data directory. */
  constructor(runtime: Runtime, root: string, dir: string) {
    const script = fileURLToPath(new URL("./worker.ts", import.meta.url));
    this.#process = spawn(runtime.command, [...runtime.args, script, root, dir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#exited = once(this.#process, "exit");
  }

  /** What the process reports, until it ends. */
  async *progress(): AsyncGenerator<Progress> {
    for await (const line of createInterface({ input: this.#process.stdout! })) {
      // The last line of a killed process may be cut off.
      if (line.startsWith("{") && line.endsWith("}")) yield JSON.parse(line) as Progress;
    }
  }

  /** Kills the process the hard way. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Waits for the end: whether the process ended well. */
  async ended(): Promise<boolean> {
    const [code] = await this.#exited;
    return code === 0;
  }
}
