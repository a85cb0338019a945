import { join } from 'node:path';
import { brokersOf, masterOf, type Cluster } from '../harness/cluster';
import { eventually } from '../harness/deadline';
import { MqAdmin, controllersOf } from '../harness/mqadmin';
import { openCluster } from '../harness/open-cluster';
import { removeTemporaryDirectory, temporaryDirectory } from '../harness/paths';
import { interopSuite } from './interop-suite';

const TOPIC = 'admin-topic';
const QUEUES = 3;
const SETUP_LIMIT_MS = 600_000;
const COMMAND_LIMIT_MS = 120_000;

interopSuite('mqadmin 5.4.0', ['jdk', 'maven'], () => {
  let directory: string;
  let cluster: Cluster;
  let admin: MqAdmin;
  let namesrv: string;
  let controller: string;

  beforeAll(async () => {
    directory = await temporaryDirectory('mqadmin');
    admin = await MqAdmin.in(join(directory, 'mqadmin'));
    cluster = await openCluster({ directory: join(directory, 'cluster') });
    namesrv = cluster.namesrvAddress;
    controller = controllersOf(cluster).join(';');
    await cluster.createTopic(TOPIC, QUEUES);
  }, SETUP_LIMIT_MS);

  afterAll(async () => {
    await cluster?.stop();
    await removeTemporaryDirectory(directory);
  }, 60_000);

  const command = (name: string, test: () => Promise<void>): void => it(name, test, COMMAND_LIMIT_MS);

  command('clusterList shows three brokers, one of them with id 0', async () => {
    const printed = await admin.run('clusterList', '-n', namesrv);
    for (const broker of brokersOf(cluster)) expect(printed).toContain(broker.address);
    const master = await masterOf(cluster);
    expect(printed).toMatch(new RegExp(`broker-a\\s+0\\s+${escaped(master.address)}`));
  });

  command('topicList shows the topic', async () => {
    expect(await admin.run('topicList', '-n', namesrv)).toMatch(new RegExp(`^${TOPIC}$`, 'm'));
  });

  command('topicStatus shows every queue', async () => {
    const printed = await admin.run('topicStatus', '-n', namesrv, '-t', TOPIC);
    for (let queue = 0; queue < QUEUES; queue++)
      expect(printed).toMatch(new RegExp(`^broker-a\\s+${queue}\\s+0\\s+0`, 'm'));
  });

  command('brokerStatus shows the counters of a broker', async () => {
    const printed = await admin.run('brokerStatus', '-n', namesrv, '-b', (await masterOf(cluster)).address);
    for (const key of ['bootTimestamp', 'brokerVersionDesc', 'putTps', 'commitLogMaxOffset'])
      expect(printed).toContain(key);
  });

  command('getControllerMetaData names the leader and three peers', async () => {
    const printed = await admin.run('getControllerMetaData', '-a', firstOf(controller));
    expect(printed).toMatch(/^#ControllerLeaderAddress\t127\.0\.0\.1:\d+$/m);
    expect(printed.match(/^#Peer:/gm)).toHaveLength(3);
  });

  command('getSyncStateSet shows three replicas in sync', async () => {
    const printed = await admin.run('getSyncStateSet', '-a', controller, '-b', 'broker-a');
    expect(printed).toMatch(/^#SyncStateSetNums\t3$/m);
    expect(printed.match(/InSyncReplica:/g)).toHaveLength(3);
    expect(printed).toContain(`#MasterAddr\t${(await masterOf(cluster)).address}`);
  });

  command('getBrokerEpoch shows the epochs of every broker', async () => {
    const printed = await admin.run('getBrokerEpoch', '-n', namesrv, '-b', 'broker-a');
    for (const broker of brokersOf(cluster)) expect(printed).toContain(broker.address);
    expect(printed.match(/#Epoch: EpochEntry\{epoch=1, startOffset=0/g)).toHaveLength(3);
  });

  command('electMaster hands the mastership to the broker that it names', async () => {
    const { masterBrokerId, syncStateSet } = await cluster.groupState();
    const wanted = syncStateSet.find((id) => id !== masterBrokerId);
    const options = ['-a', firstOf(controller), '-b', String(wanted), '-bn', 'broker-a', '-c', 'DefaultCluster'];
    const printed = await admin.run('electMaster', ...options);
    expect(printed).toMatch(/^#BrokerName\tbroker-a$/m);
    await eventually(
      30_000,
      'the new master at every name server',
      async () => (await cluster.groupState()).masterBrokerId === wanted,
    );
  });
});

const firstOf = (addresses: string): string => addresses.split(';')[0] ?? addresses;
const escaped = (text: string): string => text.replaceAll('.', '\\.');
