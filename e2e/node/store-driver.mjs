// The twin of java/store StoreDriver: the same arguments, plan and events, on @batonmq/broker-store. A process of its own, so that it can be killed.
import { readFileSync, writeSync } from 'node:fs';
import { MessageStore, decodeMessage, decodeProperties } from '@batonmq/broker-store';
import { nodeHost, silentLog } from '@batonmq/host';

const V1_IPV4_FIXED_BYTES = 91;
const host = nodeHost(silentLog);
const crc32 = (bytes) => host.checksums.crc32(bytes) >>> 0;

const emit = (event, fields) => writeSync(1, `${JSON.stringify({ event, ...fields })}\n`);

const options = Object.fromEntries(process.argv.slice(2).map((arg) => arg.split(/=(.*)/s).slice(0, 2)));
const settings = Object.fromEntries(
  Object.entries(options)
    .filter(([name]) => name.startsWith('store.'))
    .map(([name, value]) => [
      name.slice('store.'.length),
      /^\d+$/.test(value) ? Number(value) : value === 'true' || value === 'false' ? value === 'true' : value,
    ]),
);

let store;
let storeHost = { host: '127.0.0.1', port: 10911 };

async function open() {
  const from = performance.now();
  store = new MessageStore(host, { ...settings, storeHost, isBatchTopic: (topic) => topic === options.batchTopic });
  await store.load();
  await store.start();
  emit('opened', { ms: Math.round(performance.now() - from), end: store.log.maxOffset() });
}

/** Each of our stores has one address; another one is another broker on the same directory. */
async function storedAt(next) {
  if (next.host === storeHost.host && next.port === storeHost.port) return;
  await store.stop();
  storeHost = next;
  await open();
}

async function put(number, line) {
  const [word, topic, queueId, flag, sysFlag, bornHost, bornPort, bornTimestamp, at, atPort, reconsume, prepared] =
    line;
  await storedAt({ host: at, port: Number(atPort) });
  const properties = Buffer.from(line[13], 'base64').toString();
  const message = {
    topic,
    queueId: Number(queueId),
    flag: Number(flag),
    sysFlag: Number(sysFlag),
    bornHost: { host: bornHost, port: Number(bornPort) },
    bornTimestamp: Number(bornTimestamp),
    reconsumeTimes: Number(reconsume),
    preparedTransactionOffset: Number(prepared),
    properties,
    body: line[12].startsWith('fill:') ? filling(line[12], topic, properties) : Buffer.from(line[12], 'base64'),
  };
  const result = word === 'batch' ? store.putBatch(message) : store.put(message);
  if (result.status !== 'PUT_OK') return emit('ack', { line: number, status: result.status, why: result.reason });
  await store.whenDurable(result.endOffset);
  const { physicalOffset: offset, endOffset, queueOffset, storeTimestamp: time } = result;
  emit('ack', { line: number, status: 'PUT_OK', offset, bytes: endOffset - offset, queueOffset, time });
}

function filling(words, topic, properties) {
  const { fileSize } = store.log;
  const room = fileSize - (store.log.maxOffset() % fileSize);
  const others = V1_IPV4_FIXED_BYTES + topic.length + Buffer.byteLength(properties);
  return Buffer.alloc(Math.max(0, room - Number(words.slice('fill:'.length)) - others), 'f');
}

const hostText = ({ host: address, port }) => `${addressHex(address)}:${port}`;
function addressHex(address) {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number)).toString('hex');
  const [left, right] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const groups = right === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  return groups.map((group) => group.padStart(4, '0')).join('');
}

function propertiesText(text) {
  const pairs = [...decodeProperties(text)].sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.map(([name, value]) => `${name}=${value}\n`).join('');
}

