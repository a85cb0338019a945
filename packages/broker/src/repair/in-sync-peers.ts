import { splitAddresses, textOf, type Host } from '@batonmq/host';
import { RequestCode, ResponseCode, namesrvHeaders, readJson, type RemotingClient } from '@batonmq/remoting';
import type { BrokerRole } from '../role';

const TIMEOUT_MS = 3000;

export interface InSyncPeersOptions {
  readonly namesrvAddr: string;
  readonly brokerClusterName: string;
  readonly brokerName: string;
}

/**
 * The brokers of the group whose log is this one's below the confirm offset: for a slave the master, for the master the others
 * of the SyncStateSet. Name servers know where they are.
 */
export class InSyncPeers {
  constructor(
    private readonly host: Pick<Host, 'log'>,
    private readonly client: Pick<RemotingClient, 'invoke'>,
    private readonly options: InSyncPeersOptions,
    private readonly role: Pick<BrokerRole, 'isMaster' | 'masterAddress'>,
    /** Ids of the SyncStateSet without the own one. */
    private readonly others: () => readonly number[],
  ) {}

  /** Addresses; empty when there is nobody, or no name server answers. */
  async addresses(): Promise<string[]> {
    const { role } = this;
    if (!role.isMaster) return role.masterAddress === '' ? [] : [role.masterAddress];
    const ids = this.others();
    if (ids.length === 0) return [];
    for (const nameServer of splitAddresses(this.options.namesrvAddr)) {
      try {
        const members = await this.membersAt(nameServer);
        const found = ids.map((id) => members[String(id)]).filter((address) => typeof address === 'string');
        if (found.length > 0) return found;
      } catch (error) {
        this.host.log.debug(
          { nameServer, error: textOf(error) },
          'a name server does not tell the members of the group',
        );
      }
    }
    return [];
  }

  private async membersAt(nameServer: string): Promise<Record<string, unknown>> {
    const { brokerClusterName: clusterName, brokerName } = this.options;
    const header = namesrvHeaders.GetBrokerMemberGroupRequest.encode({ clusterName, brokerName });
    const answer = await this.client.invoke(
      nameServer,
      { code: RequestCode.GET_BROKER_MEMBER_GROUP, header },
      TIMEOUT_MS,
    );
    if (answer.code !== ResponseCode.SUCCESS) throw new Error(`code ${answer.code}: ${answer.remark ?? ''}`);
    const body = readJson(answer.body ?? Buffer.from('{}')) as {
      brokerMemberGroup?: { brokerAddrs?: Record<string, unknown> };
    } | null;
    return body?.brokerMemberGroup?.brokerAddrs ?? {};
  }
}
