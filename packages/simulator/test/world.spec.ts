import type { Host } from '@batonmq/host';
import { World } from '../src';
import { settle } from './settle';

/** Timers, files, sockets and promises on three machines, with faults. */
async function program(seed: number): Promise<{ trace: readonly string[]; fingerprint: number; events: number }> {
  const world = new World({ seed });
  const hosts: Host[] = [];
  for (const name of ['a', 'b', 'c']) {
    const host = world.machine(name).boot();
    hosts.push(host);
    void serve(host, name);
  }
  world.after(500, () => world.partition(['a'], ['b', 'c']));
  world.after(900, () => world.heal());
  world.after(1200, () => world.machine('b').crash());
  world.after(1300, () => void serve(world.machine('b').boot(), 'b again'));
  expect(await world.run(3000)).toBe(false);
  expect(world.now()).toBe(3000);
  return { trace: [...world.trace], fingerprint: world.fingerprint, events: world.events };
}

async function serve(host: Host, name: string): Promise<void> {
  const { log } = host;
  host.files.makeDirs('/data');
  const file = host.files.open('/data/log', 'create');
  log.info({ name, bytes: file.bytes(), clock: host.clock.monotonicMs() }, 'starts');
  await host.network.listen({ port: 9876 }, (connection) => {
    connection.receive({
      data: (bytes) => {
        file.writeSync(bytes, 0, bytes.length, file.bytes());
        log.info({ from: connection.remote, bytes: bytes.length }, 'got');
        void file.datasync().then(() => connection.write(Buffer.from(`synced ${bytes.length}`)));
      },
      close: (reason) => log.info({ from: connection.remote, reason: reason?.message }, 'closed'),
    });
  });
  host.timers.every(20 + host.random.next() * 100, () => void say(host));
}

async function say(host: Host): Promise<void> {
  const to = `10.0.0.${1 + Math.floor(host.random.next() * 3)}`;
  try {
    const connection = await host.network.connect({ host: to, port: 9876, timeoutMs: 300 });
    connection.write(host.random.bytes(1 + Math.floor(host.random.next() * 100_000)));
    connection.receive({
      data: (bytes) => {
        host.log.info({ to, bytes: bytes.toString('latin1') }, 'answer');
        connection.end();
      },
      close: (reason) => host.log.info({ to, reason: reason?.message }, 'over'),
    });
  } catch (error) {
    host.log.warn({ to, error }, 'cannot say');
  }
}

