import type { GetResult, MessageStore } from '@batonmq/broker-store';
import type { Host } from '@batonmq/host';
import {
  RequestCode,
  RequestRefused,
  ResponseCode,
  brokerHeaders,
  type HeaderOf,
  type Peer,
  type RemotingCommand,
  type Response,
} from '@batonmq/remoting';
import type { ClientRegistry } from '../clients/client-registry';
import type { SubscriptionGroup, SubscriptionGroups } from '../groups/subscription-groups';
import type { ConsumerOffsets } from '../offsets/consumer-offsets';
import type { BrokerRole } from '../role';
import { PERM_READ } from '../topics/topic-config';
import type { TopicTable } from '../topics/topic-table';
import { ParkedPulls, type ParkedPull } from './parked-pulls';
import { tagFilter, type TagFilter } from './tag-filter';

const COMMIT_FLAG = 1;
const SUSPEND_FLAG = 2;
const SUBSCRIPTION_FLAG = 4;

export interface PullOptions {
  readonly brokerPermission: number;
  readonly slaveReadEnable: boolean;
  readonly litePullMessageEnable: boolean;
  readonly longPollingEnable: boolean;
  readonly shortPollingTimeMills: number;
}

export interface PullParts {
  readonly host: Pick<Host, 'clock' | 'timers'>;
  readonly store: MessageStore;
  readonly role: BrokerRole;
  readonly topics: TopicTable;
  readonly groups: SubscriptionGroups;
  readonly offsets: ConsumerOffsets;
  readonly clients: ClientRegistry;
}

type Pull = HeaderOf<typeof brokerHeaders.PullMessageRequest>;

/** A GetResult in terms of the wire (broker.md 6.4). */
const CODES: Readonly<Record<GetResult['status'], number>> = {
  FOUND: ResponseCode.SUCCESS,
  NO_MATCHED_LOGIC_QUEUE: ResponseCode.PULL_OFFSET_MOVED,
  NO_MESSAGE_IN_QUEUE: ResponseCode.PULL_OFFSET_MOVED,
  OFFSET_TOO_SMALL: ResponseCode.PULL_OFFSET_MOVED,
  OFFSET_OVERFLOW_BADLY: ResponseCode.PULL_OFFSET_MOVED,
  OFFSET_OVERFLOW_ONE: ResponseCode.PULL_NOT_FOUND,
  OFFSET_FOUND_NULL: ResponseCode.PULL_NOT_FOUND,
  NO_MATCHED_MESSAGE: ResponseCode.PULL_RETRY_IMMEDIATELY,
  MESSAGE_WAS_REMOVING: ResponseCode.PULL_RETRY_IMMEDIATELY,
};

/** PULL_MESSAGE (11) and LITE_PULL_MESSAGE (361). @source PullMessageProcessor */
export class PullProcessor {
  readonly parked: ParkedPulls;

  constructor(
    private readonly parts: PullParts,
    private readonly options: PullOptions,
  ) {
    this.parked = new ParkedPulls(parts.host, (pull) => this.rerun(pull));
    parts.store.onArrival((topic, queueId, maxOffset, tagsCode) =>
      this.parked.arrived(topic, queueId, maxOffset, tagsCode),
    );
  }

  readonly handle = (request: RemotingCommand, peer: Peer): Response | undefined => this.pull(request, peer, true);

  private rerun(pull: ParkedPull): void {
    try {
      const answer = this.pull(pull.request, pull.peer, false);
      if (answer !== undefined) pull.peer.respond(pull.request, answer);
    } catch (error) {
      const code = (error as Partial<RequestRefused>).responseCode ?? ResponseCode.SYSTEM_ERROR;
      pull.peer.respond(pull.request, { code, remark: (error as Error).message });
    }
  }

  private pull(request: RemotingCommand, peer: Peer, maySuspend: boolean): Response | undefined {
    const { role, store, host } = this.parts;
    if (!role.isMaster && !(this.options.slaveReadEnable && role.current === 'slave')) {
      throw new RequestRefused(
        ResponseCode.SYSTEM_BUSY,
        '[REJECTREQUEST]system busy: this broker is not master and slaveReadEnable is off',
      );
    }
    const pull = brokerHeaders.PullMessageRequest.decode(request.extFields);
    const group = this.check(request, pull);
    const filter = this.filterOf(pull);
    const result = store.getMessages(
      pull.topic,
      pull.queueId,
      pull.queueOffset,
      pull.maxMsgNums,
      MAX_ANSWER_BYTES,
      filter,
    );
    if (maySuspend && (pull.sysFlag & COMMIT_FLAG) !== 0) {
      this.parts.offsets.commit(pull.topic, pull.consumerGroup, pull.queueId, pull.commitOffset);
    }
    const code = this.codeOf(result, pull);
    if (code === ResponseCode.PULL_NOT_FOUND && maySuspend && (pull.sysFlag & SUSPEND_FLAG) !== 0) {
      const wait = this.options.longPollingEnable ? pull.suspendTimeoutMillis : this.options.shortPollingTimeMills;
      const deadlineMs = host.clock.monotonicMs() + wait;
      if (this.parked.park(pull.topic, pull.queueId, { request, peer, offset: pull.queueOffset, filter, deadlineMs }))
        return undefined;
    }
    return {
      code,
      remark: result.status,
      header: {
        suggestWhichBrokerId: String(this.suggestedBroker(result, group)),
        nextBeginOffset: String(result.nextBeginOffset),
        minOffset: String(result.minOffset),
        maxOffset: String(result.maxOffset),
        topicSysFlag: '0',
        groupSysFlag: String(group.groupSysFlag),
      },
      ...(code === ResponseCode.SUCCESS ? { body: result.messages } : {}),
    };
  }

