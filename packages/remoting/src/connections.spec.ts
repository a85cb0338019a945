import { nodeHost, silentLog, type Connection, type Host } from '@batonmq/host';
import { encodeFrame, FrameReader, type OutgoingFrame } from './frame';
import {
  RemotingClient,
  RemotingServer,
  RequestRefused,
  type Interceptor,
  type RemotingCommand,
  type RemotingServerOptions,
} from './index';

const SLOW = 60_000;

/** The real network; timers fire when they are told to, and the clock can be put forward. */
function hostWithOwnTime() {
  const real = nodeHost(silentLog);
  let skippedMs = 0;
  let timers: { dueMs: number; task: () => void; periodMs?: number }[] = [];
  const add = (timer: (typeof timers)[number]) => {
    timers.push(timer);
    return () => {
      timers = timers.filter((one) => one !== timer);
    };
  };
  const host: Host = {
    ...real,
    clock: { ...real.clock, monotonicMs: () => skippedMs },
    timers: {
      endOfTurn: (task) => real.timers.endOfTurn(task),
      after: (delayMs, task) => add({ dueMs: skippedMs + delayMs, task }),
      every: (periodMs, task) => add({ dueMs: skippedMs + periodMs, task, periodMs }),
    },
  };
  const skip = (ms: number): void => {
    skippedMs += ms;
    for (const timer of timers.filter(({ dueMs }) => dueMs <= skippedMs)) {
      if (timer.periodMs === undefined) timers = timers.filter((one) => one !== timer);
      else timer.dueMs = skippedMs + timer.periodMs;
      timer.task();
    }
  };
  return { host, skip, pendingTimers: () => timers.length };
}

/** A client that speaks bytes. */
class RawClient {
  readonly answers: RemotingCommand[] = [];
  closed = false;
  private readonly reader = new FrameReader();
  private waiting: (() => void)[] = [];

  constructor(readonly connection: Connection) {
    connection.receive({
      data: (bytes) => this.reader.push(bytes, (command) => this.note(() => this.answers.push(command))),
      close: () => this.note(() => (this.closed = true)),
    });
  }

  send(frame: Partial<OutgoingFrame>): void {
    encodeFrame({ code: 1, opaque: 1, flag: 0, ...frame }, (bytes) => this.connection.write(Buffer.from(bytes)));
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private note(change: () => void): void {
    change();
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}

describe('connections', () => {
  const { host, skip, pendingTimers } = hostWithOwnTime();
  let stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.reverse()) await stop();
    stops = [];
    skip(SLOW);
  });

  const serve = async (options: Partial<RemotingServerOptions> = {}) => {
    const server = new RemotingServer(host, { host: '127.0.0.1', port: 0, ...options });
    stops.push(() => server.stop());
    await server.start();
    return { server, address: `127.0.0.1:${server.port}` };
  };
  const clientOf = (
    ...options: ConstructorParameters<typeof RemotingClient> extends [unknown, (infer O)?] ? O[] : never
  ) => {
    const client = new RemotingClient(host, options[0]);
    stops.push(() => client.stop());
    return client;
  };
  const raw = async (server: RemotingServer) =>
    new RawClient(await host.network.connect({ host: '127.0.0.1', port: server.port, timeoutMs: SLOW }));

