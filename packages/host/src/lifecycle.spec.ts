import type { Lifecycle } from './host';
import { startAll } from './lifecycle';

function part(name: string, calls: string[], fails = false): Lifecycle {
  return {
    async start() {
      calls.push(`start ${name}`);
      if (fails) throw new Error(`${name} failed`);
    },
    async stop() {
      calls.push(`stop ${name}`);
    },
  };
}

describe('startAll', () => {
  it('starts in order and stops in reverse, once', async () => {
    const calls: string[] = [];
    const stop = await startAll([part('a', calls), part('b', calls)]);
    await stop();
    await stop();
    expect(calls).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('undoes a failed start, the failed part included, and throws its error', async () => {
    const calls: string[] = [];
    const starting = startAll([part('a', calls), part('b', calls, true), part('c', calls)]);
    await expect(starting).rejects.toThrow('b failed');
    expect(calls).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });
});
