/**
 * VALUES records: what a flow holds by name.
 *
 * @module
 */
import type { ByteReader, ByteWriter } from "../../../codec/mod.ts";
import type { ValuesEffect } from "../effect.ts";
import type { NamedValue } from "../values/named_values.ts";
import { digestBytes, readDigest } from "./hex.ts";
import { readKey } from "./key.ts";
import { refuseUnknownBits } from "./newer.ts";
import { encodingOf } from "./value.ts";

const HAS_DIGEST = 1;

/** Writes what follows the fixed part. */
export function writeValuesRest(writer: ByteWriter, { values }: ValuesEffect): void {
  for (const { name, lsn, version, digest, encoding } of values) {
    writer.text(name);
    writer.u48(lsn);
    writer.u48(version);
    writer.u8(encoding);
    writer.u8(digest === null ? 0 : HAS_DIGEST);
    if (digest !== null) writer.raw(digestBytes(digest));
  }
}

/** Reads a record. */
export function readValues(fixed: ByteReader, rest: ByteReader): ValuesEffect {
  const values: NamedValue[] = [];
  while (rest.left > 0) values.push(readNamed(rest));
  return { kind: "values", key: readKey(fixed), values };
}

function readNamed(rest: ByteReader): NamedValue {
  const name = rest.text();
  const lsn = rest.u48();
  const version = rest.u48();
  const encoding = encodingOf(rest.u8());
  const flags = rest.u8();
  refuseUnknownBits("VALUES", flags, HAS_DIGEST);
  const digest = flags & HAS_DIGEST ? readDigest(rest) : null;
  return { name, lsn, version, digest, encoding };
}
