// One member of a counter service on @batonmq/raft. Takes `{ id, op: 'increment' | 'read' | 'leaseRead' | 'status', name }` over the
// IPC channel and answers `{ id, value }` or `{ id, error, leaderHint }`. For `busy-is-not-dead` it can make itself trouble:
// garbage without end, a disk that takes its time, and with the operation `load` more proposals than it can take.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { RaftNode, LevelStorage, RSocketTransport } = require('@batonmq/raft');
const { nodeHost, silentLog } = require('@batonmq/host');

/** Counts increments; the chain of their names tells whether two members were given the same ones in the same order. */
class Counter {
  value = 0;
  chain = '';

  apply(data) {
    this.value++;
    this.chain = createHash('sha1').update(this.chain).update(data).digest('hex');
    return Buffer.from(String(this.value));
  }

  snapshot() {
    return Buffer.from(JSON.stringify({ value: this.value, chain: this.chain }));
  }

  restore(snapshot) {
    Object.assign(this, JSON.parse(String(snapshot)));
  }
}

/** Objects that live long enough to grow old, a part of them replaced all the time: what a collector hates. */
function churn(objects) {
  const make = (n) => ({ n, text: `object ${n}`, list: [n, n + 1] });
  const heap = Array.from({ length: objects }, (_, n) => make(n));
  let at = 0;
  setInterval(() => {
    for (let n = 0; n < objects / 100; n++) heap[at++ % objects] = make(at);
  }, 20);
}

/** Takes as long as a bad disk does; now and then much longer. */
class SlowStorage extends LevelStorage {
  writes = 0;

  async write(batch) {
    const diskMs = this.writes++ % 50 === 49 ? trouble.diskMs * 10 : trouble.diskMs;
    if (diskMs > 0) await new Promise((resolve) => setTimeout(resolve, diskMs));
    return super.write(batch);
  }
}

const { id, peers, listen, directory, trouble = { diskMs: 0, objects: 0 }, options } = JSON.parse(process.argv[2]);
if (trouble.objects > 0) churn(trouble.objects);
const host = nodeHost(silentLog);
const machine = new Counter();
const node = new RaftNode({
  host,
  id,
  group: 'counter',
  peers,
  machine,
  storage: new SlowStorage(directory),
  transport: new RSocketTransport(host, { listen }),
  electionTimeoutMs: 500,
  heartbeatMs: 100,
  snapshotEveryEntries: 500,
  timeoutMs: 3000,
  ...options,
});
let elections = 0;
let preVotes = 0;
node.onRoleChange(({ role }) => {
  if (role === 'candidate') elections++;
  if (role === 'pre-candidate') preVotes++;
});

/** `inFlight` proposers, each with one proposal at a time. @returns how many were committed */
async function load({ seconds, inFlight }) {
  const data = Buffer.alloc(256, 1);
  const end = performance.now() + seconds * 1000;
  let count = 0;
  const proposer = async () => {
    for (; performance.now() < end; count++) await node.propose(data);
  };
  await Promise.all(Array.from({ length: inFlight }, proposer));
  return count;
}

const operations = {
  increment: async ({ name }) => Number(await node.propose(Buffer.from(name))),
  read: async () => {
    await node.readIndex();
    return machine.value;
  },
  leaseRead: async () => {
    await node.leaseRead();
    return machine.value;
  },
  status: async () => ({ ...node.status(), value: machine.value, chain: machine.chain, elections, preVotes }),
  load,
};

process.on('disconnect', () => process.exit(0));
process.on('message', async (request) => {
  try {
    process.send({ id: request.id, value: await operations[request.op](request) });
  } catch (error) {
    process.send({ id: request.id, error: error.code ?? String(error), leaderHint: error.leaderHint });
  }
});
await node.start();
process.send({ started: true });
