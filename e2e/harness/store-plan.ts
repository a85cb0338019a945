import { deflateSync } from 'node:zlib';

const IPV6 = { host: '2001:db8:0:0:1:0:0:1', port: 50_123 };
const IPV4 = { host: '10.1.2.3', port: 50_000 };
const BORN_TIMESTAMP = 1_700_000_000_000;
/** What a record has room for, less a property CRC and its separator. */
const MAX_PROPERTIES_BYTES = 32_767 - 21;

/** A message to put, or a client's batch. */
export interface PlannedMessage {
  readonly word: 'put' | 'batch';
  readonly topic: string;
  readonly queueId: number;
  readonly flag: number;
  readonly sysFlag: number;
  readonly bornHost: Endpoint;
  readonly bornTimestamp: number;
  readonly storeHost: Endpoint;
  readonly reconsumeTimes: number;
  readonly prepared: number;
  /** `fill:N` is as long as the file has room, less N. */
  readonly body: Buffer | `fill:${number}`;
  readonly properties: string;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface KeyOf {
  readonly topic: string;
  readonly key: string;
}

/** Lines for the store drivers, and what the reader should look for afterwards. */
export interface StorePlan {
  /** undefined: a pause of some milliseconds, so that store timestamps differ. */
  readonly steps: readonly (PlannedMessage | undefined)[];
  readonly keys: readonly KeyOf[];
}

const text = (pairs: Record<string, string>): string =>
  Object.entries(pairs)
    .map(([name, value]) => `${name}\u0001${value}\u0002`)
    .join('');

/** The same numbers in each run (an LCG): a plan can be looked at again. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.floor((state / 0x8000_0000) * below);
  };
}

/** The encoding in which a client sends several messages at once. @source MessageDecoder.encodeMessage */
function clientBatch(messages: readonly { body: Buffer; properties: string }[]): Buffer {
  return Buffer.concat(
    messages.map(({ body, properties }, index) => {
      const props = Buffer.from(properties);
      const bytes = Buffer.alloc(22 + body.length + props.length);
      bytes.writeInt32BE(bytes.length, 0);
      bytes.writeInt32BE(index, 12); // flag
      bytes.writeInt32BE(body.length, 16);
      body.copy(bytes, 20);
      bytes.writeInt16BE(props.length, 20 + body.length);
      props.copy(bytes, 22 + body.length);
      return bytes;
    }),
  );
}

/** Writes every kind of message that 4.9 and 5 both store, several hundred of each common kind. */
export class StorePlanBuilder {
  private readonly steps: (PlannedMessage | undefined)[] = [];
  private readonly keys: KeyOf[] = [];
  private readonly next: (below: number) => number;
  private count = 0;

  constructor(seed: number) {
    this.next = numbers(seed);
  }

  build(withLongTopics: boolean): StorePlan {
    for (let round = 0; round < 6; round++) {
      this.ordinary(120);
      this.hosts();
      this.bodiesAndProperties();
      this.transactions();
      this.delayed();
      this.timed();
      this.batches();
      this.lights();
      this.topics(withLongTopics);
      for (const leave of [8, 7, 0, 9] as const) {
        this.put({ topic: 'golden-fill', body: `fill:${leave}` });
        this.put({ topic: 'golden-fill' });
      }
    }
    return { steps: this.steps, keys: this.keys };
  }

  /** A batch with properties that a broker gives to inner batches, between ordinary messages. */
  poisoned(before: number, behind: number): StorePlan['steps'] {
    const topic = 'golden-poison';
    const ordinary = (): void => this.put({ topic, body: Buffer.from('good') });
    for (let i = 0; i < before; i++) ordinary();
    const properties = text({ INNER_BASE: 'x', INNER_NUM: 'y' });
    this.put({ word: 'batch', topic, body: clientBatch([{ body: Buffer.from('bad'), properties }]), properties: '' });
    for (let i = 0; i < behind; i++) ordinary();
    return this.steps;
  }

  ordinaryIn(topic: string, count: number, bodyBytes: number): StorePlan['steps'] {
    for (let i = 0; i < count; i++) this.put({ topic, body: Buffer.alloc(bodyBytes, 'o') });
    return this.steps;
  }

  private put(message: Partial<PlannedMessage> & { topic: string }): void {
    this.steps.push({
      word: 'put',
      queueId: 0,
      flag: 0,
      sysFlag: 0,
      bornHost: IPV4,
      bornTimestamp: BORN_TIMESTAMP + this.count,
      storeHost: { host: '127.0.0.1', port: 10_911 },
      reconsumeTimes: 0,
      prepared: 0,
      body: this.bytes(this.next(300)),
      properties: text(this.identity(message.topic)),
      ...message,
    });
    if (++this.count % 40 === 0) this.steps.push(undefined);
  }

  /** A unique key, remembered for the queries. */
  private identity(topic: string): Record<string, string> {
    const key = `0A010203${this.count.toString(16).padStart(24, '0').toUpperCase()}`;
    if (this.count % 5 === 0) this.keys.push({ topic, key });
    return { UNIQ_KEY: key };
  }

