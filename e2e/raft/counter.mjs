// One member of a counter service on @batonmq/raft. Takes `{ id, op: 'increment' | 'read' | 'status', name }` over the
// IPC channel and answers `{ id, value }` or `{ id, error, leaderHint }`.
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

const { id, peers, listen, directory } = JSON.parse(process.argv[2]);
const host = nodeHost(silentLog);
const machine = new Counter();
const node = new RaftNode({
  host,
  id,
  group: 'counter',
  peers,
  machine,
  storage: new LevelStorage(directory),
  transport: new RSocketTransport(host, { listen }),
  electionTimeoutMs: 500,
  heartbeatMs: 100,
  snapshotEveryEntries: 500,
  timeoutMs: 3000,
});

const operations = {
  increment: async ({ name }) => Number(await node.propose(Buffer.from(name))),
  read: async () => {
    await node.readIndex();
    return machine.value;
  },
  status: async () => ({ ...node.status(), value: machine.value, chain: machine.chain }),
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
