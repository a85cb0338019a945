import { ReplicationService } from '@batonmq/broker-ha';
import { MessageStore, TimerStore, parseDelayLevels, wheelShape } from '@batonmq/broker-store';
import { brokerAddresses, storePaths, type BrokerConfig, type RemotingServerConfig } from '@batonmq/config';
import { textOf, type Cancel, type Host, type Lifecycle } from '@batonmq/host';
import {
  RemotingClient,
  RemotingServer,
  RequestCode,
  RequestRouter,
  ResponseCode,
  type Response,
} from '@batonmq/remoting';
import { routeConfigRequests } from './admin/config-requests';
import { routeQueryRequests } from './admin/query-requests';
import { routeReplicationRequests } from './admin/replication-requests';
import { routeRuntimeInfo } from './admin/runtime-info';
import { routeStatsRequests } from './admin/stats-requests';
import { ClientRegistry, type ConsumerGroupState } from './clients/client-registry';
import { routeClientRequests } from './clients/client-requests';
import { DelayOffsets } from './delay/delay-offsets';
import { routeDelayRequests } from './delay/delay-requests';
import { DelayService } from './delay/delay-service';
import { haOptions, storeOptions } from './engine-options';
import { BrokerError } from './errors';
import { routeGroupRequests } from './groups/group-requests';
import { SubscriptionGroups } from './groups/subscription-groups';
import { QueueLocks } from './locks/queue-locks';
import { JsonFile } from './metadata/json-file';
import { MetadataFeed } from './metadata/metadata-feed';
import { MetadataFollower } from './metadata/metadata-follower';
import { ConsumerOffsets } from './offsets/consumer-offsets';
import { routeOffsetRequests } from './offsets/offset-requests';
import { PullProcessor } from './pull/pull-processor';
import { NameServerRegistration } from './registration/name-server-registration';
import { InSyncPeers } from './repair/in-sync-peers';
import { ReplicaRepair } from './repair/replica-repair';
import { BrokerRole } from './role';
import { RoleSwitch } from './role-switch';
import { Confirmation, type ConfirmationPorts } from './send/confirmation';
import { Stamp } from './send/message-builder';
import { SendBack } from './send/send-back';
import { Scheduling } from './send/scheduling';
import { SendProcessor } from './send/send-processor';
import { UniqueKeys } from './send/unique-keys';
import { Recall } from './timer/recall';
import { TimerMetrics } from './timer/timer-metrics';
import { routeTimerRequests } from './timer/timer-requests';
import { TimerService } from './timer/timer-service';
import { EndTransaction } from './transaction/end-transaction';
import { TransactionCheck } from './transaction/transaction-check';
import { TransactionService } from './transaction/transaction-service';
import { builtInTopics } from './topics/built-in-topics';
import { routeTopicRequests } from './topics/topic-requests';
import { hasBatchQueues } from './topics/topic-config';
import { TopicTable } from './topics/topic-table';

const SAVE_OFFSETS_MS = 5000;
const EXPIRE_CLIENTS_MS = 10_000;
const CLOSE_TO_CLIENTS = [RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE];

/** RocketMQ's flat configuration, as far as a broker reads it. */
export type BrokerSettings = BrokerConfig &
  Pick<RemotingServerConfig, 'bindAddress' | 'serverChannelMaxIdleTimeSeconds'>;

/**
 * A broker: the store behind RocketMQ's requests. In controller mode its role comes from the controller through the
 * ReplicationService; otherwise it is a master without replicas.
 */
export class Broker implements Lifecycle {
  readonly store: MessageStore;
  readonly role = new BrokerRole();
  /** Undefined outside controller mode. */
  readonly replication: ReplicationService | undefined;
  private readonly client: RemotingClient;
  private readonly router = new RequestRouter();
  private readonly servers: readonly RemotingServer[];
  private readonly topics: TopicTable;
  private readonly groups: SubscriptionGroups;
  private readonly offsets: ConsumerOffsets;
  private readonly delayOffsets: DelayOffsets;
  private readonly delayService: DelayService;
  private readonly transactions: TransactionService;
  private readonly transactionCheck: TransactionCheck;
  /** Undefined with timerWheelEnable=false. */
  private readonly timer: TimerService | undefined;
  private readonly clients: ClientRegistry;
  private readonly feed: MetadataFeed;
  private readonly registration: NameServerRegistration;
  private readonly pulls: PullProcessor;
  private readonly roleSwitch: RoleSwitch;
  private readonly delayLevels: readonly number[];
  /** Undefined without replicas. */
  private readonly repair: ReplicaRepair | undefined;
  private rates: { start(): Cancel } | undefined;
  private cancels: Cancel[] = [];

