import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as client from '@batonmq/client';
import * as testing from '../src';

it('the example of the README runs', async () => {
  const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');
  const example = /<!-- example: run by test\/readme.spec.ts -->\s*```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const body = example.replace(/^import .*$/gm, '').replaceAll('master!', 'master');
  expect(body.split('\n').filter((line) => line.trim() !== '').length).toBeGreaterThan(7);
  const run = new Function('Producer', 'SimulatedCluster', `return (async () => {${body}; return cluster; })()`) as (
    producer: unknown,
    cluster: unknown,
  ) => Promise<testing.SimulatedCluster>;
  const cluster = await run(client.Producer, testing.SimulatedCluster);
  expect(cluster.groupState()?.masterEpoch).toBe(2);
}, 60_000);
