import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeHost, silentLog } from '../src';

/** The example of the README, word for word (the second test compares). */
async function example(): Promise<string> {
  const host = nodeHost(silentLog);
  const listener = await host.network.listen({ port: 0 }, (connection) => {
    connection.receive({ data: (bytes) => connection.write(Buffer.from(bytes)), close: () => {} });
  });
  const client = await host.network.connect({ host: '127.0.0.1', port: listener.port, timeoutMs: 1000 });
  const echo = await new Promise<string>((resolve, reject) => {
    client.receive({ data: (bytes) => resolve(bytes.toString()), close: reject });
    client.write(Buffer.from('hello'));
  });
  client.end();
  await listener.close();
  return echo;
}

describe('README', () => {
  it('has an example that does what it says', async () => {
    expect(await example()).toBe('hello');
  });

  it('has the same example as this spec', () => {
    const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(__dirname, '../README.md'), 'utf8'))?.[1];
    const here = readFileSync(__filename, 'utf8').replace(/^ {2}/gm, '');
    expect(code?.length).toBeGreaterThan(300);
    expect(here).toContain(code);
  });
});