  describe('requests (21.7 to 21.11)', () => {
    it('answers in the type of the request', async () => {
      const { server } = await serve();
      server.handle(1, () => ({ code: 0, header: { a: 'b' } }));
      const client = await raw(server);
      client.send({ serializeType: 'ROCKETMQ', opaque: 1 });
      client.send({ serializeType: 'JSON', opaque: 2 });
      await client.until(() => client.answers.length === 2);
      expect(
        client.answers.map(({ opaque, serializeType, extFields, flag }) => [opaque, serializeType, extFields, flag]),
      ).toEqual([
        [1, 'ROCKETMQ', { a: 'b' }, 1],
        [2, 'JSON', { a: 'b' }, 1],
      ]);
    });

    it.each([0, -1, 2 ** 31 - 1, -(2 ** 31)])(
      'refuses unknown codes under the opaque of the request: %d',
      async (opaque) => {
        const { server } = await serve();
        const client = await raw(server);
        client.send({ code: 9999, opaque });
        await client.until(() => client.answers.length === 1);
        expect(client.answers[0]).toMatchObject({ code: 3, opaque, remark: ' request type 9999 not supported' });
      },
    );

    it('answers nothing to one-way requests: unknown, failing, refusing, answering', async () => {
      const { server } = await serve();
      server.handle(1, () => {
        throw new Error('broken');
      });
      server.handle(2, () => Promise.reject(new RequestRefused(16, 'no')));
      server.handle(3, () => ({ code: 0 }));
      server.handle(4, () => ({ code: 0, remark: 'last' }));
      const client = await raw(server);
      for (const code of [1, 2, 3, 9999]) client.send({ code, flag: 2 });
      client.send({ code: 4, opaque: 7 });
      await client.until(() => client.answers.length > 0);
      expect(client.answers).toMatchObject([{ opaque: 7, remark: 'last' }]);
    });

    it('answers failures with their code, also when handlers are asynchronous', async () => {
      const { server, address } = await serve();
      server.handle(1, () => {
        throw new RequestRefused(16, 'not you');
      });
      server.handle(2, () => Promise.reject(new Error('broken')));
      server.handle(3, async () => ({ code: 0, remark: 'later' }));
      server.handle(4, (request, peer) => void peer.respond(request, { code: 0, remark: 'by hand' }));
      server.handle(5, () => ({ code: 0, body: Buffer.alloc(16 * 1024 * 1024) }));
      server.handleRest(() => ({ code: 42 }));
      const client = clientOf();
      const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((code) => client.invoke(address, { code }, SLOW)));
      expect(answers.map(({ code, remark }) => [code, remark])).toEqual([
        [16, 'not you'],
        [1, 'broken'],
        [0, 'later'],
        [0, 'by hand'],
        [1, expect.stringContaining('limit 16777216 B')],
        [42, undefined],
      ]);
    });

    it('ignores other flag bits; a flag of 3 is an answer', async () => {
      const { server } = await serve();
      server.handle(1, () => ({ code: 0 }));
      const client = await raw(server);
      client.send({ flag: 3, opaque: 5 });
      client.send({ flag: 0x7ffffffc, opaque: 6 });
      await client.until(() => client.answers.length > 0);
      expect(client.answers).toMatchObject([{ opaque: 6 }]);
    });

    it('keeps the same opaque of two connections apart, and takes answers out of order', async () => {
      const { server, address } = await serve();
      const open: (() => void)[] = [];
      server.handle(
        1,
        (request, peer) => void open.push(() => peer.respond(request, { code: Number(request.extFields['n']) })),
      );
      const clients = [clientOf(), clientOf()];
      const calls = [1, 2, 3, 4].map((n) =>
        (clients[n % 2] as RemotingClient).invoke(address, { code: 1, header: { n: String(n) } }, SLOW),
      );
      const done = await raw(server);
      while (open.length < 4) {
        done.send({ code: 9999 });
        const { length } = done.answers;
        await done.until(() => done.answers.length > length);
      }
      for (const respond of open.reverse()) respond();
      expect((await Promise.all(calls)).map(({ code }) => code)).toEqual([1, 2, 3, 4]);
    });

    it('gives up after the timeout; the late answer, and a second one, match nothing', async () => {
      const { server, address } = await serve();
      let respond = (): void => {};
      const asked = new Promise<void>((resolve) => {
        server.handle(1, (request, peer) => {
          respond = () => peer.respond(request, { code: 0, remark: 'late' });
          resolve();
          return undefined;
        });
      });
      server.handle(2, (request, peer) => {
        peer.respond(request, { code: 0, remark: 'first' });
        return { code: 0, remark: 'second' };
      });
      const client = clientOf();
      const call = client.invoke(address, { code: 1 }, 500);
      call.catch(() => {});
      await asked;
      skip(500);
      await expect(call).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
      respond();
      expect((await client.invoke(address, { code: 2 }, SLOW)).remark).toBe('first');
      expect((await client.invoke(address, { code: 2 }, SLOW)).remark).toBe('first');
    });

    it('bounds the requests that wait on one connection', async () => {
      const { server, address } = await serve();
      server.handle(1, () => undefined);
      const client = clientOf({ maxPending: 2 });
      await client.oneway(address, { code: 1 });
      const waiting = [1, 2].map(() => client.invoke(address, { code: 1 }, SLOW));
      for (const call of waiting) call.catch(() => {});
      await expect(client.invoke(address, { code: 1 }, SLOW)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    });

    it('refuses to send what is too large, and goes on', async () => {
      const { server, address } = await serve();
      server.handle(1, () => ({ code: 0 }));
      const client = clientOf();
      const body = Buffer.alloc(16 * 1024 * 1024);
      await expect(client.invoke(address, { code: 1, body }, SLOW)).rejects.toMatchObject({ code: 'FRAME_TOO_LARGE' });
      await expect(client.oneway(address, { code: 1, body })).rejects.toMatchObject({ code: 'FRAME_TOO_LARGE' });
      expect((await client.invoke(address, { code: 1 }, SLOW)).code).toBe(0);
    });
  });

