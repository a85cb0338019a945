import {
  RequestCode,
  ResponseCode,
  brokerHeaders,
  decodeMessages,
  readJson,
  writeJson,
  type ReceivedMessage,
  type RemotingCommand,
} from '@batonmq/remoting';
import { pair } from '../src/message-properties';
import { BrokerAtWork, clientBatch } from './broker-at-work';

const messagesOf = (answer: RemotingCommand): ReceivedMessage[] => decodeMessages(answer.body ?? Buffer.alloc(0));
const bodiesOf = (answer: RemotingCommand): string[] => messagesOf(answer).map((message) => String(message.body));
const offsetOf = (answer: RemotingCommand): number => brokerHeaders.OffsetResponse.decode(answer.extFields).offset;

describe('a broker without a controller', () => {
  const broker = new BrokerAtWork();
  jest.setTimeout(60_000);

  const createTopic = (topic: string, queues: number): Promise<RemotingCommand> =>
    broker.ask(
      RequestCode.UPDATE_AND_CREATE_TOPIC,
      brokerHeaders.CreateTopicRequest.encode({
        topic,
        defaultTopic: 'TBW102',
        readQueueNums: queues,
        writeQueueNums: queues,
        perm: 6,
        topicFilterType: 'SINGLE_TAG',
        topicSysFlag: 0,
        order: false,
        attributes: undefined,
      }),
    );
  const commit = (topic: string, consumerGroup: string, queueId: number, commitOffset: number) =>
    broker.ask(
      RequestCode.UPDATE_CONSUMER_OFFSET,
      brokerHeaders.UpdateConsumerOffsetRequest.encode({ topic, consumerGroup, queueId, commitOffset }),
    );
  const offsetFor = (topic: string, consumerGroup: string, queueId: number, setZeroIfNotFound?: boolean) =>
    broker.ask(
      RequestCode.QUERY_CONSUMER_OFFSET,
      brokerHeaders.QueryConsumerOffsetRequest.encode({ topic, consumerGroup, queueId, setZeroIfNotFound }),
    );
  const heartbeat = (group: string, topic: string, subString = '*', subVersion = 1): Promise<RemotingCommand> => {
    const subscription = { topic, subString, expressionType: 'TAG', subVersion };
    const consumer = { groupName: group, consumeType: 'CONSUME_PASSIVELY', messageModel: 'CLUSTERING' };
    const consumerDataSet = [{ ...consumer, subscriptionDataSet: [subscription] }];
    return broker.ask(RequestCode.HEART_BEAT, {}, writeJson({ clientID: 'client-1', consumerDataSet }));
  };

  beforeAll(() => broker.start());
  afterAll(() => broker.end());

  it('creates a topic, takes sends of all three codes and gives them to pulls', async () => {
    expect((await createTopic('Orders', 2)).code).toBe(ResponseCode.SUCCESS);
    const long = brokerHeaders.SendMessageRequest.encode({
      producerGroup: 'producers',
      topic: 'Orders',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: 1,
      sysFlag: 0,
      bornTimestamp: 1,
      flag: 7,
      properties: pair('TAGS', 'red'),
      reconsumeTimes: 0,
      unitMode: false,
      maxReconsumeTimes: undefined,
      batch: false,
    });
    const first = await broker.ask(RequestCode.SEND_MESSAGE, long, Buffer.from('by 10'));
    const second = await broker.send('Orders', 'by 310', { queueId: 1, properties: pair('TAGS', 'blue') });
    const batch = clientBatch(['by 320 a', 'by 320 b'], pair('TAGS', 'red'));
    const third = await broker.send('Orders', batch, { queueId: 1, batch: true });
    expect([first, second, third].map(({ code, remark }) => ({ code, remark }))).toEqual(
      [0, 0, 0].map((code) => ({ code, remark: undefined })),
    );
    expect([first, second, third].map((answer) => answer.extFields['queueOffset'])).toEqual(['0', '1', '2']);
    expect(third.extFields['msgId']?.split(',')).toHaveLength(2);
    expect(first.extFields).toMatchObject({ queueId: '1', MSG_REGION: 'DefaultRegion', TRACE_ON: 'true' });

    const all = await broker.pull('Orders', 0, { queueId: 1 });
    expect(bodiesOf(all)).toEqual(['by 10', 'by 310', 'by 320 a', 'by 320 b']);
    expect(all.extFields).toMatchObject({ nextBeginOffset: '4', minOffset: '0', maxOffset: '4' });
    expect(messagesOf(all)[0]).toMatchObject({ flag: 7, bornTimestamp: 1, queueId: 1 });
    expect(messagesOf(all)[0]?.properties.get('UNIQ_KEY')).toHaveLength(32);
    const red = await broker.pull('Orders', 0, { queueId: 1, subscription: 'red || green' });
    expect(bodiesOf(red)).toEqual(['by 10', 'by 320 a', 'by 320 b']);
    const none = await broker.pull('Orders', 0, { queueId: 1, subscription: 'green' });
    expect([none.code, none.extFields['nextBeginOffset']]).toEqual([ResponseCode.PULL_RETRY_IMMEDIATELY, '4']);
  });

  it('wakes a parked pull with the message it waits for, and answers 19 when none comes', async () => {
    await createTopic('News', 1);
    const parked = broker.pull('News', 0, { suspendMs: 25_000, subscription: 'good' });
    await broker.send('News', 'other', { properties: pair('TAGS', 'bad') });
    await broker.send('News', 'wanted', { properties: pair('TAGS', 'good') });
    expect(bodiesOf(await parked)).toEqual(['wanted']);
    const late = await broker.pull('News', 2, { suspendMs: 1 });
    expect([late.code, late.extFields['nextBeginOffset']]).toEqual([ResponseCode.PULL_NOT_FOUND, '2']);
    const beyond = await broker.pull('News', 9, { suspendMs: 1 });
    expect([beyond.code, beyond.extFields['nextBeginOffset']]).toEqual([ResponseCode.PULL_OFFSET_MOVED, '2']);
  });

  it('filters as the last heartbeat told, and not at all while a newer subscription is still to be told', async () => {
    await createTopic('Tagged', 1);
    for (const tag of ['a', 'b']) await broker.send('Tagged', tag, { properties: pair('TAGS', tag) });
    const pulled = async (subVersion: number): Promise<string[]> =>
      bodiesOf(await broker.pull('Tagged', 0, { group: 'tagged', asTold: { subVersion } }));
    expect((await broker.pull('Tagged', 0, { group: 'tagged', asTold: { subVersion: 1 } })).code).toBe(
      ResponseCode.SUBSCRIPTION_NOT_EXIST,
    );
    await heartbeat('tagged', 'Tagged', 'a');
    expect(await pulled(1)).toEqual(['a']);
    expect(await pulled(2)).toEqual(['a', 'b']);
    await heartbeat('tagged', 'Tagged', 'b', 2);
    expect(await pulled(2)).toEqual(['b']);
    const sql = { subVersion: 3, expressionType: 'SQL92' };
    expect((await broker.pull('Tagged', 0, { group: 'tagged', asTold: sql })).code).toBe(ResponseCode.SYSTEM_ERROR);
  });

  it('refuses pulls that cannot be right', async () => {
    expect((await broker.pull('Nowhere', 0)).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
    expect((await broker.pull('Orders', 0, { queueId: 2 })).code).toBe(ResponseCode.INVALID_PARAMETER);
    expect((await broker.askFastPort(RequestCode.PULL_MESSAGE, { topic: 'Orders' })).code).toBe(
      ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
    );
    expect((await broker.askFastPort(RequestCode.GET_MAX_OFFSET, { topic: 'Orders', queueId: '1' })).code).toBe(0);
  });

  it('keeps consumer offsets, those that come with a pull too', async () => {
    await broker.pull('Orders', 0, { group: 'pullers', queueId: 1, commitOffset: 3 });
    expect(offsetOf(await offsetFor('Orders', 'pullers', 1))).toBe(3);
    expect((await commit('Orders', 'pullers', 1, 2)).code).toBe(ResponseCode.SUCCESS);
    expect(offsetOf(await offsetFor('Orders', 'pullers', 1))).toBe(2);
    expect(offsetOf(await offsetFor('Orders', 'newcomers', 1))).toBe(0);
    expect((await offsetFor('Orders', 'newcomers', 1, false)).code).toBe(ResponseCode.QUERY_NOT_FOUND);
    expect((await commit('Orders', 'strangers', 1, 2)).code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
    expect((await commit('Nowhere', 'pullers', 1, 2)).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
  });

  it('tells who consumes after a heartbeat', async () => {
    const list = () => broker.ask(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup: 'members' });
    expect((await list()).code).toBe(ResponseCode.SYSTEM_ERROR);
    expect((await heartbeat('members', 'Orders')).code).toBe(ResponseCode.SUCCESS);
    expect(readJson((await list()).body ?? Buffer.alloc(0))).toEqual({ consumerIdList: ['client-1'] });
  });

  it('gives a failed message back later, and buries it when it failed too often', async () => {
    await broker.send('Orders', 'hard', { queueId: 0, properties: pair('KEYS', 'k-1') });
    const [failed] = messagesOf(await broker.pull('Orders', 0, { group: 'workers' }));
    const sendBack = (offset: number | undefined, maxReconsumeTimes: number): Promise<RemotingCommand> =>
      broker.ask(
        RequestCode.CONSUMER_SEND_MSG_BACK,
        brokerHeaders.ConsumerSendMsgBackRequest.encode({
          offset: offset ?? -1,
          group: 'workers',
          delayLevel: 1,
          originMsgId: 'ORIGIN',
          originTopic: 'Orders',
          unitMode: false,
          maxReconsumeTimes,
        }),
      );
    expect((await sendBack(failed?.physicalOffset, 1)).code).toBe(ResponseCode.SUCCESS);
    const [again] = messagesOf(await broker.pullSome('%RETRY%workers', 0));
    expect([String(again?.body), again?.reconsumeTimes]).toEqual(['hard', 1]);
    expect(again?.properties.get('RETRY_TOPIC')).toBe('Orders');
    expect(again?.properties.get('ORIGIN_MESSAGE_ID')).toBe('ORIGIN');
    expect((await sendBack(again?.physicalOffset, 1)).code).toBe(ResponseCode.SUCCESS);
    const [dead] = messagesOf(await broker.pullSome('%DLQ%workers', 0));
    expect([String(dead?.body), dead?.reconsumeTimes, dead?.properties.get('RETRY_TOPIC')]).toEqual([
      'hard',
      2,
      'Orders',
    ]);
    expect((await sendBack(undefined, 1)).code).toBe(ResponseCode.SYSTEM_ERROR);
    await broker.send('%RETRY%workers', 'by itself', { reconsumeTimes: 3, maxReconsumeTimes: 2 });
    expect(bodiesOf(await broker.pullSome('%DLQ%workers', 1))).toEqual(['by itself']);
  });

  it('finds messages by key and by id', async () => {
    const sent = await broker.send('Orders', 'to be found', { properties: pair('KEYS', 'needle thread') });
    const [received] = messagesOf(await broker.pull('Orders', Number(sent.extFields['queueOffset'])));
    const query = { topic: 'Orders', key: 'thread', maxNum: 8, beginTimestamp: 0, endTimestamp: 2 ** 50 };
    const byKey = await broker.ask(RequestCode.QUERY_MESSAGE, brokerHeaders.QueryMessageRequest.encode(query));
    expect(bodiesOf(byKey)).toEqual(['to be found']);
    const other = brokerHeaders.QueryMessageRequest.encode({ ...query, key: 'haystack' });
    expect((await broker.ask(RequestCode.QUERY_MESSAGE, other)).code).toBe(ResponseCode.QUERY_NOT_FOUND);
    const byId = brokerHeaders.ViewMessageRequest.encode({ offset: received?.physicalOffset ?? -1, topic: undefined });
    expect(bodiesOf(await broker.ask(RequestCode.VIEW_MESSAGE_BY_ID, byId))).toEqual(['to be found']);
  });

  it('keeps a batch together in a topic with batch queues', async () => {
    const header = (attributes: string | undefined) =>
      brokerHeaders.CreateTopicRequest.encode({
        topic: 'Batches',
        defaultTopic: 'TBW102',
        readQueueNums: 1,
        writeQueueNums: 1,
        perm: 6,
        topicFilterType: 'SINGLE_TAG',
        topicSysFlag: 0,
        order: false,
        attributes,
      });
    const create = RequestCode.UPDATE_AND_CREATE_TOPIC;
    expect((await broker.ask(create, header('+queue.type=BatchCQ'))).code).toBe(ResponseCode.SUCCESS);
    expect((await broker.ask(create, header('+queue.type=SimpleCQ'))).code).toBe(ResponseCode.SYSTEM_ERROR);
    expect((await broker.ask(create, header('+queue.type=Other'))).code).toBe(ResponseCode.SYSTEM_ERROR);
    const body = clientBatch(['a', 'b', 'c'], pair('KEYS', 'k'));
    const fields = { batch: true, properties: pair('UNIQ_KEY', 'BATCH-1') + pair('INNER_NUM', '99') };
    const sent = await broker.send('Batches', body, fields);
    expect([sent.code, sent.extFields['queueOffset'], sent.extFields['batchUniqId']]).toEqual([0, '0', 'BATCH-1']);
    expect((await broker.send('Batches', 'single')).extFields['queueOffset']).toBe('3');
    expect((await broker.send('Batches', body.subarray(1), fields)).code).toBe(ResponseCode.MESSAGE_ILLEGAL);
    const pulled = await broker.pull('Batches', 1);
    expect(pulled.extFields).toMatchObject({ nextBeginOffset: '4', minOffset: '0', maxOffset: '4' });
    const [batch, single] = messagesOf(pulled);
    expect(batch?.body).toEqual(body);
    expect([batch?.sysFlag, batch?.queueOffset, single?.queueOffset]).toEqual([0xc0, 0, 3]);
    expect(batch?.properties.get('INNER_NUM')).toBe('3');
    expect(batch?.properties.get('INNER_BASE')).toBe('0');
  });

  it('makes a topic of a send from TBW102', async () => {
    expect((await broker.send('Sudden', 'x', { queueId: 3 })).code).toBe(ResponseCode.SUCCESS);
    const made = await broker.ask(RequestCode.GET_TOPIC_CONFIG, { topic: 'Sudden' });
    expect(readJson(made.body ?? Buffer.alloc(0))).toMatchObject({ readQueueNums: 4, writeQueueNums: 4, perm: 6 });
  });

  it.each([
    [
      'half of a transaction of nobody',
      'Orders',
      { properties: pair('TRAN_MSG', 'true') },
      ResponseCode.MESSAGE_ILLEGAL,
    ],
    ['the half topic', 'RMQ_SYS_TRANS_HALF_TOPIC', {}, ResponseCode.NO_PERMISSION],
    ['the schedule topic', 'SCHEDULE_TOPIC_XXXX', {}, ResponseCode.NO_PERMISSION],
    ['a bad name', 'No spaces', {}, ResponseCode.INVALID_PARAMETER],
    ['a queue that is not there', 'Orders', { queueId: 2 }, ResponseCode.INVALID_PARAMETER],
    ['a time too far ahead', 'Orders', { properties: pair('TIMER_DELAY_SEC', '259201') }, ResponseCode.MESSAGE_ILLEGAL],
    ['the timer topic', 'rmq_sys_wheel_timer', {}, ResponseCode.NO_PERMISSION],
    ['a batch to a retry topic', '%RETRY%workers', { batch: true }, ResponseCode.MESSAGE_ILLEGAL],
  ])('refuses %s', async (_what, topic, fields, code) => {
    const answer = await broker.send(topic, 'x', fields);
    expect(answer.code).toBe(code);
    expect(answer.extFields['MSG_REGION']).toBe('DefaultRegion');
  });

  it('delivers at the time asked for, and not what was taken back', async () => {
    await createTopic('Later', 1);
    const dueMs = broker.host.clock.wallMs() + 3000;
    const timed = { properties: pair('TIMER_DELIVER_MS', String(dueMs)) + pair('TAGS', 'late') };
    const kept = await broker.send('Later', 'kept', timed);
    const taken = await broker.send('Later', 'taken back', timed);
    expect([kept.code, kept.extFields['queueId'], taken.code]).toEqual([0, '0', 0]);
    const recall = { producerGroup: 'producers', topic: 'Later', recallHandle: taken.extFields['recallHandle'] ?? '' };
    const recalled = await broker.ask(RequestCode.RECALL_MESSAGE, recall);
    expect([recalled.code, recalled.extFields['msgId']]).toEqual([0, taken.extFields['transactionId']]);
    // The timer reads its topic some time after the answer.
    await broker.until('the timer has read it', async () => {
      const metrics = await broker.ask(RequestCode.GET_TIMER_METRICS);
      const { timingCount } = readJson(metrics.body ?? Buffer.alloc(0)) as { timingCount: object };
      return 'Later' in timingCount;
    });
    expect((await broker.pull('Later', 0)).code).not.toBe(ResponseCode.SUCCESS);
    const [message] = messagesOf(await broker.pullSome('Later', 0));
    expect(String(message?.body)).toBe('kept');
    expect(message?.storeTimestamp).toBeGreaterThanOrEqual(dueMs);
    expect(message?.properties.get('TIMER_OUT_MS')).toBe(
      String(dueMs - (dueMs % 1000) - (dueMs % 1000 === 0 ? 1000 : 0)),
    );
    await broker.send('Later', 'behind');
    expect(bodiesOf(await broker.pullSome('Later', 1))).toEqual(['behind']);
    expect((await broker.ask(RequestCode.RECALL_MESSAGE, recall)).code).toBe(ResponseCode.ILLEGAL_OPERATION);
    const check = await broker.ask(RequestCode.GET_TIMER_CHECK_POINT);
    expect(check.body?.readBigInt64BE(24)).toBe(3n);
  });

  it('neither creates nor deletes topics of its own', async () => {
    for (const topic of ['TBW102', 'broker-a', 'DefaultCluster']) {
      expect((await createTopic(topic, 1)).code).toBe(ResponseCode.INVALID_PARAMETER);
      expect((await broker.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { topic })).code).toBe(
        ResponseCode.INVALID_PARAMETER,
      );
    }
    await createTopic('Passing', 1);
    expect((await broker.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 'Passing' })).code).toBe(0);
    expect((await broker.pull('Passing', 0)).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
  });

  it('has everything again after a restart', async () => {
    await broker.send('Later', 'over a restart', { properties: pair('TIMER_DELAY_MS', '2500') });
    await commit('Orders', 'pullers', 1, 4);
    await broker.restart();
    expect(bodiesOf(await broker.pull('Orders', 0, { queueId: 1 }))).toHaveLength(4);
    expect(offsetOf(await offsetFor('Orders', 'pullers', 1))).toBe(4);
    expect(bodiesOf(await broker.pull('%DLQ%workers', 0))).toEqual(['hard', 'by itself']);
    expect(bodiesOf(await broker.pullSome('Later', 2))).toEqual(['over a restart']);
    expect((await broker.pull('Batches', 0)).extFields).toMatchObject({ nextBeginOffset: '4', maxOffset: '4' });
    const next = await broker.send('Orders', 'after', { queueId: 1 });
    expect(next.extFields['queueOffset']).toBe('4');
    const query = { topic: 'Orders', key: 'k-1', maxNum: 8, beginTimestamp: 0, endTimestamp: 2 ** 50 };
    const byKey = await broker.ask(RequestCode.QUERY_MESSAGE, brokerHeaders.QueryMessageRequest.encode(query));
    expect(bodiesOf(byKey)).toContain('hard');
  });
});

