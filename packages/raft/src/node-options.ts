import type { Host } from '@batonmq/host';
import type { CoreOptions, RaftState } from './core/state';
import type { RaftStorage } from './storage/storage';
import type { StateMachine } from './state-machine';
import type { Peer, RaftTransport } from './transport/transport';
import { RaftError } from './errors';

export interface RaftNodeOptions {
  readonly host: Pick<Host, 'clock' | 'timers' | 'random' | 'log'>;
  readonly id: string;
  /** Name of the group; members refuse peers of another one. */
  readonly group: string;
  /** All members, this one included; the same list on each. */
  readonly peers: readonly Peer[];
  readonly storage: RaftStorage;
  readonly transport: RaftTransport;
  readonly machine: StateMachine;
  /** 1000. Longer than any pause of the event loop plus a round trip. */
  readonly electionTimeoutMs?: number;
  /** 150 */
  readonly heartbeatMs?: number;
  /** 10,000: a snapshot after this many entries applied since the last. 0: never. */
  readonly snapshotEveryEntries?: number;
  /** 20,000 proposals may wait for their outcome; more are DROPPED. */
  readonly maxPending?: number;
  /** 10,000: how long `propose`, `readIndex` and `transferLeadership` wait unless told otherwise. */
  readonly timeoutMs?: number;
}

/** Largest proposal: entries travel whole, in frames of up to 16 MiB. */
export const MAX_PROPOSAL_BYTES = 8 << 20;

/** @throws RaftError CONFIG */
export function coreOptionsOf(options: RaftNodeOptions): CoreOptions {
  const voters = options.peers.map((peer) => peer.id);
  if (!voters.includes(options.id)) {
    throw new RaftError('CONFIG', `node ${options.id} is not among the peers (${voters.join(', ')})`);
  }
  if (new Set(voters).size !== voters.length) throw new RaftError('CONFIG', `peers named twice: ${voters.join(', ')}`);
  const electionTimeoutMs = options.electionTimeoutMs ?? 1000;
  const heartbeatMs = options.heartbeatMs ?? Math.min(150, electionTimeoutMs / 4);
  if (!(heartbeatMs > 0) || heartbeatMs * 2 > electionTimeoutMs) {
    throw new RaftError(
      'CONFIG',
      `heartbeatMs ${heartbeatMs} must be at most half of electionTimeoutMs ${electionTimeoutMs}`,
    );
  }
  return {
    id: options.id,
    voters,
    electionTimeoutMs,
    heartbeatMs,
    maxAppendBytes: 1 << 20,
    maxInFlight: 64,
    snapshotChunkBytes: 1 << 20,
    keepEntries: Math.floor((options.snapshotEveryEntries ?? 10_000) / 2),
  };
}

export interface RaftStatus {
  readonly role: RaftState['role'] | 'stopped';
  readonly term: number;
  readonly leaderId: string | undefined;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly snapshotIndex: number;
  /** It leads and has committed an entry of its own term: the machine has all that earlier leaders committed. */
  readonly ready: boolean;
  /** Of a leader: how far each follower is known to have the log, and what it lacks. */
  readonly followers: readonly { readonly id: string; readonly matchIndex: number; readonly lag: number }[];
}

export function statusOf(state: RaftState, ready: boolean, stopped: boolean): RaftStatus {
  const { lastIndex } = state.log;
  const followers = stopped ? [] : [...state.progress];
  return {
    role: stopped ? 'stopped' : state.role,
    term: state.term,
    leaderId: stopped ? undefined : state.leaderId,
    commitIndex: state.commitIndex,
    appliedIndex: state.appliedIndex,
    lastIndex,
    snapshotIndex: state.snapshot?.index ?? 0,
    ready: ready && !stopped,
    followers: followers.map(([id, { matchIndex }]) => ({ id, matchIndex, lag: lastIndex - matchIndex })),
  };
}
