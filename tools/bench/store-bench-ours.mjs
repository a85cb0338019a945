// Our side of the store benchmark, the twin of e2e/java/store/batonmq/e2e/StoreBench.java: the same arguments, steps and events.
import { closeSync, ftruncateSync, openSync, readFileSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { MessageStore } = require('@batonmq/broker-store');
const { nodeHost, silentLog } = require('@batonmq/host');

const QUEUES = 8;
const WINDOW = 64;
/** The part of the log that tail reads cover: 28 MB. */
const TAIL_MESSAGES = 24_000;
/** Most that one pull brings. */
const SOCKET_BYTES = 1 << 20;
const HOST = { host: '127.0.0.1', port: 10911 };

const options = Object.fromEntries(process.argv.slice(2).map((arg) => arg.split(/=(.*)/s).slice(0, 2)));
const emit = (event, fields) => writeSync(1, `${JSON.stringify({ event, ...fields })}\n`);
const stopAsked = new Promise((resolve) => process.stdin.resume().once('end', resolve));

const sync = options.sync === '1';
const opening = performance.now();
const store = new MessageStore(nodeHost(silentLog), {
  storePathRootDir: options.dir,
  ...(options.fileMb === '0' ? {} : { mappedFileSizeCommitLog: Number(options.fileMb) * 2 ** 20 }),
  flushDiskType: sync ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
  diskSpaceWarningLevelRatio: 99,
  storeHost: HOST,
});
await store.load();
await store.start();
emit('opened', { ms: performance.now() - opening });

let serial = 0;
function put(topic, body) {
  const unique = serial.toString(16).padStart(12, '0');
  const result = store.put({
    topic,
    queueId: serial++ & (QUEUES - 1),
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: HOST,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body,
    properties: `UNIQ_KEY\u00017F0000010BB818B4AAC2${unique}\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002`,
  });
  if (result.status !== 'PUT_OK') throw new Error(`${result.status}: ${result.reason}`);
  return result.endOffset;
}

async function append(bytes, count) {
  const body = Buffer.alloc(bytes, 'a');
  const latencies = new Float64Array(count);
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const number = next++;
      const at = performance.now();
      await store.whenDurable(put('BenchTopic', body));
      latencies[number] = performance.now() - at;
    }
  };
  const cpu = process.cpuUsage();
  const from = performance.now();
  await Promise.all(Array.from({ length: WINDOW }, lane));
  const appended = performance.now() - from;
  await store.whenDispatched(store.log.maxOffset());
  const dispatched = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort();
  emit('append', {
    bytes,
    perSecond: (count * 1000) / appended,
    cpuNs: ((user + system) * 1000) / count,
    p99Us: Math.round((latencies[Math.floor(count * 0.99)] ?? 0) * 1000),
    dispatchedPerSecond: (count * 1000) / dispatched,
  });
}

async function write(bytes, topics) {
  const body = Buffer.alloc(1024, 'a');
  const names = Array.from({ length: topics }, (_, i) => `BenchTopic${i}`);
  const end = store.log.maxOffset() + bytes;
  while (store.log.maxOffset() < end) {
    let last = 0;
    for (let i = 0; i < WINDOW; i++) last = put(names[serial % topics], body);
    await store.whenDurable(last);
  }
  await store.whenDispatched(store.log.maxOffset());
  emit('written', { bytes: store.log.maxOffset() });
}

/** Bytes that this process has had read from the disk, page faults and what the kernel reads ahead for it included. */
const diskBytes = () => Number(/^read_bytes: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);

const oneTurn = () => new Promise(setImmediate);

/** All queues at the same pace, as consumers that catch up do. */
async function read(from, to) {
  let read = 0;
  let bytes = 0;
  let sum = 0;
  const socket = Buffer.alloc(SOCKET_BYTES);
  const disk = diskBytes();
  const at = performance.now();
  const cpu = process.cpuUsage();
  const topic = store.maxOffsetInQueue('BenchTopic', 0) > 0 ? 'BenchTopic' : 'BenchTopic0';
  const offsets = [];
  const ends = [];
  for (let queue = 0; queue < QUEUES; queue++) {
    const max = store.maxOffsetInQueue(topic, queue);
    offsets.push(from(max));
    ends.push(to(max));
  }
  while (offsets.some((offset, queue) => offset < ends[queue])) {
    for (let queue = 0; queue < QUEUES; queue++) {
      if (offsets[queue] >= ends[queue]) continue;
      const found = store.getMessages(topic, queue, offsets[queue], 32, 128 << 20);
      if (found.status !== 'FOUND') throw new Error(`${topic}-${queue} at ${offsets[queue]}: ${found.status}`);
      // what goes to a socket is copied once, by the kernel
      let at = 0;
      for (const slice of found.messages) {
        socket.set(slice, at);
        at += slice.length;
      }
      sum += at;
      read += found.count;
      bytes += found.bytes;
      offsets[queue] = found.nextBeginOffset;
    }
    await oneTurn(); // as between the pulls of consumers
  }
  const ms = performance.now() - at;
  const { user, system } = process.cpuUsage(cpu);
  const fields = { perSecond: (read * 1000) / ms, cpuNs: ((user + system) * 1000) / read, messages: read, bytes };
  if (sum !== bytes) throw new Error(`${sum} bytes of messages, ${bytes} announced`);
  emit('read', { ...fields, diskBytes: diskBytes() - disk });
}

/** See store-bench.mjs, `coldRead`. */
function backMemory(megabytes) {
  const path = `${options.dir}.holes`;
  const file = openSync(path, 'w+');
  ftruncateSync(file, megabytes * 2 ** 20);
  const buffer = Buffer.alloc(1 << 18);
  while (readSync(file, buffer) > 0);
  closeSync(file);
  unlinkSync(path);
  emit('backed', {});
}

function memory() {
  const kib = Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  emit('memory', { kib });
}

async function step([word, first, second]) {
  if (word === 'append') return append(Number(first), Number(second));
  if (word === 'read')
    return read(
      (max) => Math.max(0, max - Math.floor(TAIL_MESSAGES / QUEUES)),
      (max) => max,
    );
  if (word === 'readOld')
    return read(
      () => 0,
      (max) => Math.floor((max * 3) / 4),
    );
  if (word === 'write') return write(Number(first) * 2 ** 20, Number(second));
  if (word === 'memory') return memory();
  if (word === 'backMemory') return backMemory(Number(first));
  if (word !== 'stop') throw new Error(word);
  await store.stop();
  return emit('stopped', {});
}

for (const words of options.steps.split(',')) await step(words.split(':'));
await stopAsked;
process.exit(0);