describe('a broker with light queues', () => {
  const broker = new BrokerAtWork({ enableLmq: 'true', enableMultiDispatch: 'true' });
  beforeAll(() => broker.start());
  afterAll(() => broker.end());

  it('gives a message to the light queues that it names, which nobody has to create', async () => {
    const names = pair('INNER_MULTI_DISPATCH', '%LMQ%room-1,%LMQ%room-2');
    const parked = broker.pull('%LMQ%room-2', 0, { group: '%LMQ%guest', suspendMs: 25_000 });
    expect((await broker.send('Rooms', 'hello', { properties: names })).code).toBe(ResponseCode.SUCCESS);
    expect(bodiesOf(await parked)).toEqual(['hello']);
    const nonsense = pair('INNER_MULTI_DISPATCH', 'a') + pair('INNER_MULTI_QUEUE_OFFSET', 'x');
    await broker.send('Rooms', 'poison', { properties: nonsense });
    await broker.send('Rooms', 'later', { properties: names + pair('TIMER_DELAY_MS', '1200') });
    expect(bodiesOf(await broker.pull('%LMQ%room-1', 0, { group: '%LMQ%guest', commitOffset: 1 }))).toEqual(['hello']);
    expect(bodiesOf(await broker.pullSome('%LMQ%room-1', 1))).toEqual(['later']);
    expect(bodiesOf(await broker.pullSome('Rooms', 1))[0]).toBe('poison');
    expect(bodiesOf(await broker.pullSome('Rooms', 2))).toEqual(['later']);
    const topics = await broker.ask(RequestCode.GET_ALL_TOPIC_CONFIG);
    expect(String(topics.body)).not.toContain('%LMQ%');
  }, 60_000);

  it('has them again after a restart', async () => {
    await broker.restart();
    expect(bodiesOf(await broker.pull('%LMQ%room-2', 0))).toEqual(['hello', 'later']);
    const asked = { topic: '%LMQ%room-1', consumerGroup: '%LMQ%guest', queueId: 0, setZeroIfNotFound: undefined };
    const header = brokerHeaders.QueryConsumerOffsetRequest.encode(asked);
    expect(offsetOf(await broker.ask(RequestCode.QUERY_CONSUMER_OFFSET, header))).toBe(1);
    await broker.send('Rooms', 'again', { properties: pair('INNER_MULTI_DISPATCH', '%LMQ%room-2') });
    expect(bodiesOf(await broker.pullSome('%LMQ%room-2', 2))).toEqual(['again']);
  }, 60_000);
});