  describe('closing (21.11)', () => {
    const inFlight = async (client: RemotingClient, server: RemotingServer, address: string, count: number) => {
      let arrived = 0;
      const all = new Promise<void>((resolve) => {
        server.handle(1, () => {
          arrived += 1;
          if (arrived === count) resolve();
          return undefined;
        });
      });
      const outcomes: string[] = [];
      const calls = Array.from({ length: count }, () =>
        client.invoke(address, { code: 1 }, SLOW).then(
          () => outcomes.push('answer'),
          (error: { code: string }) => outcomes.push(error.code),
        ),
      );
      await all;
      return { outcomes, settled: Promise.all(calls) };
    };

    it.each(['server closes', 'address is closed', 'client stops'])(
      'all calls fail at once, each exactly once: %s',
      async (how) => {
        const { server, address } = await serve();
        let serverSide: { close(): void } | undefined;
        server.handle(2, (_request, peer) => {
          serverSide = peer;
          return { code: 0 };
        });
        const client = clientOf();
        await client.invoke(address, { code: 2 }, SLOW);
        const { outcomes, settled } = await inFlight(client, server, address, 5);
        const timersBefore = pendingTimers();
        if (how === 'server closes') serverSide?.close();
        else if (how === 'address is closed') client.closeAddress(address);
        else await client.stop();
        await settled;
        expect(outcomes).toEqual(Array.from({ length: 5 }, () => 'CONNECTION_CLOSED'));
        expect(timersBefore - pendingTimers()).toBeGreaterThanOrEqual(4);
        skip(SLOW);
        expect(outcomes).toHaveLength(5);
      },
    );

    it('connects again after a connection was lost, and says that it was', async () => {
      const { server, address } = await serve();
      server.handle(1, (request, peer) => {
        if (request.extFields['close'] !== undefined) peer.close();
        return { code: 0, remark: String(peer.id) };
      });
      const client = clientOf();
      const lost = new Promise((resolve) => client.onConnectionLost(resolve));
      client.onConnectionLost(() => {
        throw new Error('a listener that fails harms nobody');
      });
      const first = await client.invoke(address, { code: 1 }, SLOW);
      await client.invoke(address, { code: 1, header: { close: '' } }, SLOW).catch(() => {});
      expect(await lost).toBe(address);
      const second = await client.invoke(address, { code: 1 }, SLOW);
      client.closeAddress(address);
      const third = await client.invoke(address, { code: 1 }, SLOW);
      expect(new Set([first.remark, second.remark, third.remark]).size).toBe(3);
    });

    it('fails calls to nobody, to nonsense, and of a stopped client', async () => {
      const { server, address } = await serve();
      await server.stop();
      const client = clientOf();
      await expect(client.invoke(address, { code: 1 }, SLOW)).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
      await expect(client.invoke('nonsense', { code: 1 }, SLOW)).rejects.toMatchObject({ code: 'BAD_ADDRESS' });
      await client.stop();
      await expect(client.invoke(address, { code: 1 }, SLOW)).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
      await expect(client.oneway(address, { code: 1 })).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    });

    it('waits no longer for a connection than the caller does', async () => {
      const never = { ...host, network: { ...host.network, connect: () => new Promise<never>(() => {}) } };
      const client = new RemotingClient(never);
      const patient = client.invoke('10.255.255.1:1', { code: 1 }, 3000);
      const hasty = client.invoke('10.255.255.1:1', { code: 1 }, 300);
      const outcomes: string[] = [];
      for (const [name, call] of [
        ['patient', patient],
        ['hasty', hasty],
      ] as const) {
        call.catch((error: { code: string }) => outcomes.push(`${name} ${error.code}`));
      }
      skip(300);
      await expect(hasty).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
      expect(outcomes).toEqual(['hasty CONNECT_FAILED']);
      skip(2700);
      await expect(patient).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    });

    it('a bad frame closes its connection only', async () => {
      const { server } = await serve();
      const gone: number[] = [];
      server.onPeerClosed((peer) => gone.push(peer.id));
      const [good, bad] = [await raw(server), await raw(server)];
      bad.connection.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      await bad.until(() => bad.closed);
      good.send({ code: 9999 });
      await good.until(() => good.answers.length === 1);
      expect(gone).toHaveLength(1);
    });

    it('a stopped server closes its connections and can be stopped again', async () => {
      const { server } = await serve();
      const client = await raw(server);
      client.send({ code: 9999 });
      await client.until(() => client.answers.length === 1);
      await server.stop();
      await client.until(() => client.closed);
      await server.stop();
      while (server.connectionCount > 0) await new Promise<void>((resolve) => host.timers.endOfTurn(resolve));
    });
  });

