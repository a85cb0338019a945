import type { Admin, Producer } from '@batonmq/client';
import { eventually } from './deadline';
import { Deployment, bodyOf, brokerPortOf, groupWhen, inSync, masterOf, startAll, type Part } from './deployment';
import { withTemporaryDirectory } from './paths';

export const TOPIC = 'Orders';
export const addresses = (parts: readonly Part[]): string => parts.map(({ address }) => address).join(';');

/** A test with a deployment of its own, whose processes and files go when it ends. */
export const inDeployment = (test: (deployment: Deployment, directory: string) => Promise<void>) => () =>
  withTemporaryDirectory('guide', async (directory) => {
    const deployment = new Deployment(directory);
    try {
      await test(deployment, directory);
    } finally {
      await deployment.stop();
    }
  });

export interface Whole {
  readonly names: Part[];
  readonly brokers: Part[];
  /** As in `controllerAddr`. */
  readonly controllers: string;
  readonly admin: Admin;
  readonly producer: Producer;
}

/** Name servers with embedded controllers and a group that is in sync and has the topic. */
export async function whole(
  deployment: Deployment,
  shape: { names?: number; embedded?: number; brokers?: number },
  keys: { controller?: Record<string, string>; broker?: Record<string, string> } = {},
): Promise<Whole> {
  const { names = 3, embedded = 3, brokers: count = 2 } = shape;
  const { names: parts, controllers } = await deployment.nameServers(names, embedded, keys.controller);
  const brokers = await deployment.brokers(count, addresses(parts), controllers, keys.broker);
  await startAll([...parts, ...brokers]);
  const admin = deployment.admin(addresses(parts), controllers);
  await groupWhen(admin, `${count} in sync`, inSync(count));
  await createTopic(admin, brokers);
  return { names: parts, brokers, controllers, admin, producer: deployment.producer(addresses(parts)) };
}

export const createTopic = (admin: Admin, brokers: readonly Part[]): Promise<true> =>
  eventually(20_000, 'the topic is created', async () => {
    await admin.createTopic((await masterOf(admin, brokers)).address, TOPIC, 4);
    return true as const;
  });

/** Kills the master and waits for another one that takes a send. @returns the one that was killed */
export async function failOver({
  admin,
  brokers,
  producer,
}: Pick<Whole, 'admin' | 'brokers' | 'producer'>): Promise<Part> {
  const master = await masterOf(admin, brokers);
  const { masterEpoch } = await groupWhen(admin, 'a master', () => true);
  await master.kill();
  await groupWhen(admin, 'another master', (now) => now.masterEpoch > masterEpoch && now.masterAddress !== undefined);
  const receipt = await producer.send({ topic: TOPIC, body: bodyOf('after') });
  if (brokerPortOf(receipt) === master.port) throw new Error('the send went to the master that was killed');
  return master;
}
