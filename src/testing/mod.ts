/**
 * What code that uses flowcask is tested with: the real store in memory, time that is moved by hand,
 * handlers that run until nothing is due, a store that only pretends, a disk that loses what a disk
 * may lose, programs that crash at every call of it; and for those who make a store of their own, the
 * cases that every store has to pass.
 *
 * @module
 */
export type {
  ConformanceCapability,
  ConformanceCase,
  ConformanceContext,
  ConformanceSettings,
  ConformanceStore,
  ConformanceSubject,
  ConformanceTime,
} from "./conformance/case.ts";
export { conformance, conformanceCases, type ConformanceOptions } from "./conformance/suite.ts";
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
export { type MemoryStore, memoryStore, type MemoryStoreOptions } from "./memory_store.ts";
export {
  type JobRun,
  type ResultOf,
  runUntilIdle,
  type RunUntilIdleOptions,
} from "./run_until_idle.ts";
export type { Scenario, ScenarioContext, ScenarioFactory } from "./simulation/scenario.ts";
export type { SimulatedProcess } from "./simulation/simulated_process.ts";
export { simulate, type SimulateOptions, type SimulationReport } from "./simulation/simulate.ts";
export { type FailedRun, SimulationFailure } from "./simulation/simulation_failure.ts";
export { simulatedDisk, type SimulatedDiskSettings } from "./simulated_disk.ts";
export type {
  Chance,
  CutOptions,
  Damage,
  DamageTarget,
  Ending,
  Fault,
  FileCall,
  Keep,
  PowerCutOptions,
  SimulatedDisk,
  SimulatedDiskOptions,
} from "../files/mod.ts";
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
