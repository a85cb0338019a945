import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '@batonmq/host';
import { World } from '../src';

/** The example of the README, word for word (the second test compares). */
async function example(): Promise<{ arrived: boolean; now: number }> {
  const world = new World({ seed: 42 });
  const server = world.machine('server');
  let heard = '';
  const serve = (host: Host) =>
    host.network.listen({ port: 7 }, (connection) =>
      connection.receive({ data: (bytes) => (heard += bytes.toString()), close: () => {} }),
    );
  void serve(server.boot());
  const client = world.machine('client').boot();
  client.timers.after(10, async () => {
    const connection = await client.network.connect({ host: 'server', port: 7, timeoutMs: 1000 });
    world.partition(['client'], ['server']);
    connection.write(Buffer.from('hello'));
    client.timers.after(5000, () => world.heal());
  });
  const arrived = await world.run(60_000, () => heard === 'hello');
  return { arrived, now: world.now() };
}

describe('README', () => {
  it('has an example that does what it says', async () => {
    const { arrived, now } = await example();
    expect(arrived).toBe(true);
    expect(now).toBeGreaterThan(5010);
    expect(now).toBeLessThan(5300);
  });

  it('has the same example as this spec', () => {
    const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(__dirname, '../README.md'), 'utf8'))?.[1];
    const here = readFileSync(__filename, 'utf8').replace(/^ {2}/gm, '');
    expect(code?.length).toBeGreaterThan(300);
    expect(here).toContain(code);
  });
});
