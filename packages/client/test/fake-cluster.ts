import { nodeHost, silentLog } from '@batonmq/host';
import {
  RemotingServer,
  RequestCode,
  ResponseCode,
  brokerHeaders,
  writeJson,
  type RemotingCommand,
  type Response,
} from '@batonmq/remoting';
import { MessageStore } from './fake-store';

/** A name server and a master in one, as far as clients see: one topic, everything in memory. */
export class FakeCluster {
  readonly server = new RemotingServer(nodeHost(silentLog), { host: '127.0.0.1', port: 0 });
  readonly store = new MessageStore();
  /** Answers to the next sends instead of storing. */
  readonly refusals: Response[] = [];
  readonly committed = new Map<number, number>();
  readonly members = new Set<string>();
  sends = 0;
  routeQuestions = 0;
  queues = 1;

  constructor(readonly topic: string) {
    const { server } = this;
    server.handle(RequestCode.GET_ROUTEINFO_BY_TOPIC, (request) => this.route(request));
    server.handle(RequestCode.SEND_MESSAGE_V2, (request) => this.send(request));
    server.handle(RequestCode.PULL_MESSAGE, (request) => this.pull(request));
    server.handle(RequestCode.HEART_BEAT, (request) => {
      this.members.add((JSON.parse(String(request.body)) as { clientID: string }).clientID);
      return { code: ResponseCode.SUCCESS };
    });
    server.handle(RequestCode.UNREGISTER_CLIENT, (request) => {
      this.members.delete(request.extFields['clientID'] ?? '');
      return { code: ResponseCode.SUCCESS };
    });
    server.handle(RequestCode.GET_CONSUMER_LIST_BY_GROUP, () => ({
      code: ResponseCode.SUCCESS,
      body: writeJson({ consumerIdList: [...this.members] }),
    }));
    server.handle(RequestCode.QUERY_CONSUMER_OFFSET, (request) => {
      const { queueId } = brokerHeaders.QueryConsumerOffsetRequest.decode(request.extFields);
      const offset = this.committed.get(queueId) ?? 0;
      return { code: ResponseCode.SUCCESS, header: brokerHeaders.OffsetResponse.encode({ offset }) };
    });
  }

  get address(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  private route(request: RemotingCommand): Response {
    this.routeQuestions += 1;
    if (request.extFields['topic'] !== this.topic) return { code: ResponseCode.TOPIC_NOT_EXIST, remark: 'no route' };
    const queue = { readQueueNums: this.queues, writeQueueNums: this.queues, perm: 6, topicSysFlag: 0 };
    const body = writeJson({
      brokerDatas: [{ cluster: 'c', brokerName: 'b', brokerAddrs: { '0': this.address } }],
      queueDatas: [{ brokerName: 'b', ...queue }],
      filterServerTable: {},
    });
    return { code: ResponseCode.SUCCESS, body };
  }

  private send(request: RemotingCommand): Response {
    this.sends += 1;
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return refusal;
    const { b: topic, e: queueId, i: properties } = brokerHeaders.SendMessageV2Request.decode(request.extFields);
    const queueOffset = this.store.put(topic, queueId, properties ?? '', request.body ?? Buffer.alloc(0));
    const header = { msgId: `ID${queueOffset}`, queueId, queueOffset, transactionId: undefined };
    return { code: ResponseCode.SUCCESS, header: brokerHeaders.SendMessageResponse.encode(header) };
  }

  private pull(request: RemotingCommand): Response | Promise<Response> {
    const { queueId, queueOffset, sysFlag, commitOffset } = brokerHeaders.PullMessageRequest.decode(request.extFields);
    if ((sysFlag & 1) !== 0) this.committed.set(queueId, commitOffset);
    const answer = (): Response => {
      const records = this.store.from(queueId, queueOffset);
      const header = brokerHeaders.PullMessageResponse.encode({
        suggestWhichBrokerId: 0,
        nextBeginOffset: queueOffset + records.length,
        minOffset: 0,
        maxOffset: queueOffset + records.length,
        topicSysFlag: 0,
        groupSysFlag: 0,
        forbiddenType: undefined,
      });
      return records.length === 0
        ? { code: ResponseCode.PULL_NOT_FOUND, header }
        : { code: ResponseCode.SUCCESS, header, body: Buffer.concat(records) };
    };
    return this.store.from(queueId, queueOffset).length > 0 ? answer() : this.store.more().then(answer);
  }
}
