/**
 * What code that uses flowcask is tested with: a store that only pretends, and time that is moved by
 * hand.
 *
 * @module
 */
export {
  type Command,
  type FakeAnswer,
  type FakeAnswers,
  type FakeCall,
  type FakeStore,
  fakeStore,
  type FakeStoreOptions,
} from "./fake_store.ts";
export { fakeRecord, type FakeRecordMembers } from "./fake_record.ts";
export {
  type Alarm,
  type AlarmOptions,
  type Clock,
  type ManualTime,
  manualTime,
  type ManualTimeOptions,
  type Random,
  type Time,
} from "../time/mod.ts";
