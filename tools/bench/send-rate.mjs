// Sends as fast as a number of connections with a window each allow, with raw frames as a pipelining client would.
//   node tools/bench/send-rate.mjs --namesrv host:port [--topic T] [--connections 4] [--window 16] [--bytes 1024] [--seconds 10]
// Prints one JSON line: {"perSecond":…,"p50Ms":…,"p99Ms":…,"failed":…}
import { parseArgs } from 'node:util';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../packages/client/package.json', import.meta.url));
const { nodeHost, silentLog } = require('@batonmq/host');
const { RemotingClient, RequestCode, brokerHeaders, readJson } = require('@batonmq/remoting');

const { values } = parseArgs({
  options: {
    namesrv: { type: 'string' },
    topic: { type: 'string', default: 'BenchmarkTest' },
    connections: { type: 'string', default: '4' },
    window: { type: 'string', default: '16' },
    bytes: { type: 'string', default: '1024' },
    seconds: { type: 'string', default: '10' },
  },
});
const number = (name) => Number(values[name]);
const host = nodeHost(silentLog);
const lookup = new RemotingClient(host);
const route = await lookup.invoke(
  values.namesrv,
  { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header: { topic: values.topic } },
  3000,
);
const { brokerDatas, queueDatas } = readJson(route.body);
const address = brokerDatas[0].brokerAddrs['0'];
const queues = queueDatas[0].writeQueueNums;
const body = Buffer.alloc(number('bytes'), 'x');
const latencies = [];
let failed = 0;
let turn = 0;
const warmUntil = performance.now() + 2000;
const until = warmUntil + number('seconds') * 1000;

async function lane(client) {
  while (performance.now() < until) {
    const startMs = performance.now();
    const header = brokerHeaders.SendMessageV2Request.encode({
      a: 'bench',
      b: values.topic,
      c: 'TBW102',
      d: 4,
      e: turn++ % queues,
      f: 0,
      g: Date.now(),
      h: 0,
      i: `UNIQ_KEY\u0001${turn.toString(16).padStart(32, '0')}\u0002WAIT\u0001true\u0002`,
      j: 0,
      k: false,
      m: false,
    });
    const answer = await client.invoke(address, { code: RequestCode.SEND_MESSAGE_V2, header, body }, 10_000);
    if (answer.code !== 0) failed += 1;
    else if (startMs > warmUntil) latencies.push(performance.now() - startMs);
  }
}
const clients = Array.from({ length: number('connections') }, () => new RemotingClient(host));
await Promise.all(clients.flatMap((client) => Array.from({ length: number('window') }, () => lane(client))));
latencies.sort((a, b) => a - b);
const at = (share) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2));
console.log(
  JSON.stringify({
    perSecond: Math.round(latencies.length / number('seconds')),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failed,
  }),
);
process.exit(0);
