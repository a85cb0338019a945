import { splitAddresses, type Host } from '@batonmq/host';
import {
  RemotingClient,
  RequestCode,
  ResponseCode,
  brokerHeaders,
  controllerHeaders,
  readJson,
  writeJson,
} from '@batonmq/remoting';
import { ClientError } from './errors';
import { NameServers, succeeded } from './name-servers';

export interface ClusterInfo {
  /** brokerName → broker id → address */
  readonly brokers: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** cluster → broker names */
  readonly clusters: ReadonlyMap<string, readonly string[]>;
}

export interface Replica {
  readonly brokerId: number;
  readonly brokerAddress: string;
  readonly alive: boolean;
}

/** A replica group as the active controller sees it. */
export interface ReplicaGroup {
  readonly masterBrokerId: number | undefined;
  readonly masterAddress: string | undefined;
  readonly masterEpoch: number;
  readonly syncStateSetEpoch: number;
  readonly inSync: readonly Replica[];
  readonly notInSync: readonly Replica[];
}

const TIMEOUT_MS = 5000;

/** What operators do: topics, clusters, replica groups. */
export class Admin {
  private readonly client: RemotingClient;
  private readonly nameServers: NameServers;

  constructor(
    host: Host,
    private readonly options: { readonly nameServers: string; readonly controllers?: string },
  ) {
    this.client = new RemotingClient(host);
    this.nameServers = new NameServers(this.client, options.nameServers);
  }

  stop(): Promise<void> {
    return this.client.stop();
  }

  /** What one name server knows of brokers and clusters. */
  async clusterInfo(): Promise<ClusterInfo> {
    const answer = succeeded(
      await this.nameServers.ask({ code: RequestCode.GET_BROKER_CLUSTER_INFO }, TIMEOUT_MS),
      'the cluster info',
    );
    const body = (answer.body === undefined ? {} : readJson(answer.body)) as {
      brokerAddrTable?: Record<string, { brokerAddrs?: Record<string, string> }>;
      clusterAddrTable?: Record<string, string[]>;
    };
    const brokers = Object.entries(body.brokerAddrTable ?? {}).map(([name, data]): [string, Map<number, string>] => [
      name,
      new Map(Object.entries(data.brokerAddrs ?? {}).map(([id, address]) => [Number(id), address])),
    ]);
    return { brokers: new Map(brokers), clusters: new Map(Object.entries(body.clusterAddrTable ?? {})) };
  }

  /** Creates or changes a topic on one broker; resolves when its in-sync replicas and the name servers have it. */
  async createTopic(brokerAddress: string, topic: string, queues: number): Promise<void> {
    const header = brokerHeaders.CreateTopicRequest.encode({
      topic,
      defaultTopic: 'TBW102',
      readQueueNums: queues,
      writeQueueNums: queues,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
      order: false,
      attributes: undefined,
    });
    const answer = await this.client.invoke(
      brokerAddress,
      { code: RequestCode.UPDATE_AND_CREATE_TOPIC, header },
      10_000,
    );
    succeeded(answer, `creating the topic ${topic}`);
  }

  /** Name servers' view of one topic: whether it has a route. */
  async hasRoute(nameServer: string, topic: string): Promise<boolean> {
    const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header: { topic } };
    return (await this.client.invoke(nameServer, request, TIMEOUT_MS)).code === ResponseCode.SUCCESS;
  }

  /** Address of the active controller. @throws ClientError NO_LEADER */
  async controllerLeader(): Promise<string> {
    for (const address of splitAddresses(this.options.controllers ?? '')) {
      try {
        const answer = await this.client.invoke(address, { code: RequestCode.CONTROLLER_GET_METADATA_INFO }, 1000);
        const { controllerLeaderAddress } = controllerHeaders.GetMetaDataResponse.decode(answer.extFields);
        if (controllerLeaderAddress) return controllerLeaderAddress;
      } catch {
        // The next one may know.
      }
    }
    throw new ClientError(
      'NO_LEADER',
      `none of the controllers ${this.options.controllers ?? '(none given)'} names a leader`,
    );
  }

  /** @returns undefined when the controller does not know the group */
  async replicaGroup(brokerName: string): Promise<ReplicaGroup | undefined> {
    const request = { code: RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, body: writeJson([brokerName]) };
    const answer = succeeded(
      await this.client.invoke(await this.controllerLeader(), request, 1000),
      `the SyncStateSet of ${brokerName}`,
    );
    const body = (answer.body === undefined ? {} : readJson(answer.body)) as {
      replicasInfoTable?: Record<string, Record<string, unknown>>;
    };
    const group = body.replicasInfoTable?.[brokerName];
    if (group === undefined) return undefined;
    return {
      masterBrokerId: group['masterBrokerId'] as number | undefined,
      masterAddress: group['masterAddress'] as string | undefined,
      masterEpoch: Number(group['masterEpoch'] ?? 0),
      syncStateSetEpoch: Number(group['syncStateSetEpoch'] ?? 0),
      inSync: (group['inSyncReplicas'] ?? []) as Replica[],
      notInSync: (group['notInSyncReplicas'] ?? []) as Replica[],
    };
  }

  /** Makes a chosen replica master: a planned switch. */
  async electMaster(clusterName: string, brokerName: string, brokerId: number): Promise<void> {
    const header = controllerHeaders.ElectMasterRequest.encode({
      clusterName,
      brokerName,
      brokerId,
      designateElect: true,
      invokeTime: undefined,
    });
    const answer = await this.client.invoke(
      await this.controllerLeader(),
      { code: RequestCode.CONTROLLER_ELECT_MASTER, header },
      TIMEOUT_MS,
    );
    succeeded(answer, `electing ${brokerId} in ${brokerName}`);
  }
}
