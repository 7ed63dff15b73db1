/**
 * One open file, seen through seven synchronous calls.
 *
 * The shape is the web's `FileSystemSyncAccessHandle` and one question more, so that a browser's private
 * file system can stand behind it as well as `node:fs`. Synchronous on purpose: on two of the three runtimes the
 * asynchronous calls block the main thread all the same, and the shared I/O pool stalls whenever
 * the host application is busy.
 *
 * @module
 */

/** Where in the file a read or a write starts. */
export interface FilePosition {
  /** Offset of the first byte, in bytes from the start of the file. */
  readonly at: number;
}

/**
 * An open file.
 *
 * Errors of the operating system are thrown with their `code` (`ENOSPC`, `EIO`, `EBADF`, …).
 * Every call after `close()` throws `EBADF`, except `close()` itself.
 */
export interface FileHandle {
  /**
   * Reads bytes into `buffer`. May read fewer than asked for; 0 means the end of the file.
   *
   * @returns The number of bytes read.
   */
  read(buffer: Uint8Array, options: FilePosition): number;
  /**
   * Writes bytes of `buffer`. May write fewer than asked for. A gap before `at` reads as zeros.
   *
   * @returns The number of bytes written.
   */
  write(buffer: Uint8Array, options: FilePosition): number;
  /** Cuts the file, or fills it up with zeros, to exactly `size` bytes. */
  truncate(size: number): void;
  /** The size of the file, in bytes. */
  getSize(): number;
  /**
   * Whether its name leads to it: no more once the file was removed, or another one was put in its
   * place. `true` where that cannot be learnt.
   */
  isInPlace(): boolean;
  /**
   * Makes everything written so far durable: bytes and size, not the name in the directory.
   *
   * When it throws, nothing is known about the bytes, and calling it again must not be taken for a
   * cure: the operating system may have dropped them and report success the next time.
   */
  flush(): void;
  /** Closes the file. Does not flush. Closing twice is allowed. */
  close(): void;
}
