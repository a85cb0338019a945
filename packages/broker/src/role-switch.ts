import type { RoleListener } from '@batonmq/broker-ha';
import { isLightTopic, type MessageStore } from '@batonmq/broker-store';
import type { Host } from '@batonmq/host';
import type { DelayService } from './delay/delay-service';
import type { SubscriptionGroups } from './groups/subscription-groups';
import type { MetadataFeed } from './metadata/metadata-feed';
import type { MetadataFollower } from './metadata/metadata-follower';
import type { ConsumerOffsets } from './offsets/consumer-offsets';
import type { ParkedPulls } from './pull/parked-pulls';
import type { NameServerRegistration } from './registration/name-server-registration';
import type { BrokerRole } from './role';
import type { TimerService } from './timer/timer-service';
import type { TransactionService } from './transaction/transaction-service';
import { PERM_READ, PERM_WRITE, topicConfig } from './topics/topic-config';
import type { TopicTable } from './topics/topic-table';

export interface RoleSwitchParts {
  readonly host: Pick<Host, 'log'>;
  readonly store: MessageStore;
  readonly role: BrokerRole;
  readonly topics: TopicTable;
  readonly groups: SubscriptionGroups;
  readonly offsets: ConsumerOffsets;
  readonly registration: NameServerRegistration;
  readonly feed: MetadataFeed;
  readonly follower: MetadataFollower;
  readonly delayService: DelayService;
  readonly timer: TimerService | undefined;
  readonly transactions: TransactionService;
  readonly parkedPulls: ParkedPulls;
}

/** What a change of role means for everything that is not replication (broker.md 21.3). */
export class RoleSwitch implements RoleListener {
  constructor(
    private readonly parts: RoleSwitchParts,
    /** The id the controller gave this broker. */
    private readonly ownId: () => number,
  ) {}

  async becomeMaster(epoch: number): Promise<void> {
    const { role, store, follower, topics, groups, offsets, delayService, registration, feed, host } = this.parts;
    follower.stop();
    // A consumer must not find less than it was shown before: the queues know everything that is confirmed first.
    await store.whenDispatched(store.log.confirmOffset());
    role.current = 'master';
    role.brokerId = 0;
    role.epoch = epoch;
    role.masterAddress = '';
    this.adoptTopicsOfTheLog();
    offsets.clampTo((topic, queueId) => store.maxOffsetInQueue(topic, queueId));
    for (const table of [topics, groups, offsets]) table.enterEpoch(epoch);
    store.fence(false);
    delayService.start();
    this.parts.timer?.lead(epoch);
    this.parts.transactions.lead();
    registration.activate();
    feed.changed();
    host.log.info({ epoch }, 'this broker is master');
  }

  async becomeSlave(masterId: number, masterAddress: string, epoch: number): Promise<void> {
    const { role, store, follower, delayService, registration, parkedPulls, feed, host } = this.parts;
    store.fence(true);
    delayService.stop();
    this.parts.timer?.follow();
    this.parts.transactions.follow();
    const knowsMaster = masterAddress !== '';
    role.current = knowsMaster ? 'slave' : 'none';
    role.brokerId = this.ownId();
    role.epoch = epoch;
    role.masterAddress = masterAddress;
    parkedPulls.wakeAll();
    feed.settle();
    if (knowsMaster) follower.follow(masterAddress, this.ownId());
    else follower.stop();
    registration.activate();
    host.log.info(
      { epoch, masterId, masterAddress },
      knowsMaster ? 'this broker is slave' : 'this broker waits for a master',
    );
  }

  syncStateSetChanged(): void {
    this.parts.feed.settle();
  }

  stop(): void {
    this.parts.follower.stop();
    this.parts.delayService.stop();
    this.parts.transactions.follow();
  }

  /**
   * A topic made on the former master shortly before it died may be missing here while its messages are not: what the
   * log proves to exist is served (known loss `topic-after-switch`).
   */
  private adoptTopicsOfTheLog(): void {
    const queuesOf = new Map<string, number>();
    for (const { topic, queueId } of this.parts.store.queues) {
      if (this.parts.topics.get(topic) === undefined && !isLightTopic(topic))
        queuesOf.set(topic, Math.max(queuesOf.get(topic) ?? 0, queueId + 1));
    }
    const missing = [...queuesOf].map(([topic, queues]) => {
      const config = topicConfig(topic, queues, PERM_READ | PERM_WRITE);
      return this.parts.store.hasBatchQueues(topic) ? { ...config, attributes: { 'queue.type': 'BatchCQ' } } : config;
    });
    if (missing.length > 0) this.parts.topics.put(...missing);
  }
}
