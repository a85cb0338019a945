export { RaftNode } from './node';
export { RaftError, type RaftErrorCode } from './errors';
export { LevelStorage } from './storage/level';
export { MemoryDisk, MemoryStorage, type MemoryStorageOptions } from './storage/memory';
export { FramedTransport, type FramedTransportOptions } from './transport/framed';
export { RSocketTransport, type RSocketTransportOptions } from './transport/rsocket';
export { forceNewCluster, type ForcedCluster } from './operate/force-new-cluster';
export { restoreSnapshot } from './operate/restore-snapshot';
export { readSnapshotFile, writeSnapshotFile, type GroupImage } from './operate/snapshot-file';
export { looksLikeRSocket } from './transport/looks-like-rsocket';

export type { FollowerStatus, RaftNodeOptions, RaftStatus } from './node-options';
export type { MembershipChange } from './core/configuration';
export type { ChangeRefusal } from './core/effect';
export type { StateMachine } from './state-machine';
export type { RaftStorage } from './storage/storage';
export type { Peer, RaftTransport, TransportIdentity, TransportReceiver } from './transport/transport';
export type {
  Configuration,
  Entry,
  EntryKind,
  HardState,
  LogPoint,
  Member,
  NodeId,
  Recovered,
  Snapshot,
  WriteBatch,
} from './core/types';
export type { Message } from './core/message';