  /** @throws BrokerError BAD_CONFIG, StoreError BAD_OPTION */
  constructor(
    private readonly host: Host,
    private readonly config: BrokerSettings,
  ) {
    const levels = parseDelayLevels(config.messageDelayLevel);
    if (!config.enableControllerMode && config.brokerRole === 'SLAVE') {
      throw new BrokerError('BAD_CONFIG', 'brokerRole=SLAVE needs enableControllerMode=true', {
        hint: 'or leave brokerRole out for a single master',
      });
    }
    this.delayLevels = levels;
    this.client = new RemotingClient(host);
    this.store = new MessageStore(host, {
      ...storeOptions(config),
      isBatchTopic: (topic) => hasBatchQueues(this.topics.get(topic)),
    });
    const file = (name: string): JsonFile => new JsonFile(host, `${storePaths(config).config}/${name}`);
    this.topics = new TopicTable(host.clock, file('topics.json'), () => this.metadataChanged(true), config.enableLmq);
    this.groups = new SubscriptionGroups(
      host.clock,
      file('subscriptionGroup.json'),
      config.autoCreateSubscriptionGroup,
      () => this.metadataChanged(false),
      config.enableLmq,
    );
    this.offsets = config.enableLmq
      ? new ConsumerOffsets(host.clock, file('lmqConsumerOffset.json'), file('consumerOffset.json'))
      : new ConsumerOffsets(host.clock, file('consumerOffset.json'));
    this.delayOffsets = new DelayOffsets(host, file('delayOffset.json'));
    this.clients = new ClientRegistry(host.clock, (group) => this.notifyGroup(group));
    const addresses = brokerAddresses(config);
    this.registration = new NameServerRegistration(
      host,
      this.client,
      {
        ...config,
        namesrvAddr: config.namesrvAddr ?? '',
        brokerAddr: addresses.address,
        haServerAddr: addresses.haAddress,
      },
      this.role,
      this.topics,
      (haAddress) => this.replication?.setHaAddress(haAddress),
    );
    this.feed = new MetadataFeed(
      host,
      host.random,
      () => this.replication?.state().syncStateSet ?? [],
      () => this.replication?.state().brokerControllerId ?? 0,
    );
    this.store.onCut((offset) => this.delayOffsets.cutTo(offset));
    const confirmation = new Confirmation(this.confirmationPorts());
    this.delayService = new DelayService(host, this.store, confirmation, levels, this.delayOffsets);
    this.transactions = new TransactionService({ ...this.tables(), host, store: this.store });
    this.transactionCheck = new TransactionCheck(
      {
        ...this.tables(),
        host,
        store: this.store,
        clients: this.clients,
        confirmation,
        transactions: this.transactions,
      },
      config,
    );
    this.timer = config.timerWheelEnable ? this.makeTimer(confirmation, file('timermetrics')) : undefined;
    this.pulls = new PullProcessor(
      { ...this.tables(), host, store: this.store, role: this.role, clients: this.clients },
      config,
    );
    const follower = new MetadataFollower(host, this.client, {
      ...this.tables(),
      delayOffsets: {
        // A Java master does not tell: its slaves have what it counts on, most of the time.
        take: (table, logEnd = this.store.log.maxOffset()) => this.delayOffsets.take(table, logEnd),
      },
      timer: this.timer,
    });
    this.roleSwitch = new RoleSwitch(
      {
        ...this.tables(),
        host,
        store: this.store,
        role: this.role,
        registration: this.registration,
        feed: this.feed,
        follower,
        delayService: this.delayService,
        timer: this.timer,
        transactions: this.transactions,
        parkedPulls: this.pulls.parked,
      },
      () => this.replication?.state().brokerControllerId ?? -1,
    );
    if (config.enableControllerMode) {
      this.replication = new ReplicationService(host, haOptions(config), this.store.log, this.client, this.roleSwitch);
      this.repair = this.makeRepair(this.replication);
    }
    this.route(confirmation);
    this.servers = this.makeServers();
  }

