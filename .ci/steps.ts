/**
 * What CI does, as data. Whatever the tree can tell (examples, benches) is read from the tree, so
 * that nothing new is left out by forgetting it here.
 *
 * @module
 */

/** One command that has to succeed. */
export interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Folder to run in. Default: the project's root. */
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Looks at standard output: returns a note for the log, or throws. */
  readonly examine?: (stdout: string) => string;
}

const deno = Deno.execPath();

/** Share of lines, branches and functions of `src/` that the suite on Deno has to reach, in percent. */
const coverageMin = 90;

/** The demo has its own steps: on every runtime, and on one directory in turns. */
const demo = "examples/ingest.ts";

/** Deno 2.9 never ends a thread that waits while coverage is collected: this runs without. */
const threads = "tests/engine/log_thread_test.ts";

/** The JUnit files that the steps write. */
export function junitFiles(scratch: string): string[] {
  return ["deno", "threads", "docs", "bun", "node"].map((name) => `${scratch}/${name}.xml`);
}

/**
 * All steps in order; those in an inner list run side by side. Each runtime draws from a seed of its
 * own, so that they do not all try the same.
 */
export async function steps(scratch: string, seed: number): Promise<(Step | Step[])[]> {
  const task = (name: string, ...args: string[]): string[] => [deno, "task", name, ...args];
  const coverage = `${scratch}/coverage`;
  const bun = await executable("test:bun");
  const node = await executable("test:node");
  const runtimes = { FLOWCASK_DENO: deno, FLOWCASK_BUN: bun, FLOWCASK_NODE: node };
  return [
    { name: "format, lint, types, API docs, publishability", command: task("check") },
    {
      name: "suite on Deno",
      command: task(
        "test",
        `--ignore=${threads}`,
        `--junit-path=${scratch}/deno.xml`,
        `--coverage=${coverage}`,
        "--coverage-raw-data-only",
      ),
      // What one runtime leaves to another is tested only where both are known.
      env: runtimes,
    },
    {
      name: "log thread on Deno",
      command: [deno, "test", "-A", `--junit-path=${scratch}/threads.xml`, threads],
    },
    {
      name: `coverage of src, at least ${coverageMin} %`,
      command: [
        ...[deno, "coverage", "--include=/src/", "--exclude=/tests/"],
        ...[`--threshold=${coverageMin}`, coverage],
      ],
      examine(stdout) {
        const [, branches, functions, lines] = stdout.split("\n")
          .find((line) => line.includes("All files"))?.split("|").slice(1, -1) ?? [];
        if (lines === undefined) throw new Error(`No coverage in ${stdout}`);
        return `branches${branches}functions${functions}lines${lines}`.trim().replace(/ +/g, " ");
      },
    },
    {
      name: "examples in the docs",
      command: task("test:docs", `--junit-path=${scratch}/docs.xml`),
    },
    [
      {
        name: "suite on Bun",
        command: task("test:bun", "--reporter=junit", `--reporter-outfile=${scratch}/bun.xml`),
        env: { FLOWCASK_SEED: String(seed + 1) },
      },
      {
        name: "suite on Node 24",
        command: task(
          "test:node",
          "--test-reporter=junit",
          `--test-reporter-destination=${scratch}/node.xml`,
        ),
        env: { FLOWCASK_SEED: String(seed + 2) },
      },
    ],
    simulationSteps(task, seed),
    ...await exampleSteps({ bun, node, runtimes }),
    ...await benchSteps(),
    ...packageSteps(scratch, bun, node),
  ];
}

/** Two times so many lives of a log, each time with another seed. The suite runs the other levels. */
const logRuns = 100_000;

function simulationSteps(
  task: (name: string, ...args: string[]) => string[],
  seed: number,
): Step[] {
  return [1, 2].map((half) => ({
    name: `${logRuns} lives of a log, half ${half}`,
    command: task(
      "simulate",
      ...["--level", "1", "--runs", String(logRuns)],
      ...["--seed", String(seed + half)],
    ),
    // The seed and what was found.
    examine: (stdout) => stdout.trim().split("\n").slice(-2).join("; "),
  }));
}

async function exampleSteps(
  { bun, node, runtimes }: {
    readonly bun: string;
    readonly node: string;
    readonly runtimes: Readonly<Record<string, string>>;
  },
): Promise<Step[]> {
  const paths = await filesIn("examples", /^[^/]+\.ts$/);
  return paths.flatMap((path) =>
    path === demo
      ? [
        { name: "demo on Deno", command: [deno, "task", "demo"] },
        { name: "demo on Bun", command: [bun, demo] },
        { name: "demo on Node 24", command: [node, demo] },
        {
          name: "demo, three runtimes in turns on one directory",
          command: [deno, "task", "demo", "--turns", "deno,bun,node"],
          env: runtimes,
        },
      ]
      : [{ name: path, command: [deno, "run", "-A", path] }]
  );
}

async function benchSteps(): Promise<Step[]> {
  if ((await filesIn("bench", /_bench\.ts$/)).length === 0) return [];
  return [{
    name: "every bench runs",
    command: [deno, "bench", "-A", "--json", "bench"],
    examine(stdout) {
      const { benches } = JSON.parse(stdout) as { benches: { name: string; results: object[] }[] };
      const broken = benches.filter(({ results }) => !results.every((result) => "ok" in result));
      if (broken.length > 0) throw new Error(broken.map(({ name }) => name).join(", "));
      return `${benches.length} benches`;
    },
  }];
}

/** Packs, installs the tarball with npm as a user would, and uses it where the sources are not. */
function packageSteps(scratch: string, bun: string, node: string): Step[] {
  const consumer = `${scratch}/consumer`;
  const tarball = `${scratch}/flowcask.tgz`;
  Deno.mkdirSync(consumer);
  Deno.writeTextFileSync(`${consumer}/package.json`, '{ "private": true, "type": "module" }\n');
  Deno.copyFileSync(".ci/consumer.ts", `${consumer}/consumer.ts`);
  return [
    { name: "pack", command: [deno, "pack", "--allow-dirty", `--output=${tarball}`] },
    { name: "npm install of the tarball", command: ["npm", "install", tarball], cwd: consumer },
    { name: "types of the package", command: [deno, "check", "consumer.ts"], cwd: consumer },
    { name: "package on Node 24", command: [node, "consumer.ts"], cwd: consumer },
    { name: "package on Bun", command: [bun, "consumer.ts"], cwd: consumer },
  ];
}

/** The path of the runtime that a task fetches, so that its version stands in one place. */
async function executable(task: string): Promise<string> {
  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const packageName = /npm:\S+/.exec(tasks[task].command)?.[0];
  if (packageName === undefined) throw new Error(`The task ${task} fetches no runtime`);
  const { success, stdout, stderr } = await new Deno.Command(deno, {
    args: ["x", "--yes", "-A", packageName, "-p", "process.execPath"],
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${packageName} does not start: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout).trim();
}

/** Paths below `folder` whose rest fits the pattern, sorted; none if there is no such folder. */
async function filesIn(folder: string, pattern: RegExp): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard", folder],
  }).output();
  return new TextDecoder().decode(stdout).split("\n")
    .filter((path) => pattern.test(path.slice(folder.length + 1))).sort();
}
