/**
 * Lists that are read page by page.
 *
 * @module
 */
import type { Page } from "../../flow/mod.ts";

/** Reads a list to its end. Yields what is on each page, before the next one is asked for. */
export async function* eachPage<Item>(
  read: (cursor: string | null) => Promise<Page<Item>>,
): AsyncGenerator<readonly Item[]> {
  let cursor: string | null = null;
  do {
    const page: Page<Item> = await read(cursor);
    yield page.items;
    ({ cursor } = page);
  } while (cursor !== null);
}
