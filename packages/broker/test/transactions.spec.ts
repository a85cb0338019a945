import { decodeMessage, parseOffsetMessageId } from '@batonmq/broker-store';
import { RequestCode, ResponseCode, decodeMessages, writeJson, type RemotingCommand } from '@batonmq/remoting';
import { BrokerAtWork } from './broker-at-work';

const COMMIT = 8;
const ROLLBACK = 12;
const GROUP = 'tx-producers';
const pair = (name: string, value: string): string => `${name}\u0001${value}\u0002`;
const bodiesOf = (answer: RemotingCommand): string[] =>
  answer.body === undefined ? [] : decodeMessages(answer.body).map(({ body }) => String(body));

interface Half {
  readonly offset: string;
  readonly physical: string;
  readonly queueId: string;
}

describe('transactions', () => {
  const broker = new BrokerAtWork({
    transactionTimeOut: '50',
    transactionCheckInterval: '100',
    transactionCheckMax: '3',
  });
  const asked: RemotingCommand[] = [];
  let decide: (question: RemotingCommand) => number | undefined = () => undefined;

  const end = (half: Half, verdict: number, group = GROUP, fromCheck = false): Promise<RemotingCommand> =>
    broker.ask(RequestCode.END_TRANSACTION, {
      producerGroup: group,
      tranStateTableOffset: half.offset,
      commitLogOffset: half.physical,
      commitOrRollback: String(verdict),
      fromTransactionCheck: String(fromCheck),
      msgId: 'x',
    });
  const sendHalf = async (topic: string, body: string, more = '', group = GROUP): Promise<Half> => {
    const properties = pair('TRAN_MSG', 'true') + pair('PGROUP', group) + pair('UNIQ_KEY', `key-${body}`) + more;
    const answer = await broker.send(topic, body, { queueId: 1, properties });
    expect([answer.code, answer.extFields['transactionId']]).toEqual([0, `key-${body}`]);
    const { msgId = '', queueOffset = '', queueId = '' } = answer.extFields;
    return { offset: queueOffset, queueId, physical: String(parseOffsetMessageId(msgId).physicalOffset) };
  };
  const heartbeat = (): Promise<RemotingCommand> =>
    broker.ask(
      RequestCode.HEART_BEAT,
      {},
      writeJson({ clientID: 'c', producerDataSet: [{ groupName: GROUP }], consumerDataSet: [] }),
    );
  const pull = (topic: string, from = 0): Promise<RemotingCommand> => broker.pull(topic, from, { queueId: 1 });

  beforeAll(async () => {
    await broker.start();
    broker.client.handle(RequestCode.CHECK_TRANSACTION_STATE, (question) => {
      asked.push(question);
      const verdict = decide(question);
      const { tranStateTableOffset: offset = '', commitLogOffset: physical = '' } = question.extFields;
      if (verdict !== undefined) void end({ offset, physical, queueId: '' }, verdict, GROUP, true);
      return undefined;
    });
  });
  afterAll(() => broker.end());
  beforeEach(() => {
    asked.length = 0;
    decide = () => undefined;
  });

  it('shows a half message to nobody before it is committed, and then as it was sent', async () => {
    const half = await sendHalf('Paid', 'order', pair('TAGS', 'blue') + pair('KEYS', 'k1'));
    expect(half.queueId).toBe('1');
    expect((await pull('Paid')).code).toBe(ResponseCode.PULL_NOT_FOUND);
    expect((await end(half, COMMIT)).code).toBe(0);
    const [message] = decodeMessages((await pull('Paid')).body as Buffer);
    expect(message).toMatchObject({ topic: 'Paid', queueId: 1, preparedTransactionOffset: Number(half.physical) });
    expect(message?.properties.get('TAGS')).toBe('blue');
    expect(message?.properties.get('__transactionId__')).toBe('key-order');
    expect((message?.sysFlag ?? 0) & 0xc).toBe(COMMIT);
  });

  it('commits once, however often it is told to', async () => {
    const half = await sendHalf('Once', 'a');
    const answers = await Promise.all([end(half, COMMIT), end(half, COMMIT), end(half, ROLLBACK)]);
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect((await end(half, COMMIT)).code).toBe(0);
    expect(bodiesOf(await pull('Once'))).toEqual(['a']);
  });

  it('never shows what was rolled back', async () => {
    const half = await sendHalf('Never', 'a');
    expect((await end(half, ROLLBACK)).code).toBe(0);
    expect((await end(half, COMMIT)).code).toBe(0);
    await end(await sendHalf('Never', 'b'), COMMIT);
    expect(bodiesOf(await pull('Never'))).toEqual(['b']);
  });

  it.each([
    ['another group', (half: Half) => end(half, COMMIT, 'others')],
    ['another offset of the half queue', (half: Half) => end({ ...half, offset: '999' }, COMMIT)],
    ['a place without a message', (half: Half) => end({ ...half, physical: '1' }, COMMIT)],
    ['a place beyond the log', (half: Half) => end({ ...half, physical: '99999999999' }, COMMIT)],
  ])('refuses an end that names %s', async (_what, ask) => {
    const half = await sendHalf('Wrong', String(_what).replaceAll(' ', '-'));
    expect((await ask(half)).code).toBe(ResponseCode.SYSTEM_ERROR);
    expect((await pull('Wrong')).code).toBe(ResponseCode.PULL_NOT_FOUND);
    await end(half, ROLLBACK);
  });

  it('refuses to commit a message that is no half message', async () => {
    const answer = await broker.send('Plain', 'x', { properties: pair('PGROUP', GROUP) });
    const physical = String(parseOffsetMessageId(answer.extFields['msgId'] ?? '').physicalOffset);
    const plain = { offset: '0', physical, queueId: '0' };
    expect((await end(plain, COMMIT)).code).toBe(ResponseCode.SYSTEM_ERROR);
  });

  it('asks the producers about one that is left open, and does as they say', async () => {
    decide = () => COMMIT;
    await heartbeat();
    const half = await sendHalf('Asked', 'forgotten');
    await broker.until('it is committed', async () => bodiesOf(await pull('Asked')).length === 1);
    const question = asked.find(
      ({ extFields }) => extFields['tranStateTableOffset'] === half.offset,
    ) as RemotingCommand;
    expect(question.extFields).toMatchObject({
      topic: 'RMQ_SYS_TRANS_HALF_TOPIC',
      commitLogOffset: half.physical,
      msgId: 'key-forgotten',
      transactionId: 'key-forgotten',
      bname: 'broker-a',
    });
    const original = decodeMessage(question.body as Buffer);
    expect([original.topic, original.queueId, String(original.body)]).toEqual(['Asked', 1, 'forgotten']);
    expect(original.physicalOffset).toBe(Number(half.physical));
  });

  it('leaves one alone for as long as it asked for', async () => {
    decide = () => ROLLBACK;
    const half = await sendHalf('Immune', 'a', pair('CHECK_IMMUNITY_TIME_IN_SECONDS', '2'));
    await sendHalf('Immune', 'b');
    await broker.until('the other one is asked about', () =>
      Promise.resolve(asked.some(({ extFields }) => extFields['msgId'] === 'key-b')),
    );
    expect(asked.some(({ extFields }) => extFields['msgId'] === 'key-a')).toBe(false);
    await end(half, ROLLBACK);
  });

  it('gives one up that nobody decides about, where an operator finds it', async () => {
    await sendHalf('Undecided', 'lost');
    await broker.until('it is given up', async () => {
      const { body } = await broker.pull('TRANS_CHECK_MAX_TIME_TOPIC', 0);
      return body !== undefined && decodeMessages(body).some((message) => String(message.body) === 'lost');
    });
    const count = asked.filter(({ extFields }) => extFields['msgId'] === 'key-lost').length;
    expect(count).toBe(3);
    expect((await pull('Undecided')).code).toBe(ResponseCode.PULL_NOT_FOUND);
  });

  it('knows open and ended ones after a restart', async () => {
    const [open, ended] = [await sendHalf('Again', 'open', '', 'away'), await sendHalf('Again', 'ended', '', 'away')];
    await end(ended, COMMIT, 'away');
    await broker.restart();
    expect((await end(ended, COMMIT, 'away')).code).toBe(0);
    expect((await end(open, COMMIT, 'away')).code).toBe(0);
    expect(bodiesOf(await pull('Again'))).toEqual(['ended']);
    expect(bodiesOf(await pull('Again', 1))).toEqual(['open']);
  });
});
