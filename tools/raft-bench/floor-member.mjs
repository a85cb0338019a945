// What no consensus over three synced LevelDBs can be faster than, on this machine, now: the leader writes an entry with sync
// and sends it to both others over bare TCP, these do the same and answer with its number, and two of the three decide.
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { percentiles } from './percentiles.mjs';

const require = createRequire(import.meta.url);
const { Level } = require('level');

const ENTRY_BYTES = 300;
const NUMBER_BYTES = 4;
const { index, ports, directory } = JSON.parse(process.argv[2]);
const db = new Level(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer', compression: false });
await db.open();

/** The entry's number, at its beginning, is its key. */
function write(entry) {
  return db.batch().put(entry.subarray(0, NUMBER_BYTES), entry).write({ sync: true });
}

/** All have one length, so that no frames are needed. */
function receive(socket, bytes, take) {
  let rest = Buffer.alloc(0);
  socket.setNoDelay(true).on('data', (data) => {
    rest = Buffer.concat([rest, data]);
    for (; rest.length >= bytes; rest = rest.subarray(bytes)) take(rest.subarray(0, bytes));
  });
}

process.on('disconnect', () => process.exit(0));
process.on('message', async (ask) => {
  if (!ask.stop) return process.send({ answer: await lead(ask.seconds) });
  await db.close();
  process.exit(0);
});
const server = createServer((socket) =>
  receive(socket, ENTRY_BYTES, async (entry) => {
    await write(entry);
    socket.write(entry.subarray(0, NUMBER_BYTES));
  }),
);
server.listen(ports[index], '127.0.0.1', () => process.send({ started: true }));

/** One entry at a time. */
async function lead(seconds) {
  let number = 0;
  let votes = 0;
  let decide = () => {};
  const vote = (of) => {
    if (of === number && ++votes === 2) decide();
  };
  const sockets = ports.filter((_, i) => i !== index).map((port) => connect(port, '127.0.0.1'));
  for (const socket of sockets) receive(socket, NUMBER_BYTES, (answer) => vote(answer.readUInt32BE(0)));
  const times = [];
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const entry = Buffer.alloc(ENTRY_BYTES, 1);
    entry.writeUInt32BE(++number);
    votes = 0;
    const from = performance.now();
    const decided = new Promise((resolve) => (decide = resolve));
    for (const socket of sockets) socket.write(entry);
    const own = number;
    write(entry).then(() => vote(own));
    await decided;
    times.push(performance.now() - from);
  }
  return percentiles(times);
}
