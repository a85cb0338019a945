import { parseAddress, type HostAndPort } from '@batonmq/host';
import { RaftError } from '../errors';
import type { Message } from '../core/message';
import type { NodeId } from '../core/types';

/** A member of the group and where it listens, as `host:port`. */
export interface Peer {
  readonly id: NodeId;
  readonly address: string;
}

/** Who this node is. Peers of another group, or that are not in `peers`, are refused. */
export interface TransportIdentity {
  readonly group: string;
  readonly id: NodeId;
  /** All members, this one included. */
  readonly peers: readonly Peer[];
  /** As given to `setPeers`; 0 before. */
  readonly peersIndex?: number;
  readonly settledIndex?: number;
}

export interface TransportReceiver {
  message(from: NodeId, message: Message): void;
  /** Messages to `peer` were dropped. */
  unreachable(peer: NodeId): void;
}

/**
 * Carries messages between members, at best: they may be lost, and arrive late or out of order; they are not altered,
 * and come from whom they say. Never blocks: what cannot be sent within bounds is dropped.
 */
export interface RaftTransport {
  start(identity: TransportIdentity, receiver: TransportReceiver): Promise<void>;
  send(to: NodeId, message: Message): void;
  /**
   * The members changed: who is new can be reached and is admitted, who is gone is let go. This node is always among them.
   * A stranger whose hello says that its peers are from a configuration above `settledIndex` is admitted, too, and
   * answered at the address it gives: this node may have been away while it was added.
   * @param index of the newest configuration in the log, for the hello
   * @param settledIndex of the newest one that is committed
   */
  setPeers?(peers: readonly Peer[], index: number, settledIndex: number): void;
  stop(): Promise<void>;
}

/** @throws RaftError CONFIG */
export function addressOf(peer: Peer): HostAndPort {
  const address = parseAddress(peer.address);
  if (address === undefined) {
    throw new RaftError('CONFIG', `the address of raft peer ${peer.id} is '${peer.address}'`, {
      hint: 'expected host:port',
    });
  }
  return address;
}

/** @throws RaftError CONFIG */
export function selfOf(identity: TransportIdentity): Peer {
  const self = identity.peers.find((peer) => peer.id === identity.id);
  if (self === undefined)
    throw new RaftError('CONFIG', `node ${identity.id} is not among the peers of ${identity.group}`);
  return self;
}
