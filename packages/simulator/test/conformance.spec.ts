import * as fs from 'node:fs';
import * as os from 'node:os';
import { join } from 'node:path';
import { nodeHost, silentLog } from '@batonmq/host';
import { World } from '../src';
import { hostConformance, type HostUnderTest } from '../src/conformance';

let seed = 1;

async function simulated(): Promise<HostUnderTest> {
  const world = new World({ seed: seed++, network: { cutRate: 0.3, lossRate: 0.02 } });
  const machine = world.machine('a');
  const host = machine.boot();
  host.files.makeDirs('/test');
  return {
    host,
    peer: world.machine('b').boot(),
    address: machine.address,
    directory: '/test',
    async drive(promise) {
      let settled = false;
      const mark = (): void => void (settled = true);
      promise.then(mark, mark);
      if (!(await world.run(60_000, () => settled))) throw new Error(`seed ${world.seed}: nothing happens any more`);
      return promise;
    },
    dispose: () => {},
  };
}

async function real(): Promise<HostUnderTest> {
  const host = nodeHost(silentLog);
  const directory = fs.mkdtempSync(join(os.tmpdir(), 'host-'));
  return {
    host,
    peer: host,
    address: '127.0.0.1',
    directory,
    drive: (promise) => promise,
    dispose: () => fs.rmSync(directory, { recursive: true }),
  };
}

describe('simulated host', () => hostConformance(it, simulated));
describe('node host', () => hostConformance(it, real));
