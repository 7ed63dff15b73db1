/**
 * Logs with one thing wrong. The simulation must notice every one of them; one that it does not
 * notice would mean that it cannot see that kind of mistake.
 *
 * Most mistakes are made between the log and the disk, so that the log's own code has no switches;
 * those of recovery replace one of its steps.
 *
 * @module
 */

import { crc32 } from "../../../src/codec/mod.ts";
import { FlowError } from "../../../src/errors.ts";
import type { FileHandle } from "../../../src/files/mod.ts";
import { recoverySteps, type TailSurvey } from "../../../src/log/mod.ts";
import type { Practice } from "../log/practice.ts";
import { type FileHooks, wrappedDirectory, wrappedFile } from "../wrapped_directory.ts";
import { wrappedLog } from "../wrapped_log.ts";

const isSegment = (name: string): boolean => name.endsWith(".seg");
const isManifest = (name: string): boolean => name.startsWith("MANIFEST");

/** A mistake in how segments are written or read. */
function onSegments(name: string, hooksOf: (file: string) => FileHooks): Practice {
  return {
    name,
    directory: (inner) =>
      wrappedDirectory(inner, (file) => isSegment(file) ? hooksOf(file) : undefined),
  };
}

/** Says "durable" before it is: the sync comes with the next write. */
const ackEarly = onSegments("ackEarly", () => {
  let isDue = false;
  return {
    write(file, buffer, position) {
      if (isDue) file.flush();
      isDue = false;
      return file.write(buffer, position);
    },
    flush: () => isDue = true,
  };
});

/** Does not sync at all, as some systems do by default. */
const noSync = onSegments("noSync", () => ({ flush() {} }));

/** Takes a failed sync for a warning. */
const swallowSyncError = onSegments("swallowSyncError", () => ({
  flush(file) {
    try {
      file.flush();
    } catch {
      // The mistake.
    }
  },
}));

/** Tries a failed sync again, which then finds nothing to complain about. */
const retrySync = onSegments("retrySync", () => ({
  flush(file) {
    try {
      file.flush();
    } catch {
      file.flush();
    }
  },
}));

/** Takes every write for a whole one. */
const ignoreShort = onSegments("ignoreShort", () => ({
  write(file, buffer, position) {
    file.write(buffer, position);
    return buffer.length;
  },
}));

/** Puts off the sync of what fills a segment until after the roll. */
const rollUnsynced: Practice = {
  name: "rollUnsynced",
  directory(inner) {
    const putOff = new Map<FileHandle, () => void>();
    return wrappedDirectory(inner, (name) => ({
      flush(file) {
        if (isSegment(name) && file.getSize() >= 4_096 + 400) {
          putOff.set(file, () => file.flush());
          return;
        }
        file.flush();
        if (!isSegment(name)) return;
        for (const flush of putOff.values()) flush();
        putOff.clear();
      },
      // It would be closed by then.
      close() {},
    }));
  },
};

/** Lists a new segment without having synced its head. */
const headUnsynced = onSegments("headUnsynced", () => {
  let isNew = false;
  return {
    write(file, buffer, position) {
      isNew = position.at === 0;
      return file.write(buffer, position);
    },
    flush(file) {
      if (!isNew) file.flush();
    },
  };
});

/** Does not make the names of new files durable. */
const noDirFsync: Practice = {
  name: "noDirFsync",
  directory: (inner) => wrappedDirectory(inner, () => undefined, () => {}),
};

/** Writes the first frame of a segment before the manifest lists it. */
const listAfterWrite: Practice = {
  name: "listAfterWrite",
  directory(inner) {
    let putOff: (() => void)[] = [];
    const later = (name: string, act: (file: FileHandle) => void): void => {
      putOff.push(() => {
        const file = inner.open(name);
        act(file);
        file.close();
      });
    };
    return wrappedDirectory(inner, (name) => {
      if (isManifest(name)) {
        return {
          write(_file, buffer, position) {
            const bytes = buffer.slice();
            later(name, (file) => file.write(bytes, position));
            return buffer.length;
          },
          flush: () => later(name, (file) => file.flush()),
        };
      }
      let hasFrame = false;
      return {
        write(file, buffer, position) {
          hasFrame = position.at > 0;
          return file.write(buffer, position);
        },
        flush(file) {
          file.flush();
          if (!hasFrame) return;
          const acts = putOff;
          putOff = [];
          for (const act of acts) act();
        },
      };
    });
  },
};

/** Trusts a manifest that may be in the page cache only. */
const noManifestProof: Practice = {
  name: "noManifestProof",
  directory: (inner) =>
    wrappedDirectory(inner, (name) => {
      if (!isManifest(name)) return undefined;
      let isSame = false;
      return {
        write(file, buffer, position) {
          const before = new Uint8Array(buffer.length);
          isSame = file.read(before, position) === buffer.length &&
            before.every((byte, index) => byte === buffer[index]);
          return isSame ? buffer.length : file.write(buffer, position);
        },
        flush(file) {
          if (!isSame) file.flush();
        },
      };
    }),
};

