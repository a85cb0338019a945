export { ReplicationService, type ReplicationState } from './replication-service';
export type { HaOptions, RoleListener } from './options';
export type { ReplicaLog } from './replica-log';
export { HaError, type HaErrorCode } from './errors';
export type { Acceptance } from './role/mastership';
export type { ReplicatedCallback, ReplicationOutcome } from './core/replication-waiters';

export { EpochFile } from './epochs/epoch-file';
export { decodeEpochs, encodeEpochs } from './epochs/epoch-file-format';
export { epochAt, type EpochEntry } from './epochs/epoch-entry';
export { findConsistency, findConsistentPoint, type Consistency } from './epochs/consistent-point';

export {
  SyncStateSet,
  type MastershipStart,
  type Proposal,
  type ProposalOutcome,
  type SyncStateSetOptions,
} from './core/sync-state-set';
export { ackedOffset, type AckRule } from './core/ack-rule';
export { decideRole, type ControllerWord, type OwnRole, type Role, type RoleDecision } from './core/role-machine';
export { IdentityFile, type Identity, type TemporaryIdentity } from './controller/identity-file';
