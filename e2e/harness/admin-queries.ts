import { nodeHost, silentLog } from '@batonmq/host';
import { RemotingClient, RequestCode, ResponseCode, readJson, type OutgoingRequest } from '@batonmq/remoting';
import type { GroupState } from './cluster';

const TIMEOUT_MS = 3000;

interface ReplicasInfo {
  readonly masterAddress?: string;
  readonly masterBrokerId?: number;
  readonly masterEpoch?: number;
  readonly inSyncReplicas?: readonly { readonly brokerId: number }[];
}

/** Questions to name servers, controllers and brokers of either make, over RocketMQ's remoting protocol. */
export class AdminQueries {
  private readonly client = new RemotingClient(nodeHost(silentLog));

  /** The group's record at the active controller, which any of the controllers names. @source CONTROLLER_GET_SYNC_STATE_DATA */
  async groupState(controllers: readonly string[], brokerName: string): Promise<GroupState> {
    const leader = await this.activeController(controllers);
    const body = await this.ask(leader, {
      code: RequestCode.CONTROLLER_GET_SYNC_STATE_DATA,
      body: Buffer.from(JSON.stringify([brokerName])),
    });
    const { replicasInfoTable } = body as { replicasInfoTable: Record<string, ReplicasInfo | undefined> };
    const info = replicasInfoTable[brokerName];
    return {
      masterBrokerId: info?.masterBrokerId,
      masterAddress: info?.masterAddress,
      masterEpoch: info?.masterEpoch ?? 0,
      syncStateSet: (info?.inSyncReplicas ?? []).map((replica) => replica.brokerId),
    };
  }

  /** Addresses by broker id as a name server knows them; 0 is the master. @source GET_BROKER_CLUSTER_INFO */
  async brokerAddresses(namesrv: string, brokerName: string): Promise<Record<string, string>> {
    const body = await this.ask(namesrv, { code: RequestCode.GET_BROKER_CLUSTER_INFO });
    const { brokerAddrTable } = body as {
      brokerAddrTable?: Record<string, { brokerAddrs: Record<string, string> } | undefined>;
    };
    return brokerAddrTable?.[brokerName]?.brokerAddrs ?? {};
  }

  /** @source UPDATE_AND_CREATE_TOPIC */
  async createTopic(broker: string, topic: string, queues: number): Promise<void> {
    const header = {
      topic,
      defaultTopic: 'TBW102',
      readQueueNums: String(queues),
      writeQueueNums: String(queues),
      perm: '6',
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: '0',
      order: 'false',
    };
    await this.ask(broker, { code: RequestCode.UPDATE_AND_CREATE_TOPIC, header });
  }

  /** Whether the name server has a route with a master for the topic. @source GET_ROUTEINFO_BY_TOPIC */
  async hasRoute(namesrv: string, topic: string): Promise<boolean> {
    const body = await this.ask(namesrv, { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header: { topic } });
    const { brokerDatas } = body as { brokerDatas?: readonly { brokerAddrs: Record<string, string> }[] };
    return brokerDatas?.some((broker) => broker.brokerAddrs['0'] !== undefined) ?? false;
  }

  /** End of a broker's commit log. @source GET_BROKER_RUNTIME_INFO */
  async logEnd(broker: string): Promise<number> {
    return Number((await this.runtimeInfo(broker))['commitLogMaxOffset']);
  }

  /** Bytes of a broker's commit log that its queues do not know yet. */
  async dispatchBehind(broker: string): Promise<number> {
    return Number((await this.runtimeInfo(broker))['dispatchBehindBytes']);
  }

  private async runtimeInfo(broker: string): Promise<Record<string, string | undefined>> {
    const { table } = (await this.ask(broker, { code: RequestCode.GET_BROKER_RUNTIME_INFO })) as {
      table: Record<string, string | undefined>;
    };
    return table;
  }

  async stop(): Promise<void> {
    await this.client.stop();
  }

  private async activeController(controllers: readonly string[]): Promise<string> {
    for (const controller of controllers) {
      const answer = await this.client
        .invoke(controller, { code: RequestCode.CONTROLLER_GET_METADATA_INFO }, TIMEOUT_MS)
        .catch(() => undefined);
      const leader = answer?.extFields['controllerLeaderAddress'];
      if (leader !== undefined && leader !== '') return leader;
    }
    throw new Error('no controller names a leader');
  }

  private async ask(address: string, request: OutgoingRequest): Promise<unknown> {
    const answer = await this.client.invoke(address, request, TIMEOUT_MS);
    if (answer.code !== ResponseCode.SUCCESS) {
      throw new Error(`${address} answered request ${request.code} with ${answer.code}: ${answer.remark ?? ''}`);
    }
    return answer.body === undefined ? undefined : readJson(answer.body);
  }
}