function dumpMessage(topic, queue, at, bytes, tagsCode) {
  const message = decodeMessage(bytes);
  emit('message', {
    topic,
    queue,
    at,
    offset: message.physicalOffset,
    bytes: bytes.length,
    record: crc32(bytes),
    recordTopic: message.topic,
    flag: message.flag,
    sysFlag: message.sysFlag,
    bornHost: hostText(message.bornHost),
    bornTimestamp: message.bornTimestamp,
    storeHost: hostText(message.storeHost),
    storeTimestamp: message.storeTimestamp,
    reconsumeTimes: message.reconsumeTimes,
    prepared: message.preparedTransactionOffset,
    body: crc32(message.body),
    properties: crc32(Buffer.from(propertiesText(message.properties))),
    tagsCode: String(tagsCode),
  });
}

/** A slice may hold several records. */
function* recordsOf(slices) {
  for (const slice of slices) {
    for (let at = 0; at < slice.length; at += slice.readInt32BE(at))
      yield slice.subarray(at, at + slice.readInt32BE(at));
  }
}

function dump() {
  const queues = [...store.queues].sort((a, b) =>
    a.topic === b.topic ? a.queueId - b.queueId : a.topic < b.topic ? -1 : 1,
  );
  for (const { topic, queueId } of queues) {
    const min = store.minOffsetInQueue(topic, queueId);
    const max = store.maxOffsetInQueue(topic, queueId);
    if (max === 0) continue;
    emit('queue', { topic, queue: queueId, min, max });
    for (let offset = min; offset < max;) {
      const tagsCodes = [];
      const matchesTags = (code) => tagsCodes.push(code) > 0;
      const found = store.getMessages(topic, queueId, offset, 32, 1 << 20, { matchesTags });
      if (found.status !== 'FOUND') throw new Error(`${topic}-${queueId} at ${offset}: ${found.status}`);
      let number = 0;
      for (const record of recordsOf(found.messages)) {
        // A batch that is one record has as many places as messages.
        const at = store.hasBatchQueues(topic) ? decodeMessage(record).queueOffset : offset + number;
        dumpMessage(topic, queueId, at, record, tagsCodes[number++]);
      }
      offset = found.nextBeginOffset;
    }
  }
}

function bounds(topic, queue) {
  emit('queue', { topic, queue, min: store.minOffsetInQueue(topic, queue), max: store.maxOffsetInQueue(topic, queue) });
}

function key(topic, text) {
  const { records } = store.queryByKey(topic, text, 64, 0, Date.now() + 3_600_000);
  const offsets = records.map((record) => decodeMessage(record).physicalOffset).sort((a, b) => a - b);
  emit('found', { topic, key: text, offsets: offsets.join(',') });
}

function time(topic, queue, ms) {
  const lower = store.offsetByTime(topic, queue, ms, 'LOWER');
  emit('atTime', { topic, queue, time: ms, lower, upper: store.offsetByTime(topic, queue, ms, 'UPPER') });
}

async function follow(number, line) {
  if (line[0] === 'put' || line[0] === 'batch') return put(number, line);
  if (line[0] === 'pause') return new Promise((resolve) => setTimeout(resolve, Number(line[1])));
  await store.whenDispatched(store.log.maxOffset());
  if (line[0] === 'dump') return dump();
  if (line[0] === 'queue') return bounds(line[1], Number(line[2]));
  if (line[0] === 'key') return key(line[1], line[2]);
  if (line[0] === 'time') return time(line[1], Number(line[2]), Number(line[3]));
  throw new Error(`line ${number}: ${line[0]}`);
}

const input = new Promise((resolve) => process.stdin.resume().once('end', resolve));
await open();
const lines = readFileSync(options.plan, 'utf8')
  .split('\n')
  .filter((line) => line !== '');
for (const [number, line] of lines.entries()) await follow(number, line.split('\t'));
await store.whenDispatched(store.log.maxOffset());
emit('done', { end: store.log.maxOffset() });
if (options.then === 'wait') await input;
await store.stop();
emit('stopped', {});
process.exit(0);