  it('both ends may ask', async () => {
    const { server, address } = await serve();
    server.handle(1, async (_request, peer) => {
      const answer = await peer.invoke({ code: 7, header: { q: 'who' } }, SLOW);
      peer.oneway({ code: 8 });
      return { code: 0, remark: answer.remark ?? '' };
    });
    const client = clientOf();
    client.handle(7, (request) => ({ code: 0, remark: `${request.extFields['q']}? me` }));
    const told = new Promise((resolve) => client.handle(8, () => void resolve('told')));
    expect((await client.invoke(address, { code: 1 }, SLOW)).remark).toBe('who? me');
    expect(await told).toBe('told');
  });

  it('a slow reader is not read from until it has taken its answers; others are served (21.14)', async () => {
    const highWaterBytes = 256 * 1024;
    const { server, address } = await serve({ highWaterBytes });
    const body = Buffer.alloc(200_000, 1);
    let served = 0;
    server.handle(1, () => {
      served += 1;
      return { code: 0, body };
    });
    server.handle(2, () => ({ code: 0 }));
    const slow = await raw(server);
    slow.connection.pause();
    const count = 500;
    for (let opaque = 0; opaque < count; opaque += 1) slow.send({ opaque });
    const other = clientOf();
    // What the kernel takes is taken; then it stands still.
    const seen: number[] = [];
    while (seen.length < 20 || seen.at(-20) !== served) {
      await other.invoke(address, { code: 2 }, SLOW);
      seen.push(served);
    }
    expect(served).toBeLessThan(count / 2);
    slow.connection.resume();
    await slow.until(() => slow.answers.length === count);
    expect(slow.answers.map(({ opaque }) => opaque)).toEqual(Array.from({ length: count }, (_, opaque) => opaque));
  });

  describe('idle connections (21.15)', () => {
    it('are closed, others are not', async () => {
      const { server } = await serve({ idleMs: 120_000 });
      const [idle, busy] = [await raw(server), await raw(server)];
      for (const client of [idle, busy]) {
        client.send({ code: 9999 });
        await client.until(() => client.answers.length === 1);
      }
      skip(119_000);
      busy.send({ code: 9999 });
      await busy.until(() => busy.answers.length === 2);
      expect(idle.closed).toBe(false);
      skip(10_000);
      await idle.until(() => idle.closed);
      expect(busy.closed).toBe(false);
      expect(server.connectionCount).toBe(1);
    });

    it('also when they never said a word to an interceptor', async () => {
      const interceptor: Interceptor = { wants: () => 'need-more', take: () => {} };
      const { server } = await serve({ idleMs: 120_000, interceptor });
      const client = await raw(server);
      client.connection.write(Buffer.from([0]));
      await new Promise<void>((resolve) => host.timers.endOfTurn(resolve));
      while (!client.closed) {
        skip(130_000);
        await new Promise<void>((resolve) => host.timers.endOfTurn(resolve));
      }
      expect(server.connectionCount).toBe(0);
    });
  });

  describe('an interceptor', () => {
    const greedy = (taken: Connection[]): Interceptor => ({
      wants: (seen) => (seen.length < 4 ? 'need-more' : seen[0] === 0x52 ? 'yes' : 'no'),
      take: (connection) => {
        taken.push(connection);
        connection.receive({ data: (bytes) => connection.write(Buffer.from(bytes)), close: () => {} });
      },
    });

    it('takes what it wants, with the bytes it has seen', async () => {
      const taken: Connection[] = [];
      const { server } = await serve({ interceptor: greedy(taken) });
      const connection = await host.network.connect({ host: '127.0.0.1', port: server.port, timeoutMs: SLOW });
      const echo = new Promise<string>((resolve) => {
        let text = '';
        connection.receive({
          data: (bytes) => {
            text += bytes.toString();
            if (text === 'RSOCKET!') resolve(text);
          },
          close: () => {},
        });
      });
      for (const byte of 'RSOCKET!') {
        connection.write(Buffer.from(byte));
        await new Promise<void>((resolve) => host.timers.endOfTurn(resolve));
      }
      expect(await echo).toBe('RSOCKET!');
      expect([taken.length, server.connectionCount]).toEqual([1, 0]);
      connection.destroy();
    });

    it('leaves the rest to the protocol, byte by byte', async () => {
      const { server } = await serve({ interceptor: greedy([]) });
      server.handle(1, () => ({ code: 0, remark: 'hello' }));
      const client = await raw(server);
      const parts: Buffer[] = [];
      encodeFrame({ code: 1, opaque: 9, flag: 0 }, (bytes) => parts.push(Buffer.from(bytes)));
      for (const byte of Buffer.concat(parts)) {
        client.connection.write(Buffer.from([byte]));
        await new Promise<void>((resolve) => host.timers.endOfTurn(resolve));
      }
      await client.until(() => client.answers.length === 1);
      expect(client.answers[0]).toMatchObject({ opaque: 9, remark: 'hello' });
    });
  });
});
