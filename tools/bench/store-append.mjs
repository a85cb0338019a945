// Puts 1 KB messages in batches per turn of the event loop and waits until they are written and dispatched.
// node tools/bench/store-append.mjs [messages] [bodyBytes] [directory]      (npm run build first)
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { MessageStore } = require('@batonmq/broker-store');
const { nodeHost, silentLog } = require('@batonmq/host');

const messages = Number(process.argv[2] ?? 400_000);
const body = Buffer.alloc(Number(process.argv[3] ?? 1024), 0x61);

async function measure(batch, flushDiskType, messageIndexEnable, count) {
  const root = mkdtempSync(join(process.argv[4] ?? tmpdir(), 'store-bench-'));
  const store = new MessageStore(nodeHost(silentLog), {
    storePathRootDir: root,
    flushDiskType,
    messageIndexEnable,
    diskSpaceWarningLevelRatio: 90,
    storeHost: { host: '127.0.0.1', port: 10911 },
  });
  await store.load();
  await store.start();
  const from = performance.now();
  const cpu = process.cpuUsage();
  let last = 0;
  for (let i = 0; i < count;) {
    for (let k = 0; k < batch && i < count; k++, i++) {
      const result = store.put({
        topic: 'BenchTopic',
        queueId: i & 7,
        flag: 0,
        sysFlag: 0,
        bornTimestamp: 1700000000000,
        bornHost: { host: '127.0.0.1', port: 50000 },
        reconsumeTimes: 0,
        preparedTransactionOffset: 0,
        body,
        properties: `UNIQ_KEY\u00017F0000010BB818B4AAC2${i.toString(16).padStart(12, '0')}\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002`,
      });
      if (result.status !== 'PUT_OK') throw new Error(`${result.status}: ${result.reason}`);
      last = result.endOffset;
    }
    if (flushDiskType === 'SYNC_FLUSH') await store.whenDurable(last);
    else await new Promise((resolve) => setImmediate(resolve));
  }
  await store.whenDurable(last);
  await store.whenDispatched(last);
  const ms = performance.now() - from;
  const used = process.cpuUsage(cpu);
  const rate = Math.round(count / ms);
  const cpuUs = ((used.user + used.system) / count).toFixed(2);
  const fromRead = performance.now();
  let read = 0;
  for (let queue = 0; queue < 8; queue++) {
    for (let offset = 0, max = store.maxOffsetInQueue('BenchTopic', queue); offset < max;) {
      const found = store.getMessages('BenchTopic', queue, offset, 32, 1 << 20);
      if (found.count === 0) throw new Error(`${found.status} at ${offset}`);
      read += found.count;
      offset = found.nextBeginOffset;
    }
  }
  const readRate = Math.round(read / (performance.now() - fromRead));
  await store.stop();
  rmSync(root, { recursive: true });
  const index = messageIndexEnable ? 'index' : 'no index';
  console.log(
    `${flushDiskType} batch ${batch}, ${index}: ${rate} k msg/s put+write+dispatch, ${cpuUs} us CPU/msg; backlog read ${readRate} k msg/s`,
  );
}

await measure(128, 'ASYNC_FLUSH', true, Math.min(messages, 50_000));
for (const batch of [1, 16, 128]) await measure(batch, 'ASYNC_FLUSH', true, messages);
await measure(128, 'ASYNC_FLUSH', false, messages);
await measure(128, 'SYNC_FLUSH', true, Math.min(messages, 100_000));
