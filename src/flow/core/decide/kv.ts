/**
 * Setting and removing a key.
 *
 * @module
 */
import type { Draft } from "../draft/draft.ts";
import { versionConflict } from "../draft/refusals.ts";
import type { KvDeleteCommand, KvSetCommand, KvTarget } from "../kv_command.ts";
import type { KvDeleteReply, KvSetReply } from "../reply.ts";

/** Gives a key a value. */
export function decideKvSet(draft: Draft, command: KvSetCommand): KvSetReply {
  const { partitionKey, key, value, ttlMs, ifVersion } = command;
  requireVersion(draft, command, ifVersion);
  const expiresAtMs = ttlMs === undefined ? null : draft.nowMs + ttlMs;
  const place = { partitionKey, key, untilMs: expiresAtMs };
  const version = draft.state.versions.of(draft.kv.set(place, draft.written(value)));
  const updatedAtMs = draft.nowMs;
  return { kind: "kv_set", record: { key, partitionKey, version, updatedAtMs, expiresAtMs } };
}

/** Removes a key, if there is one. */
export function decideKvDelete(draft: Draft, command: KvDeleteCommand): KvDeleteReply {
  const { partitionKey, key, ifVersion } = command;
  requireVersion(draft, command, ifVersion);
  const found = draft.kv.find(partitionKey, key);
  if (found !== undefined) draft.kv.delete(found);
  return { kind: "kv_delete", existed: found !== undefined };
}

/** Refuses a key that has another version. */
function requireVersion(
  draft: Draft,
  target: KvTarget,
  ifVersion: number | undefined,
): void {
  if (ifVersion === undefined) return;
  const found = draft.kv.find(target.partitionKey, target.key);
  const version = found === undefined ? 0 : draft.state.versions.of(found.lsn);
  if (version !== ifVersion) throw versionConflict(target, ifVersion, version);
}
