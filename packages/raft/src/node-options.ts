import type { Host } from '@batonmq/host';
import { foundedBy, isVoter } from './core/configuration';
import type { CoreOptions, RaftState } from './core/state';
import type { Configuration } from './core/types';
import type { RaftStorage } from './storage/storage';
import type { StateMachine } from './state-machine';
import type { Peer, RaftTransport } from './transport/transport';
import { RaftError } from './errors';

export interface RaftNodeOptions {
  readonly host: Pick<Host, 'clock' | 'timers' | 'random' | 'log'>;
  readonly id: string;
  /** Name of the group; members refuse peers of another one. */
  readonly group: string;
  /**
   * The voters the group is founded with, this node included; the same list on each. Once the members were changed, the
   * log says who they are, and this is only read for this node's own address.
   */
  readonly peers: readonly Peer[];
  /** This node is no founder: it waits until the leader of the running group, which `peers` names, adds it. */
  readonly join?: boolean;
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
  /** 1000: a learner may be promoted when it lacks at most so many committed entries. */
  readonly maxPromotionLag?: number;
  /** 0.1: by what share a clock of the group may at most run fast or slow; for `leaseRead`. The same on each member. */
  readonly maxClockDrift?: number;
  /** 10,000: a leader whose disk takes longer for one write hands leadership over. */
  readonly diskTimeoutMs?: number;
  /** 10,000: how long `propose`, `readIndex` and `transferLeadership` wait unless told otherwise. */
  readonly timeoutMs?: number;
}

/** Largest proposal: entries travel whole, in frames of up to 16 MiB. */
export const MAX_PROPOSAL_BYTES = 8 << 20;

/** @throws RaftError CONFIG */
export function coreOptionsOf(options: RaftNodeOptions): CoreOptions {
  const ids = options.peers.map((peer) => peer.id);
  if (!ids.includes(options.id)) {
    throw new RaftError('CONFIG', `node ${options.id} is not among the peers (${ids.join(', ')})`);
  }
  if (new Set(ids).size !== ids.length) throw new RaftError('CONFIG', `peers named twice: ${ids.join(', ')}`);
  const maxClockDrift = options.maxClockDrift ?? 0.1;
  if (!(maxClockDrift >= 0 && maxClockDrift < 1)) {
    throw new RaftError('CONFIG', `maxClockDrift ${maxClockDrift} must be a share, from 0 to below 1`);
  }
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
    founders: options.join === true ? options.peers.filter(({ id }) => id !== options.id) : options.peers,
    electionTimeoutMs,
    heartbeatMs,
    maxAppendBytes: 1 << 20,
    maxInFlight: 64,
    snapshotChunkBytes: 1 << 20,
    keepEntries: Math.floor((options.snapshotEveryEntries ?? 10_000) / 2),
    maxPromotionLag: options.maxPromotionLag ?? 1000,
    maxClockDrift,
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
  /** It leads, and nobody led this group before it. */
  readonly isFounding: boolean;
  /** Of a leader: how far each other member is known to have the log, and what it lacks. */
  readonly followers: readonly FollowerStatus[];
  /** The members, by the newest configuration in this node's log. Before start: none. */
  readonly configuration: Configuration;
}

export interface FollowerStatus {
  readonly id: string;
  readonly matchIndex: number;
  readonly lag: number;
  readonly learner: boolean;
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
    isFounding: !stopped && state.role === 'leader' && state.termStartIndex === 1,
    followers: followers.map(([id, { matchIndex }]) => {
      return { id, matchIndex, lag: lastIndex - matchIndex, learner: !isVoter(state.configuration, id) };
    }),
    configuration: state.configuration,
  };
}

/** Before it was started. */
export function noStatus(stopped: boolean): RaftStatus {
  return {
    role: stopped ? 'stopped' : 'follower',
    term: 0,
    leaderId: undefined,
    commitIndex: 0,
    appliedIndex: 0,
    lastIndex: 0,
    snapshotIndex: 0,
    ready: false,
    isFounding: false,
    followers: [],
    configuration: foundedBy([]),
  };
}
