import { HostError, type Connection, type ConnectionHandlers, type Listener } from '@batonmq/host';
import {
  eventually,
  hostTest,
  isTrue,
  pattern,
  pause,
  rejects,
  same,
  signal,
  type HostUnderTest,
  type It,
  type MakeHost,
} from './suite';

/** Collects what one end of a connection is told. */
class Ear implements ConnectionHandlers {
  private readonly parts: Buffer[] = [];
  readonly closes: (string | undefined)[] = [];
  drains = 0;
  bytes = 0;
  constructor(private readonly hear: (bytes: Buffer) => void = () => {}) {}
  data(bytes: Buffer): void {
    if (this.closes.length > 0) throw new Error('data after close');
    this.parts.push(Buffer.from(bytes));
    this.bytes += bytes.length;
    this.hear(bytes);
  }
  close(reason: Error | undefined): void {
    this.closes.push(reason?.message);
  }
  drain(): void {
    this.drains++;
  }
  get all(): Buffer {
    return Buffer.concat(this.parts);
  }
}

interface Pair {
  /** The end that connected, on the peer. */
  readonly near: Connection;
  /** The end that was accepted, on the host. */
  readonly far: Connection;
  readonly listener: Listener;
}

async function connectPair({ host, peer, address }: HostUnderTest): Promise<Pair> {
  const accepted = signal<Connection>();
  const listener = await host.network.listen({ port: 0 }, accepted.give);
  const near = await peer.network.connect({ host: address, port: listener.port, timeoutMs: 5000 });
  return { near, far: await accepted.promise, listener };
}

const MIB = 2 ** 20;

/** Network, Listener and Connection. */
export function networkConformance(it: It, makeHost: MakeHost): void {
  connectingConformance(it, makeHost);
  bytesConformance(it, makeHost);
  handOverConformance(it, makeHost);
  closingConformance(it, makeHost);
}

function connectingConformance(it: It, makeHost: MakeHost): void {
  const test = hostTest.bind(undefined, it, makeHost);

  test('both ends agree on their addresses', async (under) => {
    const { near, far, listener } = await connectPair(under);
    same(near.local, far.remote, 'address of the near end');
    same(near.remote, far.local, 'address of the far end');
    same(near.remote, `${under.address}:${listener.port}`, 'what was connected to');
    same([near.closed, far.closed], [false, false], 'closed');
    near.destroy();
    await listener.close();
  });

  test('a port that nobody listens on refuses', async ({ host, peer, address }) => {
    const listener = await host.network.listen({ port: 0 }, () => {});
    await listener.close();
    const connecting = peer.network.connect({ host: address, port: listener.port, timeoutMs: 5000 });
    await rejects('CONNECT_FAILED', 'connect', connecting);
  });

  test('a port has one listener; a closed one makes room and keeps its connections', async (under) => {
    const { host } = under;
    const { near, far, listener } = await connectPair(under);
    await rejects(
      'ADDRESS_IN_USE',
      'the second listen',
      host.network.listen({ port: listener.port }, () => {}),
    );
    await listener.close();
    await listener.close();
    const next = await host.network.listen({ port: listener.port }, () => {});
    const ear = new Ear();
    far.receive(ear);
    near.write(Buffer.from('still there'));
    await eventually(host, () => ear.bytes === 11, 'the bytes on the old connection');
    near.destroy();
    await next.close();
  });

  test('an accept callback that throws costs its connection, not the listener', async ({ host, peer, address }) => {
    let accepted = 0;
    const ear = new Ear();
    const listener = await host.network.listen({ port: 0 }, (connection) => {
      if (++accepted === 1) throw new Error('planted by the test');
      connection.receive(ear);
    });
    const target = { host: address, port: listener.port, timeoutMs: 5000 };
    const [first, firstEar] = [await peer.network.connect(target), new Ear()];
    first.receive(firstEar);
    await eventually(peer, () => firstEar.closes.length === 1, 'the end of the first connection');
    const second = await peer.network.connect(target);
    second.receive(new Ear());
    second.write(Buffer.from('x'));
    await eventually(host, () => ear.bytes === 1, 'the bytes of the second connection');
    second.destroy();
    await listener.close();
  });
}

