export { Controller } from './controller';
export { ControllerError, type ControllerErrorCode } from './controller-error';
export { ControllerStateMachine, decodeOutcome } from './core/state-machine';
export { encodeCommand, decodeCommand } from './core/command';
export { electMaster, outranks } from './core/election-policy';
export { LivenessTable } from './core/liveness-table';
export { ControllerCounters, LATENCY_BUCKETS_US } from './shell/counters';

export type { ControllerOptions, ControllerStatus } from './controller';
export type { Consensus, ConsensusStatus, ReplicatedState } from './consensus';
export type { ControllerSettings } from './shell/controller-configuration';
export type { ElectionResult, LatencyHistogram, RequestStatus } from './shell/counters';
export type { BrokerSet, BrokerSets, Member } from './core/broker-set';
export type { Event } from './core/event';
export type { EventListener } from './core/state-machine';
export type { Decision, Outcome } from './core/decision';
export type { Ballot, Choice } from './core/election-policy';
export type { LiveBroker, LiveView } from './core/live-view';
export type { BrokerKey, Heartbeat } from './core/liveness-table';
export type {
  AlterSyncStateSetCommand,
  ApplyBrokerIdCommand,
  CleanBrokerDataCommand,
  Command,
  ElectMasterCommand,
  RegisterBrokerCommand,
} from './core/command';
