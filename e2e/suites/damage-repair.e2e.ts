import { closeSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../harness/deadline';
import { Deployment, bodyOf, groupWhen, inSync, masterOf, startAll, type Part } from '../harness/deployment';
import { withTemporaryDirectory } from '../harness/paths';

/** Bits flip on the disks of running brokers; the others have what is lost. */

jest.setTimeout(120_000);

const TOPIC = 'Orders';
const FILE_BYTES = 64 << 10;
const MESSAGES = 300;

const logDirectory = (broker: Part): string => join(broker.directory, 'store', 'commitlog');

/** All files of a broker's commit log, in one row. */
function logOf(broker: Part): Buffer {
  const names = readdirSync(logDirectory(broker)).sort();
  return Buffer.concat(names.map((name) => readFileSync(join(logDirectory(broker), name))));
}

function overwrite(broker: Part, offset: number, bytes: Buffer): void {
  const start = offset - (offset % FILE_BYTES);
  const file = openSync(join(logDirectory(broker), String(start).padStart(20, '0')), 'r+');
  writeSync(file, bytes, 0, bytes.length, offset - start);
  closeSync(file);
}

const repairsOf = (broker: Part): number => broker.output.split('was repaired from a replica').length - 1;

test('what is damaged on one replica, be it master or slave, is taken from another', () =>
  withTemporaryDirectory('repair', async (directory) => {
    const deployment = new Deployment(directory);
    try {
      const { names, controllers } = await deployment.nameServers(1, 1);
      const nameServers = names.map(({ address }) => address).join(';');
      const brokers = await deployment.brokers(3, nameServers, controllers, {
        mappedFileSizeCommitLog: FILE_BYTES,
        crcWalkInterval: 500,
        crcWalkBytesPerSecond: 64 << 20,
      });
      await startAll([...names, ...brokers]);
      const admin = deployment.admin(nameServers, controllers);
      await groupWhen(admin, '3 in sync', inSync(3));
      const master = await masterOf(admin, brokers);
      await eventually(20_000, 'the topic is created', async () => {
        await admin.createTopic(master.address, TOPIC, 4);
        return true as const;
      });
      const producer = deployment.producer(nameServers);
      for (let i = 0; i < MESSAGES; i++) await producer.send({ topic: TOPIC, body: bodyOf(`${i} `.padEnd(900, 'x')) });
      const slave = brokers.find((broker) => broker !== master) as Part;
      const whole = await eventually(20_000, 'all logs are one', () => {
        const log = logOf(master);
        return brokers.every((broker) => logOf(broker).equals(log)) && log;
      });
      const recordAt = (near: number): number => whole.lastIndexOf('DAA320A7', near, 'hex') - 4;
      const inSlave = recordAt(FILE_BYTES * 1.5);
      const inMaster = recordAt(FILE_BYTES * 2.5);
      overwrite(slave, inSlave + 300, Buffer.from('?'));
      overwrite(slave, recordAt(FILE_BYTES * 0.5), Buffer.alloc(4096));
      overwrite(master, inMaster, Buffer.from([0x7f]));
      overwrite(master, recordAt(FILE_BYTES * 3.5) + 3, Buffer.alloc(6000, 0xa5));
      for (const [broker, count] of [
        [slave, 2],
        [master, 2],
      ] as const) {
        await eventually(30_000, `${broker.name} has repaired both`, () => repairsOf(broker) === count);
        expect(logOf(broker).equals(whole)).toBe(true);
      }
    } finally {
      await deployment.stop();
    }
  }));
