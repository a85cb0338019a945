import type { Clock } from '@batonmq/host';
import type { Peer } from '@batonmq/remoting';
import type { ConsumerData, HeartbeatData, Subscription } from './heartbeat';

export interface ClientConnection {
  readonly clientId: string;
  readonly peer: Peer;
  readonly language: string;
  readonly version: number;
  lastSeenMs: number;
}

export interface ConsumerGroupState {
  readonly group: string;
  readonly consumeType: string;
  readonly messageModel: string;
  readonly consumeFromWhere: string;
  readonly connections: Map<number, ClientConnection>;
  readonly subscriptions: Map<string, Subscription>;
}

/** A connection without a heartbeat for so long is forgotten (channelExpiredTimeout). */
const CONNECTION_LIVES_MS = 120_000;

/** Who produces and consumes here, by connection. @source ConsumerManager, ProducerManager */
export class ClientRegistry {
  private readonly consumers = new Map<string, ConsumerGroupState>();
  private readonly producers = new Map<string, Map<number, ClientConnection>>();

  constructor(
    private readonly clock: Clock,
    /** Members of a group came, went, or changed their topics. */
    private readonly onGroupChanged: (group: ConsumerGroupState) => void,
  ) {}

  heartbeat(
    data: HeartbeatData,
    peer: Peer,
    language: string,
    version: number,
    accepts: (consumer: ConsumerData) => boolean,
  ): void {
    const seen = (): ClientConnection => ({
      clientId: data.clientId,
      peer,
      language,
      version,
      lastSeenMs: this.clock.monotonicMs(),
    });
    for (const group of data.producerGroups) {
      let members = this.producers.get(group);
      if (members === undefined) this.producers.set(group, (members = new Map()));
      members.set(peer.id, seen());
    }
    for (const consumer of data.consumers) if (accepts(consumer)) this.register(consumer, seen());
  }

  consumerGroup(group: string): ConsumerGroupState | undefined {
    return this.consumers.get(group);
  }

  consumerGroups(): IterableIterator<ConsumerGroupState> {
    return this.consumers.values();
  }

  producerGroup(group: string): ReadonlyMap<number, ClientConnection> | undefined {
    return this.producers.get(group);
  }

  producerGroups(): IterableIterator<[string, ReadonlyMap<number, ClientConnection>]> {
    return this.producers.entries();
  }

  unregister(peer: Peer, producerGroup: string | undefined, consumerGroup: string | undefined): void {
    if (producerGroup !== undefined) this.removeProducer(producerGroup, peer.id);
    if (consumerGroup !== undefined) this.removeConsumer(consumerGroup, peer.id);
  }

  connectionClosed(peer: Peer): void {
    for (const group of [...this.producers.keys()]) this.removeProducer(group, peer.id);
    for (const group of [...this.consumers.keys()]) this.removeConsumer(group, peer.id);
  }

  /** Forgets and closes connections that no longer send heartbeats. */
  expire(): void {
    const limit = this.clock.monotonicMs() - CONNECTION_LIVES_MS;
    const groups = [...this.producers.values(), ...[...this.consumers.values()].map((state) => state.connections)];
    for (const members of groups) {
      for (const member of [...members.values()]) if (member.lastSeenMs < limit) member.peer.close();
    }
  }

  private register(data: ConsumerData, connection: ClientConnection): void {
    let state = this.consumers.get(data.groupName);
    if (state === undefined) {
      const { groupName: group, consumeType, messageModel, consumeFromWhere } = data;
      state = { group, consumeType, messageModel, consumeFromWhere, connections: new Map(), subscriptions: new Map() };
      this.consumers.set(group, state);
    }
    let changed = !state.connections.has(connection.peer.id);
    state.connections.set(connection.peer.id, connection);
    changed = updateSubscriptions(state.subscriptions, data.subscriptions) || changed;
    if (changed) this.onGroupChanged(state);
  }

  private removeProducer(group: string, peerId: number): void {
    const members = this.producers.get(group);
    if (members?.delete(peerId) === true && members.size === 0) this.producers.delete(group);
  }

  private removeConsumer(group: string, peerId: number): void {
    const state = this.consumers.get(group);
    if (state?.connections.delete(peerId) !== true) return;
    if (state.connections.size === 0) this.consumers.delete(group);
    this.onGroupChanged(state);
  }
}

/** @returns whether topics came or went; a mere newer expression does not count */
function updateSubscriptions(known: Map<string, Subscription>, told: readonly Subscription[]): boolean {
  let changed = false;
  for (const subscription of told) {
    const old = known.get(subscription.topic);
    if (old === undefined) changed = true;
    if (old === undefined || subscription.subVersion > old.subVersion) known.set(subscription.topic, subscription);
  }
  const wanted = new Set(told.map((subscription) => subscription.topic));
  for (const topic of [...known.keys()]) if (!wanted.has(topic)) changed = known.delete(topic) || changed;
  return changed;
}