/** Lists a new segment without having made room for a longer manifest. */
const noManifestRoom: Practice = {
  name: "noManifestRoom",
  directory: (inner) =>
    wrappedDirectory(inner, (name) =>
      isManifest(name)
        ? {
          write: (file, buffer, position) =>
            position.at === 0 ? file.write(buffer, position) : buffer.length,
        }
        : undefined),
};

/** Believes headers without their checksum. */
const noHeaderCrc = onSegments("noHeaderCrc", () => ({
  read(file, buffer, position) {
    const count = file.read(buffer, position);
    const view = new DataView(buffer.buffer, buffer.byteOffset, count);
    for (let at = 0; at + 64 <= count; at += 64) {
      if (view.getUint32(at, true) !== 0x52464346) continue;
      view.setUint32(at + 60, crc32(buffer.subarray(at, at + 60)), true);
    }
    return count;
  },
}));

/** Never writes evidence when it falls idle. */
const noMarker: Practice = {
  name: "noMarker",
  log: (inner) => wrappedLog(inner, { mark() {} }),
};

/** Shows what it has recovered without writing down that it has. */
const noRecoveryMarker: Practice = {
  name: "noRecoveryMarker",
  steps: () => ({ ...recoverySteps, prove() {} }),
};

/** Cuts off whatever it cannot read. */
const truncAlways: Practice = {
  name: "truncAlways",
  steps: () => ({ ...recoverySteps, judge() {} }),
};

/** Believes nothing that stands behind a frame which it cannot read. */
const noLaterHeaders: Practice = {
  name: "noLaterHeaders",
  steps: () => ({
    ...recoverySteps,
    judge(survey) {
      if (survey.flaw === undefined || survey.isEvidenceLost) recoverySteps.judge(survey);
    },
  }),
};

/** Goes on behind a torn frame without cutting it off. */
const noTailTrunc: Practice = {
  name: "noTailTrunc",
  steps: () => ({
    ...recoverySteps,
    survey(file, entry) {
      const survey = recoverySteps.survey(file, entry);
      return { ...survey, endOffset: Math.ceil(survey.size / 64) * 64 };
    },
  }),
};

/** Serves frames of the page cache without writing them again. */
const noRedirty: Practice = {
  name: "noRedirty",
  steps: () => ({
    ...recoverySteps,
    repair: (file, survey) =>
      recoverySteps.repair(file, { ...survey, unprovedOffset: survey.endOffset }),
  }),
};

/** Writes evidence for frames that it has written again and not yet synced. */
const noTailFsync: Practice = {
  name: "noTailFsync",
  steps: () => ({
    ...recoverySteps,
    repair: (file, survey) => recoverySteps.repair(wrappedFile(file, { flush() {} }), survey),
  }),
};

/** Takes a bad frame for a torn one if a sector of it is all zeros, and refuses otherwise. */
const tornHeuristic: Practice = {
  name: "tornHeuristic",
  steps() {
    let tail = new Uint8Array(0);
    return {
      ...recoverySteps,
      survey(file, entry) {
        const survey = recoverySteps.survey(file, entry);
        tail = new Uint8Array(survey.size - survey.endOffset);
        file.read(tail, { at: survey.endOffset });
        return survey;
      },
      judge({ file, endOffset: offset, flaw }: TailSurvey) {
        if (flaw === undefined || looksTorn(tail, offset)) return;
        throw new FlowError("corrupt", flaw, { details: { file, offset } });
      },
    };
  },
};

/** Whether the bytes from `offset` on are shorter than their header says or have a zero sector. */
function looksTorn(bytes: Uint8Array, offset: number): boolean {
  if (bytes.length < 64) return true;
  const length = new DataView(bytes.buffer).getUint32(4, true);
  if (64 + length > bytes.length) return true;
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + 512 - ((offset + start) % 512));
    if (bytes.subarray(start, end).every((byte) => byte === 0)) return true;
    start = end;
  }
  return false;
}

/** Every mutant. */
export const logMutants: readonly Practice[] = [
  ackEarly,
  noSync,
  swallowSyncError,
  retrySync,
  ignoreShort,
  noTailTrunc,
  rollUnsynced,
  headUnsynced,
  noDirFsync,
  listAfterWrite,
  noManifestProof,
  noManifestRoom,
  noHeaderCrc,
  noMarker,
  noRecoveryMarker,
  truncAlways,
  noLaterHeaders,
  noRedirty,
  noTailFsync,
  tornHeuristic,
];
