import type { Connection, Host } from '@batonmq/host';
import { World, type NetworkFaults } from '../src';
import { settle } from './settle';

interface Ends {
  world: World;
  server: Host;
  client: Host;
  near: Connection;
  far: Connection;
  heard: { near: string; far: string };
  closes: { near: (string | undefined)[]; far: (string | undefined)[] };
}

async function ends(seed = 1, network: Partial<NetworkFaults> = {}): Promise<Ends> {
  const world = new World({ seed, network });
  const [server, client] = [world.machine('s').boot(), world.machine('c').boot()];
  let far: Connection | undefined;
  await settle(
    world,
    server.network.listen({ port: 1 }, (connection) => (far = connection)),
  );
  const near = await settle(world, client.network.connect({ host: 's', port: 1, timeoutMs: 1000 }));
  await world.run(1000, () => far !== undefined);
  const result: Ends = {
    world,
    server,
    client,
    near,
    far: far as unknown as Connection,
    heard: { near: '', far: '' },
    closes: { near: [], far: [] },
  };
  for (const end of ['near', 'far'] as const) {
    result[end].receive({
      data: (bytes) => (result.heard[end] += bytes.toString('latin1')),
      close: (reason) => result.closes[end].push(reason?.message),
    });
  }
  return result;
}

describe('simulated network', () => {
  it('takes a round trip to connect', async () => {
    const world = new World({ seed: 1, network: { minDelayMs: 10, maxDelayMs: 10, lossRate: 0 } });
    const [a, b] = [world.machine('a').boot(), world.machine('b').boot()];
    await settle(
      world,
      a.network.listen({ port: 1 }, () => {}),
    );
    await settle(world, b.network.connect({ host: '10.0.0.1', port: 1, timeoutMs: 100 }));
    expect(world.now()).toBe(20);
    const refused = settle(world, b.network.connect({ host: 'a', port: 2, timeoutMs: 100 }));
    await expect(refused).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    const unknown = settle(world, b.network.connect({ host: 'nobody', port: 2, timeoutMs: 100 }));
    await expect(unknown).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    const silent = settle(world, b.network.connect({ host: '10.9.9.9', port: 2, timeoutMs: 100 }));
    await expect(silent).rejects.toMatchObject({ code: 'CONNECT_TIMEOUT' });
  });

  it('tries again to connect, so a cut that heals in time is only slow', async () => {
    const world = new World({ seed: 1 });
    const [a, b] = [world.machine('a').boot(), world.machine('b').boot()];
    await settle(
      world,
      a.network.listen({ port: 1 }, () => {}),
    );
    world.partition(['a'], ['b'], { oneWay: true });
    world.after(500, () => world.heal());
    await settle(world, b.network.connect({ host: 'a', port: 1, timeoutMs: 5000 }));
    expect(world.now()).toBeGreaterThan(1000);
    expect(world.now()).toBeLessThan(1100);
  });

  it('tells the peer of a killed process: in good order or by a reset, and delivers what the kernel had', async () => {
    const reasons = new Set<string | undefined>();
    for (let seed = 0; seed < 30; seed++) {
      const { world, far, closes, heard } = await ends(seed);
      far.write(Buffer.from('x'.repeat(50_000)));
      await world.run(0.05);
      world.machine('s').kill();
      expect(await world.run(1000, () => closes.near.length > 0)).toBe(true);
      expect(closes.far).toEqual([]);
      reasons.add(closes.near[0]);
      if (closes.near[0] === undefined) expect(heard.near.length).toBe(50_000);
    }
    expect(reasons.size).toBe(2);
  });

  it('resets connections to a crashed machine; a silent crash shows only when it is up again', async () => {
    const loud = await ends(1);
    loud.world.machine('s').crash();
    expect(await loud.world.run(1000, () => loud.closes.near.length > 0)).toBe(true);
    const refused = settle(loud.world, loud.client.network.connect({ host: 's', port: 1, timeoutMs: 300 }));
    await expect(refused).rejects.toMatchObject({ code: 'CONNECT_TIMEOUT' });

    const quiet = await ends(2);
    quiet.world.machine('s').crash({ silent: true });
    quiet.near.write(Buffer.from('are you there?'));
    await quiet.world.run(60_000);
    expect(quiet.closes.near).toEqual([]);
    quiet.world.machine('s').boot();
    expect(await quiet.world.run(1000, () => quiet.closes.near.length > 0)).toBe(true);
    expect(quiet.closes.near[0]).toContain('reset');
  });

  it('cuts one direction alone: what comes is read, but its sender does not hear of it', async () => {
    const { world, near, far, heard } = await ends(3, { windowBytes: 10_000 });
    world.partition(['c'], ['s'], { oneWay: true });
    near.write(Buffer.from('lost for now'));
    far.write(Buffer.alloc(100_000, 'a'));
    await world.run(5000);
    expect(heard.far).toBe('');
    expect(heard.near.length).toBe(10_000);
    expect(far.bufferedBytes).toBe(90_000);
    world.heal();
    expect(await world.run(5000, () => heard.near.length === 100_000 && heard.far !== '')).toBe(true);
    expect(heard.far).toBe('lost for now');
    expect(far.bufferedBytes).toBe(0);
  });

  it('gives a connection up when nobody acknowledges for too long', async () => {
    const { world, near, closes } = await ends(4);
    world.partition(['c'], ['s']);
    near.write(Buffer.from('x'));
    await world.run(900_000);
    expect(closes.near).toEqual([]);
    await world.run(60_000);
    expect(closes.near).toEqual([expect.stringContaining('timed out')]);
    world.heal();
    await world.run(1000);
    expect(closes.far).toEqual([]);
  });

  it('keeps a connection through cuts that come and go', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { world, near, far, heard, closes } = await ends(seed, { lossRate: 0.1, cutRate: 0.5, windowBytes: 5000 });
      let sent = '';
      for (let round = 0; round < 60; round++) {
        const part = `${round},`.repeat(1 + Math.floor(world.random.next() * 2000));
        sent += part;
        near.write(Buffer.from(part));
        far.write(Buffer.from(part));
        if (world.random.next() < 0.2) world.partition(['s'], ['c'], { oneWay: world.random.next() < 0.5 });
        if (world.random.next() < 0.2) world.heal();
        await world.run(world.random.next() * 50);
      }
      near.end();
      far.end();
      world.heal();
      expect(await world.run(60_000, () => closes.near.length + closes.far.length === 2)).toBe(true);
      expect(heard.far === sent && heard.near === sent).toBe(true);
      expect([...closes.near, ...closes.far]).toEqual([undefined, undefined]);
    }
  });

  it('resets one who sends to a closed connection', async () => {
    const { world, near, far, closes } = await ends(5);
    near.destroy();
    far.write(Buffer.from('x'));
    await world.run(100);
    expect(closes.near).toEqual([undefined]);
    expect(closes.far.length).toBe(1);
  });

  it('delays by a slow link', async () => {
    const { world, near, heard } = await ends(6, { lossRate: 0 });
    world.slowLink('c', 's', 300);
    const began = world.now();
    near.write(Buffer.from('x'));
    await world.run(1000, () => heard.far !== '');
    expect(world.now() - began).toBeGreaterThan(300);
  });

  it('keeps what a frozen process gets until it thaws', async () => {
    const { world, near, heard } = await ends(7);
    world.machine('s').freeze(1000);
    const began = world.now();
    for (let round = 0; round < 5; round++) {
      near.write(Buffer.from(String(round)));
      await world.run(100);
    }
    expect(heard.far).toBe('');
    expect(await world.run(2000, () => heard.far === '01234')).toBe(true);
    expect(world.now() - began).toBe(1000);
  });
});
