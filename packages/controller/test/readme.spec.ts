import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHost, silentLog } from '@batonmq/host';
import { RemotingClient, RequestCode } from '@batonmq/remoting';
import { Controller } from '../src';

/** The example of README.md, line by line the same as there. */
export async function example(port: number, directory: string): Promise<string | undefined> {
  const host = { ...nodeHost(), log: silentLog };
  const peers = { controllerDLegerPeers: `n0-127.0.0.1:${port}`, controllerDLegerSelfId: 'n0' };
  const controller = new Controller(host, { ...peers, controllerStorePath: directory });
  await controller.start();
  const client = new RemotingClient(host);
  const request = { code: RequestCode.CONTROLLER_GET_METADATA_INFO };
  const answer = await client.invoke(`127.0.0.1:${port}`, request, 3000);
  await client.stop();
  await controller.stop();
  return answer.extFields['peers']; // n0:127.0.0.1:<port>;
}

const functionIn = (text: string): string => /export async function example[\s\S]*?\n}\n/.exec(text)?.[0] ?? 'none';

test('the example of the README runs, and is the one above', async () => {
  const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');
  expect(functionIn(readme)).toBe(functionIn(readFileSync(__filename, 'utf8')));
  const directory = mkdtempSync(join(tmpdir(), 'controller-'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  expect(await example(port, directory)).toBe(`n0:127.0.0.1:${port};`);
  rmSync(directory, { recursive: true });
});