describe('World', () => {
  it('runs the same program with the same seed in the same way', async () => {
    const once = await program(7);
    const again = await program(7);
    expect(once.trace.length).toBeGreaterThan(200);
    expect(again.trace).toEqual(once.trace);
    expect(again.fingerprint).toBe(once.fingerprint);
    expect(again.events).toBe(once.events);
    const other = await program(8);
    expect(other.fingerprint).not.toBe(once.fingerprint);
    expect(once.trace.some((line) => line.includes('no answer within'))).toBe(true);
  });

  it('runs every promise job of an event before the next event', async () => {
    const world = new World({ seed: 1 });
    const { timers } = world.machine('a').boot();
    const order: string[] = [];
    timers.after(1, () => {
      void (async () => {
        for (let round = 0; round < 5000; round++) await undefined;
        order.push('jobs of 1');
      })();
      timers.endOfTurn(() => order.push('end of turn'));
    });
    timers.after(1, () => order.push('2'));
    await world.run(10);
    expect(order).toEqual(['jobs of 1', 'end of turn', '2']);
  });

  it('stops when the condition holds, and says when it does not come', async () => {
    const world = new World({ seed: 1 });
    const { timers } = world.machine('a').boot();
    let done = false;
    timers.after(70, () => (done = true));
    expect(await world.run(50, () => done)).toBe(false);
    expect(await world.run(50, () => done)).toBe(true);
    expect(world.now()).toBe(70);
    expect(await world.run(50, () => false)).toBe(false);
    expect(world.now()).toBe(120);
  });

  it('rejects with what a timer throws, and can go on', async () => {
    const world = new World({ seed: 1 });
    const { timers } = world.machine('a').boot();
    timers.after(1, () => {
      throw new Error('uncaught');
    });
    await expect(world.run(10)).rejects.toThrow('uncaught');
    expect(await world.run(10)).toBe(false);
  });

  it('drifts clocks, and timers with them', async () => {
    const world = new World({ seed: 1 });
    const fast = world.machine('fast', { clockDrift: 0.1 }).boot();
    const slow = world.machine('slow', { clockDrift: -0.1 }).boot();
    const began = [fast.clock.monotonicMs(), slow.clock.monotonicMs()] as const;
    const fired: string[] = [];
    fast.timers.after(100, () => fired.push(`fast ${world.now().toFixed(1)}`));
    slow.timers.after(100, () => fired.push(`slow ${world.now().toFixed(1)}`));
    await world.run(1000);
    expect(fired).toEqual(['fast 90.9', 'slow 111.1']);
    expect(fast.clock.monotonicMs() - began[0]).toBeCloseTo(1100);
    expect(slow.clock.monotonicMs() - began[1]).toBeCloseTo(900);
  });

  it('freezes a process without stopping its clocks', async () => {
    const world = new World({ seed: 1 });
    const { timers, clock } = world.machine('a').boot();
    const seen: number[] = [];
    const began = clock.monotonicMs();
    const cancel = timers.after(30, () => seen.push(-1));
    timers.after(10, () => seen.push(clock.monotonicMs() - began));
    world.machine('a').freeze(500);
    world.after(100, cancel);
    await world.run(1000);
    expect(seen.map(Math.round)).toEqual([500]);
  });

  it('leaves nothing of a dead process running', async () => {
    const world = new World({ seed: 1 });
    const machine = world.machine('a');
    const host = machine.boot();
    host.files.makeDirs('/d');
    const file = host.files.open('/d/f', 'create');
    const seen: string[] = [];
    host.timers.after(5, () => seen.push('timer'));
    host.timers.endOfTurn(() => seen.push('end of turn'));
    void file.datasync().then(() => seen.push('sync'));
    void host.files.lock('/d/lock').then(() => seen.push('lock'));
    void host.network.listen({ port: 1 }, () => {}).then(() => seen.push('listen'));
    void host.network.connect({ host: '10.0.0.9', port: 1, timeoutMs: 10 }).catch(() => seen.push('connect'));
    machine.kill();
    expect(machine.running).toBe(false);
    expect(() => file.writeSync(Buffer.from('x'), 0, 1, 0)).toThrow('the process is dead');
    await world.run(1000);
    expect(seen).toEqual([]);
    expect(machine.boot().files.stat('/d/f')?.kind).toBe('file');
  });

  it('keeps connections stalled through a partition and delivers after it', async () => {
    const world = new World({ seed: 5 });
    const server = world.machine('s').boot();
    const client = world.machine('c').boot();
    let got = '';
    let closed = 0;
    await settle(
      world,
      server.network.listen({ port: 5 }, (connection) =>
        connection.receive({ data: (bytes) => (got += bytes.toString()), close: () => closed++ }),
      ),
    );
    const connection = await settle(world, client.network.connect({ host: 's', port: 5, timeoutMs: 100 }));
    connection.receive({ data: () => {}, close: () => {} });
    connection.write(Buffer.from('before '));
    await world.run(100);
    world.partition(['c'], ['s']);
    connection.write(Buffer.from('during '));
    connection.end();
    await world.run(10_000);
    expect([got, closed]).toEqual(['before ', 0]);
    await expect(settle(world, client.network.connect({ host: 's', port: 5, timeoutMs: 100 }))).rejects.toMatchObject({
      code: 'CONNECT_TIMEOUT',
    });
    world.heal();
    expect(await world.run(1000, () => closed === 1)).toBe(true);
    expect(got).toBe('before during ');
  });
});
