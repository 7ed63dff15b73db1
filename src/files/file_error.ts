/**
 * Errors of files that are not real, with the same `code` that the operating system would give.
 *
 * @module
 */

/** What memory and the simulated disk throw where `node:fs` would throw a system error. */
export class FileError extends Error {
  /** Always `"FileError"`. */
  override readonly name: string = "FileError";
  /** The code of the operating system: `ENOENT`, `EIO`, `ENOSPC`, `EBADF`, `EINVAL`. */
  readonly code: string;

  /**
   * An error with a code.
   *
   * @param code The code of the operating system.
   * @param message What happened to which file, in sentence case.
   */
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** The `code` of a system error or a {@linkcode FileError}, or `undefined` for anything else. */
export function fileErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What creating a file throws where something has its name. */
export function alreadyThere(directory: string, name: string): FileError {
  return new FileError("EEXIST", `There is a "${directory}/${name}" already`);
}