function bytesConformance(it: It, makeHost: MakeHost): void {
  const test = hostTest.bind(undefined, it, makeHost);

  test('bytes arrive in order, both ways at once, in whatever pieces', async (under) => {
    const { near, far, listener } = await connectPair(under);
    const [ear, echo] = [new Ear((bytes) => far.write(Buffer.from(bytes))), new Ear()];
    far.receive(ear);
    near.receive(echo);
    const bytes = pattern(MIB);
    for (let at = 0; at < MIB;) {
      const length = 1 + Math.floor(under.host.random.next() * 30_000);
      near.write(bytes.subarray(at, at + length));
      at += length;
      if (under.host.random.next() < 0.3) await pause(under.peer, 1);
    }
    await eventually(under.peer, () => echo.bytes >= MIB, 'the echo');
    isTrue(ear.all.equals(bytes), 'the far end got what was sent');
    isTrue(echo.all.equals(bytes), 'the near end got it back');
    near.end();
    await eventually(under.peer, () => echo.closes.length + ear.closes.length === 2, 'the end');
    same([...echo.closes, ...ear.closes], [undefined, undefined], 'reasons');
    await listener.close();
  });

  test('nothing is read before receive, nothing is lost', async (under) => {
    const { near, far, listener } = await connectPair(under);
    near.write(Buffer.from('early'));
    await pause(under.host, 30);
    const ear = new Ear();
    far.receive(ear);
    same(ear.bytes, 0, 'bytes delivered within the call of receive');
    await eventually(under.host, () => ear.bytes === 5, 'the early bytes');
    near.destroy();
    await listener.close();
  });

  test('bufferedBytes counts what was written in this turn; drain says when it is gone', async (under) => {
    const { near, far, listener } = await connectPair(under);
    const [ear, own] = [new Ear(), new Ear()];
    near.receive(own);
    far.receive(ear);
    far.write(Buffer.from('hi'));
    await eventually(under.peer, () => own.bytes === 2, 'bytes from the other end');
    same(own.drains, 0, 'drains of who has written nothing');
    near.write(Buffer.from('abc'));
    near.write(Buffer.from('de'));
    same(near.bufferedBytes, 5, 'buffered');
    same(own.drains, 0, 'drains within the call');
    await eventually(under.peer, () => own.drains === 1, 'drain');
    same(near.bufferedBytes, 0, 'buffered after drain');
    await eventually(under.host, () => ear.bytes === 5, 'the bytes');
    await pause(under.peer, 10);
    same(own.drains, 1, 'drains');
    near.destroy();
    await listener.close();
  });

  test('a paused receiver holds the sender back, and gets all in order after resume', async (under) => {
    const { near, far, listener } = await connectPair(under);
    const [ear, own] = [new Ear(() => far.pause()), new Ear()];
    far.receive(ear);
    near.receive(own);
    const bytes = pattern(MIB);
    for (let round = 0; round < 32; round++) near.write(bytes);
    await eventually(under.host, () => ear.bytes > 0, 'the first bytes');
    const first = ear.bytes;
    await pause(under.host, 50);
    same(ear.bytes, first, 'bytes delivered while paused');
    isTrue(near.bufferedBytes > MIB, 'the sender sees that its bytes are not taken');
    same(own.drains, 0, 'drains');
    let total = 0;
    far.receive({ data: (part) => (total += part.length), close: () => {} });
    await pause(under.host, 20);
    same(total, 0, 'bytes delivered to a new receiver while paused');
    far.resume();
    await eventually(under.host, () => first + total === 32 * MIB, 'everything');
    await eventually(under.peer, () => own.drains === 1, 'drain');
    same(near.bufferedBytes, 0, 'buffered at the end');
    near.destroy();
    await listener.close();
  });

  test('pausing within a delivery stops the next one', async (under) => {
    const { near, far, listener } = await connectPair(under);
    near.write(pattern(200_000));
    await pause(under.host, 30);
    let resumes = 0;
    const ear: Ear = new Ear(() => {
      far.pause();
      if (++resumes <= 100) under.host.timers.after(0, () => far.resume());
    });
    far.receive(ear);
    await eventually(under.host, () => ear.bytes === 200_000, 'all bytes');
    isTrue(ear.all.equals(pattern(200_000)), 'in order');
    near.destroy();
    await listener.close();
  });
}

function handOverConformance(it: It, makeHost: MakeHost): void {
  const test = hostTest.bind(undefined, it, makeHost);

  for (const order of ['unread, then receive', 'receive, then unread']) {
    test(`a connection can be handed over with what was looked at (${order})`, async (under) => {
      const { near, far, listener } = await connectPair(under);
      const second = new Ear();
      const looked: string[] = [];
      far.receive({
        data: (bytes) => {
          looked.push(bytes.toString('latin1').slice(0, 1));
          if (order === 'unread, then receive') far.unread(bytes);
          far.receive(second);
          if (order === 'receive, then unread') far.unread(bytes);
        },
        close: () => looked.push('closed'),
      });
      const bytes = pattern(100_000);
      near.write(bytes.subarray(0, 60_000));
      await eventually(under.host, () => looked.length > 0, 'the first look');
      near.write(bytes.subarray(60_000));
      near.end();
      await eventually(under.host, () => second.closes.length > 0, 'the end');
      same(looked.length, 1, 'calls of the first receiver');
      isTrue(second.all.equals(bytes), 'the second receiver got everything from the first byte on');
      await listener.close();
    });
  }

  test('bytes put back and bytes unread are delivered before the end', async (under) => {
    const { near, far, listener } = await connectPair(under);
    far.receive({ data: (bytes) => far.unread(bytes), close: () => {} });
    near.write(Buffer.from('hello'));
    near.end();
    await pause(under.host, 50);
    const second = new Ear();
    far.receive(second);
    await eventually(under.host, () => second.closes.length === 1, 'the end');
    same(second.all.toString(), 'hello', 'bytes');
    await listener.close();
  });
}