  get port(): number {
    return (this.servers[0] as RemotingServer).port;
  }

  async start(): Promise<void> {
    // First: the store asks for the kind of a topic's queues.
    this.topics.load(builtInTopics({ ...this.config, delayLevels: this.delayLevels.length }));
    await this.store.load();
    this.host.files.makeDirs(storePaths(this.config).config);
    this.groups.load();
    this.offsets.load();
    this.delayOffsets.load();
    this.timer?.load([...this.topics.all()].map((topic) => topic.topicName));
    if (this.config.enableControllerMode) this.store.fence(true);
    await this.store.start();
    this.timer?.start();
    this.transactionCheck.start();
    this.repair?.start();
    for (const server of this.servers) await server.start();
    this.pulls.parked.start();
    this.cancels = [
      this.host.timers.every(SAVE_OFFSETS_MS, () => this.saveProgress()),
      this.host.timers.every(EXPIRE_CLIENTS_MS, () => this.clients.expire()),
      ...(this.rates === undefined ? [] : [this.rates.start()]),
    ];
    if (this.replication === undefined) await this.roleSwitch.becomeMaster(0);
    else await this.replication.start();
  }

  async stop(): Promise<void> {
    for (const cancel of this.cancels.splice(0)) cancel();
    await this.registration.stop();
    this.store.fence(true);
    this.roleSwitch.stop();
    this.transactionCheck.stop();
    this.pulls.parked.stop();
    this.feed.stop();
    this.repair?.stop();
    await this.replication?.stop();
    for (const server of this.servers) await server.stop();
    await this.client.stop();
    if (this.topics.size > 0) this.saveProgress();
    await this.timer?.stop();
    await this.store.stop();
    // All that is dispatched is on the disk by now, too.
    if (this.topics.size > 0) this.saveProgress();
  }

  private tables(): { topics: TopicTable; groups: SubscriptionGroups; offsets: ConsumerOffsets } {
    return { topics: this.topics, groups: this.groups, offsets: this.offsets };
  }

  private makeTimer(confirmation: Confirmation, metrics: JsonFile): TimerService {
    const { host, config } = this;
    const files = new TimerStore(host, {
      storePathRootDir: storePaths(config).root,
      mappedFileSizeTimerLog: config.mappedFileSizeTimerLog,
      shape: wheelShape(config.timerPrecisionMs, config.timerRollWindowSlot),
    });
    return new TimerService(host, this.store, files, confirmation, new TimerMetrics(host.clock, metrics), config);
  }

  private makeRepair(replication: ReplicationService): ReplicaRepair {
    const { host, client, store, config, role } = this;
    const others = (): number[] => {
      const { syncStateSet, brokerControllerId } = replication.state();
      return syncStateSet.filter((id) => id !== brokerControllerId);
    };
    const peers = new InSyncPeers(host, client, { ...config, namesrvAddr: config.namesrvAddr ?? '' }, role, others);
    return new ReplicaRepair({ host, client, store, peers: () => peers.addresses() });
  }

  private confirmationPorts(): ConfirmationPorts {
    return {
      canAccept: () => this.replication?.canAccept() ?? 'ok',
      whenDurable: (endOffset, done) => {
        this.store.whenDurable(endOffset).then(
          () => done('ok'),
          () => done('failed'),
        );
      },
      whenReplicated: (endOffset, done) => {
        if (this.replication === undefined) done('ok');
        else this.replication.onReplicated(endOffset, done);
      },
    };
  }

