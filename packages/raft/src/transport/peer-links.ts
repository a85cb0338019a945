import { parseAddress, type Host } from '@batonmq/host';
import type { NodeId } from '../core/types';
import { PeerLink, type Channel } from './peer-link';
import type { Peer } from './transport';

interface Entry {
  readonly address: string;
  readonly link: PeerLink;
  /** Of a stranger that was admitted: the index it gave in its hello. */
  readonly admittedAt: number | undefined;
}

/** The links to all peers. Who they are changes at run time. */
export class PeerLinks {
  private readonly links = new Map<NodeId, Entry>();

  constructor(
    private readonly host: Pick<Host, 'timers' | 'random' | 'log'>,
    private readonly connect: (peer: Peer, link: PeerLink) => Promise<Channel>,
    private readonly dropped: (peer: NodeId) => void,
  ) {}

  get(id: NodeId): PeerLink | undefined {
    return this.links.get(id)?.link;
  }

  /** Opens links to who is new or has moved, ends those to who is gone. Strangers stay who know of later members. */
  set(peers: readonly Peer[], settledIndex: number): void {
    const known = new Map(peers.map(({ id, address }) => [id, address]));
    for (const [id, { address, admittedAt, link }] of [...this.links]) {
      if (known.get(id) === address || (!known.has(id) && (admittedAt ?? 0) > settledIndex)) continue;
      link.stop();
      this.links.delete(id);
    }
    for (const peer of peers) if (!this.links.has(peer.id)) this.open(peer, undefined);
  }

  /** A stranger that knows of later members than this node: to be answered. */
  admit(peer: Peer, index: number): void {
    if (!this.links.has(peer.id)) this.open(peer, index);
  }

  private open(peer: Peer, admittedAt: number | undefined): void {
    const { id, address } = peer;
    if (parseAddress(address) === undefined) {
      return this.host.log.error({ peer: id, address }, 'a raft peer has no address that can be reached');
    }
    const connect = (link: PeerLink): Promise<Channel> => this.connect(peer, link);
    const link = new PeerLink(this.host, { peer: id, connect, onDropped: () => this.dropped(id) });
    this.links.set(id, { address, link, admittedAt });
  }

  stop(): void {
    for (const { link } of this.links.values()) link.stop();
    this.links.clear();
  }
}
