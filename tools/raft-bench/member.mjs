// One member of the measured group, a process of its own. Speaks with the conductor over the IPC channel:
// asks `{ load, seconds, inFlight }`, `{ heartbeats: true }`, `{ rss: true }`; tells `{ ready }`, `{ heard }`, results.
import { createRequire } from 'node:module';
import { percentiles } from './percentiles.mjs';

const require = createRequire(import.meta.url);
const { RaftNode, LevelStorage, RSocketTransport } = require('@batonmq/raft');
const { nodeHost, silentLog } = require('@batonmq/host');

const { index, ports, directory, options } = JSON.parse(process.argv[2]);
const host = nodeHost(silentLog);
const heartbeats = { sent: [], arrived: [], lastArrived: 0 };

/** Notes when heartbeats leave and arrive; otherwise the transport as it is. */
class Watched extends RSocketTransport {
  start(identity, receiver) {
    this.first = identity.peers.find((peer) => peer.id !== identity.id)?.id;
    return super.start(identity, {
      ...receiver,
      unreachable: (peer) => receiver.unreachable(peer),
      message: (from, message) => {
        if (message.kind === 'heartbeat') heartbeats.arrived.push(performance.now());
        receiver.message(from, message);
      },
    });
  }

  send(to, message) {
    if (message.kind === 'heartbeat' && to === this.first) heartbeats.sent.push(performance.now());
    super.send(to, message);
  }
}

const node = new RaftNode({
  host,
  id: `n${index}`,
  group: 'bench',
  peers: ports.map((port, i) => ({ id: `n${i}`, address: `127.0.0.1:${port}` })),
  storage: new LevelStorage(directory),
  transport: new Watched(host, { listen: { host: '127.0.0.1', port: ports[index] } }),
  machine: {
    apply: (data) => data.subarray(0, 0),
    snapshot: () => Buffer.alloc(8),
    restore: () => {},
  },
  ...options,
});

let elections = 0;
node.onRoleChange(({ role, ready, term }) => {
  if (role === 'candidate') elections++;
  if (ready) process.send({ ready: true, term });
});
process.on('disconnect', () => process.exit(0));
process.on('message', async (ask) => {
  if (ask.stop) {
    await node.stop();
    process.exit(0);
  }
  process.send({ answer: await answer(ask) });
});
await node.start();
process.send({ started: true });

async function answer(ask) {
  if (ask.load) return load(ask.seconds, ask.inFlight);
  if (ask.status) return node.status();
  if (ask.rss) return { rssMb: process.memoryUsage.rss() / 2 ** 20 };
  if (ask.heartbeats) {
    const { sent, arrived } = heartbeats;
    const gaps = (times) => times.slice(1).map((at, i) => at - times[i]);
    const seen = { sent: gaps(sent.splice(0)), arrived: gaps(arrived.splice(0)), elections };
    elections = 0;
    return seen;
  }
  throw new Error(`unknown: ${JSON.stringify(ask)}`);
}

/** `inFlight` proposers, each with one 256-byte proposal at a time. */
async function load(seconds, inFlight) {
  const data = Buffer.alloc(256, 1);
  const latencies = [];
  const cpu = process.cpuUsage();
  const end = performance.now() + seconds * 1000;
  const proposer = async () => {
    for (let now = performance.now(); now < end;) {
      await node.propose(data);
      const done = performance.now();
      latencies.push(done - now);
      now = done;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, proposer));
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: Math.round(latencies.length / seconds),
    ...percentiles(latencies),
    cpuUsEach: Number(((user + system) / latencies.length).toFixed(2)),
  };
}
