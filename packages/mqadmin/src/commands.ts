import { Admin } from '@batonmq/client';
import { nodeHost, silentLog } from '@batonmq/host';
import { Command } from 'commander';

type Print = (line: string) => void;

interface Addresses {
  readonly namesrvAddr?: string;
  readonly controllerAddress?: string;
}

/** Runs `work` with an Admin and closes it afterwards. */
async function withAdmin(addresses: Addresses, work: (admin: Admin) => Promise<void>): Promise<void> {
  const nameServers = addresses.namesrvAddr ?? process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
  const controllers = addresses.controllerAddress ?? '';
  const admin = new Admin(nodeHost(silentLog), { nameServers, controllers });
  try {
    await work(admin);
  } finally {
    await admin.stop();
  }
}

const nameServers = (command: Command): Command =>
  command.option('-n, --namesrvAddr <list>', 'name servers (default: NAMESRV_ADDR, else 127.0.0.1:9876)');
const controllers = (command: Command): Command =>
  command.requiredOption('-a, --controllerAddress <list>', 'controllers, host:port;host:port');

/** The commands, with RocketMQ's names and flags; output as RocketMQ's where tools read it (controller.md 12). */
export function mqadmin(print: Print): Command {
  const program = new Command('mqadmin').description('Asks and changes a cluster').exitOverride();

  nameServers(program.command('clusterList'))
    .description('clusters, broker names, broker ids and addresses')
    .action((options: Addresses) =>
      withAdmin(options, async (admin) => {
        const { clusters, brokers } = await admin.clusterInfo();
        print(`${'#Cluster Name'.padEnd(20)}  ${'#Broker Name'.padEnd(20)}  ${'#BID'.padEnd(4)}  #Addr`);
        for (const [cluster, names] of clusters) {
          for (const name of [...names].sort()) {
            for (const [id, address] of [...(brokers.get(name) ?? [])].sort(([a], [b]) => a - b)) {
              print(`${cluster.padEnd(20)}  ${name.padEnd(20)}  ${String(id).padEnd(4)}  ${address}`);
            }
          }
        }
      }),
    );

  nameServers(program.command('updateTopic'))
    .description('creates or changes a topic on one broker')
    .requiredOption('-b, --brokerAddr <address>', 'the master to create it on')
    .requiredOption('-t, --topic <name>', 'topic')
    .option('-r, --readQueueNums <count>', 'queues to read and write', '8')
    .action((options: Addresses & { brokerAddr: string; topic: string; readQueueNums: string }) =>
      withAdmin(options, async (admin) => {
        await admin.createTopic(options.brokerAddr, options.topic, Number(options.readQueueNums));
        print(`create topic to ${options.brokerAddr} success.`);
      }),
    );

  controllers(program.command('getControllerMetaData'))
    .description('the active controller')
    .action((options: Addresses) =>
      withAdmin(options, async (admin) => print(`#ControllerLeaderAddress\t${await admin.controllerLeader()}`)),
    );

  controllers(program.command('getSyncStateSet'))
    .description('master, epoch and in-sync replicas of a group')
    .requiredOption('-b, --brokerName <name>', 'the group')
    .action((options: Addresses & { brokerName: string }) =>
      withAdmin(options, async (admin) => {
        const group = await admin.replicaGroup(options.brokerName);
        if (group === undefined) throw new Error(`the controller does not know the broker name ${options.brokerName}`);
        print(`#brokerName\t${options.brokerName}`);
        print(`#MasterBrokerId\t${group.masterBrokerId ?? 'null'}`);
        print(`#MasterAddr\t${group.masterAddress ?? 'null'}`);
        print(`#MasterEpoch\t${group.masterEpoch}`);
        print(`#SyncStateSetEpoch\t${group.syncStateSetEpoch}`);
        print(`#SyncStateSetNums\t${group.inSync.length}`);
        const replica = (label: string) => (one: { brokerId: number; brokerAddress: string; alive: boolean }) =>
          print(
            `\n${label}:\tReplicaIdentity{brokerName='${options.brokerName}', brokerId=${one.brokerId}, brokerAddress='${one.brokerAddress}', alive=${one.alive}}`,
          );
        group.inSync.forEach(replica('InSyncReplica'));
        group.notInSync.forEach(replica('NotInSyncReplica'));
      }),
    );

  controllers(program.command('electMaster'))
    .description('makes a chosen replica master: a planned switch')
    .requiredOption('-b, --brokerId <id>', "the replica's id at the controller")
    .requiredOption('--brokerName <name>', 'the group (RocketMQ: -bn)')
    .requiredOption('-c, --clusterName <name>', 'the cluster')
    .action((options: Addresses & { brokerId: string; brokerName: string; clusterName: string }) =>
      withAdmin(options, async (admin) => {
        await admin.electMaster(options.clusterName, options.brokerName, Number(options.brokerId));
        const group = await admin.replicaGroup(options.brokerName);
        print(`#ClusterName\t${options.clusterName}`);
        print(`#BrokerName\t${options.brokerName}`);
        print(`#BrokerMasterAddr\t${group?.masterAddress ?? 'null'}`);
        print(`#MasterEpoch\t${group?.masterEpoch ?? 'null'}`);
        print(`#SyncStateSetEpoch\t${group?.syncStateSetEpoch ?? 'null'}`);
      }),
    );

  return program;
}