  private makeServers(): RemotingServer[] {
    const { host, config } = this;
    const { listenPort, fastPort } = brokerAddresses(config);
    const options = { host: config.bindAddress, idleMs: config.serverChannelMaxIdleTimeSeconds * 1000 };
    const main = new RemotingServer(host, { ...options, port: listenPort }, this.router);
    const fastRouter = new RequestRouter();
    fastRouter.handleRest((request, peer) => {
      if ((CLOSE_TO_CLIENTS as readonly number[]).includes(request.code)) {
        return { code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark: ` request type ${request.code} not supported` };
      }
      this.router.dispatch(request, peer, (failed, error) => peer.respond(failed, failure(error)));
      return undefined;
    });
    const servers = [main, new RemotingServer(host, { ...options, port: fastPort }, fastRouter)];
    for (const server of servers) server.onPeerClosed((peer) => this.clients.connectionClosed(peer));
    return servers;
  }

  private route(confirmation: Confirmation): void {
    const { host, config, router, store, role, topics, groups, offsets, clients, registration, feed, transactions } =
      this;
    const locks = new QueueLocks(host.clock);
    const stamp = new Stamp(config.regionId, config.traceOn, config.brokerClusterName);
    const uniqueKeys = new UniqueKeys(host.clock, host.random);
    const delayLevels = this.delayLevels.length;
    const rules = { ...config, delayLevels };
    const scheduling = new Scheduling(host.clock, rules, (slotMs) => this.timer?.isCrowded(slotMs) ?? false);
    const sends = new SendProcessor(
      { host, store, role, topics, groups, locks, confirmation, stamp, uniqueKeys, scheduling, transactions },
      config,
    );
    for (const code of [RequestCode.SEND_MESSAGE, RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE])
      router.handle(code, sends.handle);
    router.handle(
      RequestCode.CONSUMER_SEND_MSG_BACK,
      new SendBack({ store, role, topics, groups, confirmation, delayLevels }).handle,
    );
    const end = new EndTransaction({ clock: host.clock, store, role, confirmation, scheduling, transactions });
    router.handle(RequestCode.END_TRANSACTION, end.handle);
    const recall = new Recall({ clock: host.clock, role, topics, send: sends.store }, config);
    router.handle(RequestCode.RECALL_MESSAGE, recall.handle);
    routeTimerRequests(router, this.timer);
    for (const code of CLOSE_TO_CLIENTS) router.handle(code, this.pulls.handle);
    routeClientRequests(router, { clients, groups, topics, locks, role });
    routeOffsetRequests(router, { store, topics, groups, offsets, role });
    routeTopicRequests(router, {
      store,
      topics,
      offsets,
      feed,
      registration,
      role,
      timer: this.timer,
      ownNames: [config.brokerClusterName, config.brokerName],
    });
    routeGroupRequests(router, { groups, offsets, role, feed });
    routeQueryRequests(router, store, config.defaultQueryMaxNum);
    routeStatsRequests(router, { store, topics, offsets, clients, brokerName: config.brokerName });
    this.rates = routeRuntimeInfo(
      router,
      host,
      store,
      storePaths(config).root,
      () => role.current !== 'none',
      this.timer,
    );
    routeConfigRequests(router, config, topics);
    routeDelayRequests(router, store, this.delayOffsets);
    router.handle(RequestCode.GET_ALL_MESSAGE_REQUEST_MODE, () => ({
      code: ResponseCode.SUCCESS,
      body: Buffer.from('{"messageRequestModeMap":{}}'),
    }));
    routeReplicationRequests(router, this.replication);
  }

  private metadataChanged(topicsChanged: boolean): void {
    this.feed.changed();
    if (topicsChanged) this.registration.registerNow();
  }

  private notifyGroup(group: ConsumerGroupState): void {
    if (group.messageModel === 'BROADCASTING') return;
    const request = { code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, header: { consumerGroup: group.group } };
    for (const member of group.connections.values()) member.peer.oneway(request);
  }

  private saveProgress(): void {
    try {
      this.offsets.saveIfChanged();
      this.delayOffsets.saveIfChanged(Math.min(this.store.status().flushedOffset, this.store.dispatchedOffset()));
    } catch (error) {
      this.host.log.error({ error: textOf(error) }, 'consumer progress could not be saved; it is tried again');
    }
  }
}

function failure(error: unknown): Response {
  const code = (error as { responseCode?: number }).responseCode ?? ResponseCode.SYSTEM_ERROR;
  return { code, remark: textOf(error) };
}
