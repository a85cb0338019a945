import { silentLog, type Timers } from '@batonmq/host';
import type { Message } from '../core/message';
import { PeerLink, type Channel } from './peer-link';

const heartbeat = (round: number): Message => ({ kind: 'heartbeat', term: 1, commitIndex: 0, round });
const append = (prevIndex: number, count: number, bytes = 10): Message => ({
  kind: 'append',
  term: 1,
  prevIndex,
  prevTerm: 1,
  commitIndex: prevIndex,
  entries: Array.from({ length: count }, (_, i) => {
    return { index: prevIndex + 1 + i, term: 1, kind: 'data' as const, data: Buffer.alloc(bytes) };
  }),
});

/** A peer that can be there, and ready, or not; time when told. */
function madeUp() {
  const delays: number[] = [];
  let timer: (() => void) | undefined;
  const turn: (() => void)[] = [];
  const timers: Timers = {
    after: (delayMs, task) => {
      delays.push(delayMs);
      timer = task;
      return () => (timer = undefined);
    },
    every: () => () => {},
    endOfTurn: (task) => void turn.push(task),
  };
  const world = { isThere: false, ready: true, dropped: 0, sent: [] as Message[][] };
  const channel: Channel = {
    get ready() {
      return world.ready;
    },
    closed: false,
    send: (messages) => void world.sent.push([...messages]),
    close: () => {},
  };
  const link = new PeerLink(
    { timers, random: { next: () => 1, bytes: (n) => Buffer.alloc(n) }, log: silentLog },
    {
      peer: 'b',
      connect: async () => {
        if (!world.isThere) throw new Error('refused');
        return channel;
      },
      onDropped: () => void world.dropped++,
    },
  );
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await null;
  };
  return {
    link,
    world,
    channel,
    delays,
    settle,
    endTurn: () => turn.splice(0).forEach((task) => task()),
    fire: () => timer?.(),
  };
}

async function connected() {
  const made = madeUp();
  made.world.isThere = true;
  made.link.send(heartbeat(0));
  await made.settle();
  made.world.sent.length = 0;
  return made;
}

describe('the link to a peer', () => {
  it('tries again after pauses that grow to two seconds, and only when there is something to say', async () => {
    const { link, world, delays, settle, fire } = madeUp();
    for (let i = 0; i < 8; i++) {
      link.send(heartbeat(i));
      await settle();
      const tries = delays.length;
      link.send(heartbeat(i)); // in the pause: dropped
      await settle();
      expect(delays).toHaveLength(tries);
      fire();
    }
    expect(delays).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
    expect(world.dropped).toBe(16);
    world.isThere = true;
    link.send(heartbeat(9));
    await settle();
    expect(world.sent).toEqual([[heartbeat(9)]]);
  });

  it('does not wait for the end of a pause when the peer itself has come', async () => {
    const { link, world, delays, settle, fire } = madeUp();
    for (let i = 0; i < 4; i++) {
      if (i > 0) fire();
      link.send(heartbeat(i));
      await settle();
    }
    link.peerIsThere();
    world.isThere = true;
    link.send(heartbeat(9));
    await settle();
    expect(world.sent).toEqual([[heartbeat(9)]]);
    expect(delays).toEqual([50, 100, 200, 400]);
  });

  it('begins with the short pause again after a connection', async () => {
    const { link, channel, delays } = await connected();
    link.lost(channel, 'gone');
    expect(delays).toEqual([50]);
  });

  it('sends at once what the channel takes, and the rest in batches of a megabyte when it can again', async () => {
    const { link, world } = await connected();
    link.send(heartbeat(1));
    expect(world.sent).toEqual([[heartbeat(1)]]);
    world.ready = false;
    for (const prev of [0, 1, 2, 3]) link.send(append(prev, 1, 400_000));
    link.send(heartbeat(2));
    expect(world.sent).toHaveLength(1);
    world.ready = true;
    link.flush();
    expect(world.sent.slice(1).map((batch) => batch.length)).toEqual([2, 3]);
  });

  it('drops what is more than may wait', async () => {
    const { link, world } = await connected();
    world.ready = false;
    for (let i = 0; i < 4096; i++) link.send(heartbeat(i));
    expect(world.dropped).toBe(0);
    link.send(heartbeat(4096));
    expect(world.dropped).toBe(1);
  });

  it('holds an append without entries until the end of the turn, and lets one with entries stand for it', async () => {
    const { link, world, endTurn } = await connected();
    link.send(append(5, 0));
    link.send(append(6, 0));
    expect(world.sent).toEqual([]);
    endTurn();
    expect(world.sent).toEqual([[append(6, 0)]]);
    link.send(append(6, 0));
    link.send(append(6, 1));
    endTurn();
    expect(world.sent.slice(1)).toEqual([[append(6, 1)]]);
  });
});