  private bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.next(256)));
  }

  private ordinary(count: number): void {
    const topic = 'golden-plain';
    for (let i = 0; i < count; i++) {
      const order = `order-${this.next(60)}`;
      const user = `user-${this.next(40)}`;
      this.keys.push({ topic, key: order });
      const KEYS = i % 3 === 0 ? order : `${order} ${user} 键-${i}`;
      const properties = text({ ...this.identity(topic), KEYS, TAGS: `Tag${this.next(5)}`, WAIT: 'true' });
      this.put({ topic, queueId: i % 4, body: this.bytes(this.next(1500)), properties });
    }
    this.put({ topic, properties: text({ ...this.identity(topic), TAGS: '标签😀', KEYS: 'polygenelubricants' }) });
  }

  private hosts(): void {
    const topic = 'golden-hosts';
    for (const bornHost of [IPV4, IPV6]) this.put({ topic, bornHost });
    for (const bornHost of [IPV4, IPV6]) this.put({ topic, bornHost, storeHost: { ...IPV6, port: 10_911 } });
  }

  private bodiesAndProperties(): void {
    const topic = 'golden-odd';
    this.put({ topic, body: Buffer.alloc(0) });
    this.put({ topic, properties: '' });
    this.put({ topic, properties: text(this.identity(topic)).slice(0, -1) });
    this.put({ topic, properties: text({ ...this.identity(topic), filler: 'x'.repeat(32_000) }) });
    const room = MAX_PROPERTIES_BYTES - text({ ...this.identity(topic), filler: '' }).length;
    this.put({ topic, properties: text({ ...this.identity(topic), filler: 'x'.repeat(room) }) });
    this.put({ topic, body: this.bytes(40_000), flag: -5, reconsumeTimes: 7 });
    const zipped = deflateSync(Buffer.alloc(9000, 'abc'));
    for (const sysFlag of [0x1, 0x101, 0x201, 0x301, 0x303]) this.put({ topic, body: zipped, sysFlag });
  }

  private transactions(): void {
    const real = { REAL_TOPIC: 'golden-tran', REAL_QID: '1', TRAN_MSG: 'true', PGROUP: 'golden' };
    const half = 'RMQ_SYS_TRANS_HALF_TOPIC';
    this.put({ topic: half, properties: text({ ...this.identity(half), ...real }) });
    this.put({ topic: 'RMQ_SYS_TRANS_OP_HALF_TOPIC', body: Buffer.from('0,'), properties: text({ TAGS: 'd' }) });
    this.put({ topic: 'golden-tran', queueId: 1, sysFlag: 8, prepared: 4711 });
    // only in very old logs
    for (const sysFlag of [4, 12]) this.put({ topic: 'golden-tran', queueId: 1, sysFlag, prepared: 4711 });
  }

  private delayed(): void {
    const topic = 'SCHEDULE_TOPIC_XXXX';
    // long ones: 4.9's store delivers by itself
    for (const level of [15, 17, 18]) {
      const properties = { ...this.identity(topic), DELAY: String(level), REAL_TOPIC: 'golden-plain', REAL_QID: '2' };
      this.put({ topic, queueId: level - 1, properties: text(properties) });
    }
  }

  /** Messages for a free time, as a broker stores them until they are due. */
  private timed(): void {
    const topic = 'rmq_sys_wheel_timer';
    const real = { REAL_TOPIC: 'golden-plain', REAL_QID: '2', TIMER_OUT_MS: '4000000000000', TIMER_DELAY_SEC: '90' };
    this.put({ topic, properties: text({ ...this.identity(topic), ...real }) });
  }

  /** Batches that stay one record: for a topic of queue.type=BatchCQ. */
  innerBatches(topic: string, count: number, messages: number): StorePlan['steps'] {
    for (let i = 0; i < count; i++) {
      const list = Array.from({ length: messages }, () => ({ body: this.bytes(this.next(200)), properties: '' }));
      const properties = text({ ...this.identity(topic), INNER_NUM: String(messages), TAGS: 'inner' });
      this.put({ topic, sysFlag: 0xc0, body: clientBatch(list), properties });
    }
    return this.steps;
  }

  private batches(): void {
    const topic = 'golden-batch';
    for (const length of [1, 10, 32]) {
      const messages = Array.from({ length }, (_, index) => {
        const key = `batch-${this.count}-${index}`;
        this.keys.push({ topic, key });
        return { body: this.bytes(this.next(200)), properties: text({ KEYS: key, TAGS: `Tag${index % 3}` }) };
      });
      this.put({ word: 'batch', topic, queueId: length % 2, body: clientBatch(messages), properties: '' });
    }
  }

  /** Messages with units in light queues (LMQ) besides their own. */
  private lights(): void {
    const topic = 'golden-light';
    for (const names of ['%LMQ%a', '%LMQ%a,%LMQ%b', '%LMQ%b,%LMQ%c,%LMQ%a']) {
      const properties = text({ ...this.identity(topic), INNER_MULTI_DISPATCH: names, TAGS: 'light' });
      this.put({ topic, queueId: 2, properties });
    }
  }

  private topics(withLongTopics: boolean): void {
    this.put({ topic: `golden-${'t'.repeat(120)}` });
    this.put({ topic: `%RETRY%${'r'.repeat(112)}`, reconsumeTimes: 3 });
    this.put({ topic: '%DLQ%golden', queueId: 3 });
    if (withLongTopics) this.put({ topic: `%RETRY%${'r'.repeat(121)}` });
    if (withLongTopics) this.put({ topic: `%RETRY%${'r'.repeat(240)}` });
  }
}

/** The plan's lines, as the drivers read them. */
export function planText(plan: Pick<StorePlan, 'steps'>): string {
  return plan.steps.map((step) => `${step === undefined ? 'pause\t3' : messageLine(step)}\n`).join('');
}

function messageLine(message: PlannedMessage): string {
  const { bornHost, storeHost, body } = message;
  const fields = [
    ...[message.word, message.topic, message.queueId, message.flag, message.sysFlag],
    ...[bornHost.host, bornHost.port, message.bornTimestamp, storeHost.host, storeHost.port],
    ...[message.reconsumeTimes, message.prepared],
    typeof body === 'string' ? body : body.toString('base64'),
    Buffer.from(message.properties).toString('base64'),
  ];
  return fields.join('\t');
}