  /** @throws RequestRefused with the code a client expects (broker.md 6.2) */
  private check(request: RemotingCommand, pull: Pull): SubscriptionGroup {
    const { topics, groups } = this.parts;
    if ((this.options.brokerPermission & PERM_READ) === 0)
      throw new RequestRefused(ResponseCode.NO_PERMISSION, 'the broker pulling message is forbidden');
    if (request.code === RequestCode.LITE_PULL_MESSAGE && !this.options.litePullMessageEnable) {
      throw new RequestRefused(ResponseCode.NO_PERMISSION, 'the broker for lite pull message is forbidden');
    }
    const group = groups.find(pull.consumerGroup);
    if (group === undefined)
      throw new RequestRefused(
        ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
        `subscription group [${pull.consumerGroup}] does not exist`,
      );
    if (!group.consumeEnable)
      throw new RequestRefused(ResponseCode.NO_PERMISSION, `subscription group no permission, ${pull.consumerGroup}`);
    const topic = topics.get(pull.topic);
    if (topic === undefined)
      throw new RequestRefused(ResponseCode.TOPIC_NOT_EXIST, `topic[${pull.topic}] not exist, apply first please!`);
    if ((topic.perm & PERM_READ) === 0)
      throw new RequestRefused(ResponseCode.NO_PERMISSION, `the topic[${pull.topic}] pulling message is forbidden`);
    if (pull.queueId < 0 || pull.queueId >= topic.readQueueNums) {
      throw new RequestRefused(
        ResponseCode.INVALID_PARAMETER,
        `queueId[${pull.queueId}] is illegal, topic:[${pull.topic}] has ${topic.readQueueNums} read queues`,
      );
    }
    return group;
  }

  private filterOf(pull: Pull): TagFilter | undefined {
    if ((pull.sysFlag & SUBSCRIPTION_FLAG) !== 0) return this.tagsOnly(pull.expressionType, pull.subscription);
    const state = this.parts.clients.consumerGroup(pull.consumerGroup);
    const subscription = state?.subscriptions.get(pull.topic);
    if (subscription === undefined) {
      throw new RequestRefused(
        ResponseCode.SUBSCRIPTION_NOT_EXIST,
        `the consumer's group ${pull.consumerGroup} has no subscription to ${pull.topic} here yet`,
      );
    }
    // It was changed, and the heartbeat that says how is still to come: Java's clients may leave one out when they rebalance, and
    // were refused for up to 30 s. Everything is handed out until then; clients look at the tags themselves, too.
    if (subscription.subVersion < pull.subVersion) return this.tagsOnly(pull.expressionType, '*');
    return this.tagsOnly(subscription.expressionType, subscription.subString);
  }

  private tagsOnly(expressionType: string | undefined, expression: string | undefined): TagFilter | undefined {
    if (expressionType !== undefined && expressionType !== '' && expressionType !== 'TAG') {
      throw new RequestRefused(
        ResponseCode.SYSTEM_ERROR,
        `the broker does not support consumer to filter message by ${expressionType}`,
      );
    }
    return tagFilter(expression);
  }

  private codeOf(result: GetResult, pull: Pull): number {
    const empty = result.status === 'NO_MATCHED_LOGIC_QUEUE' || result.status === 'NO_MESSAGE_IN_QUEUE';
    if (empty && pull.queueOffset === 0) return ResponseCode.PULL_NOT_FOUND;
    const code = CODES[result.status];
    // A slave that lags must never make a consumer jump.
    return code === ResponseCode.PULL_OFFSET_MOVED && !this.parts.role.isMaster
      ? ResponseCode.PULL_RETRY_IMMEDIATELY
      : code;
  }

  private suggestedBroker(result: GetResult, group: SubscriptionGroup): number {
    if (!this.options.slaveReadEnable) return 0;
    return result.suggestPullingFromSlave ? group.whichBrokerWhenConsumeSlowly : group.brokerId;
  }
}

/** Room for the header within the largest frame. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