function closingConformance(it: It, makeHost: MakeHost): void {
  const test = hostTest.bind(undefined, it, makeHost);

  test('end sends all that was written, and both ends close without a reason, once', async (under) => {
    const { near, far, listener } = await connectPair(under);
    const [ear, own] = [new Ear(), new Ear()];
    far.receive(ear);
    near.receive(own);
    const bytes = pattern(3 * MIB);
    near.write(bytes);
    near.end();
    near.end();
    near.write(Buffer.from('after the end: does nothing'));
    await eventually(under.host, () => ear.closes.length + own.closes.length === 2, 'both ends closed');
    isTrue(ear.all.equals(bytes), 'everything arrived');
    await pause(under.host, 20);
    same([ear.closes, own.closes], [[undefined], [undefined]], 'reasons');
    same([near.closed, far.closed], [true, true], 'closed');
    far.write(Buffer.from('does nothing'));
    far.end();
    far.destroy();
    await listener.close();
  });

  test('one end may answer after the other has asked and ended', async (under) => {
    const { near, far, listener } = await connectPair(under);
    const own = new Ear();
    near.receive(own);
    far.receive(new Ear(() => far.write(Buffer.from('answer'))));
    near.write(Buffer.from('question'));
    near.end();
    await eventually(under.peer, () => own.closes.length === 1, 'the end');
    same(own.all.toString(), 'answer', 'bytes');
    await listener.close();
  });

  test('destroy closes at once; the reason stays on this side', async (under) => {
    const { near, far, listener } = await connectPair(under);
    const [ear, own] = [new Ear(), new Ear()];
    far.receive(ear);
    near.receive(own);
    far.write(Buffer.from('on its way'));
    near.destroy(new HostError('NETWORK', 'enough'));
    same(near.closed, true, 'closed');
    same(own.closes, [], 'closes within the call');
    near.write(Buffer.from('does nothing'));
    same(near.bufferedBytes, 0, 'buffered');
    await eventually(under.host, () => own.closes.length + ear.closes.length === 2, 'both ends closed');
    await pause(under.host, 20);
    same(own.closes, ['enough'], 'own reason');
    same(own.bytes, 0, 'bytes delivered after destroy');
    same([ear.closes.length, ear.bytes], [1, 0], 'closes and bytes of the other end');
    await listener.close();
  });

  test('a handler that throws closes its connection, with the error as reason, and no other', async (under) => {
    const [one, other] = [await connectPair(under), await connectPair(under)];
    const [oneEar, otherEar, nearEar] = [new Ear(() => bang()), new Ear(), new Ear()];
    one.far.receive(oneEar);
    other.far.receive(otherEar);
    one.near.receive(nearEar);
    one.near.write(Buffer.from('x'));
    await eventually(under.host, () => oneEar.closes.length + nearEar.closes.length === 2, 'the end of the one');
    same(oneEar.closes, ['planted by the test'], 'reason');
    other.near.write(Buffer.from('y'));
    await eventually(under.host, () => otherEar.bytes === 1, 'the bytes of the other');
    other.near.destroy();
    await one.listener.close();
    await other.listener.close();
  });

  test('a drain handler that throws closes its connection too', async (under) => {
    const { near, listener } = await connectPair(under);
    const closes: unknown[] = [];
    near.receive({ data: () => {}, close: (reason) => closes.push(reason?.message), drain: bang });
    near.write(Buffer.from('x'));
    await eventually(under.peer, () => closes.length === 1, 'the end');
    same(closes, ['planted by the test'], 'reason');
    await listener.close();
  });

  test('who starts to receive after the end gets the bytes, then the end', async (under) => {
    const { near, far, listener } = await connectPair(under);
    near.write(Buffer.from('last words'));
    near.end();
    await pause(under.host, 50);
    const ear = new Ear();
    far.receive(ear);
    same(ear.closes, [], 'closes within the call');
    await eventually(under.host, () => ear.closes.length === 1, 'the end');
    same(ear.all.toString(), 'last words', 'bytes');
    same(ear.closes, [undefined], 'reason');
    await listener.close();
  });

  test('who starts to receive after destroy hears of it, with the reason', async (under) => {
    const { near, listener } = await connectPair(under);
    near.destroy(new HostError('NETWORK', 'enough'));
    await pause(under.peer, 20);
    const ear = new Ear();
    near.receive(ear);
    await eventually(under.peer, () => ear.closes.length === 1, 'the end');
    same(ear.closes, ['enough'], 'reason');
    await listener.close();
  });
}

function bang(): never {
  throw new Error('planted by the test');
}
