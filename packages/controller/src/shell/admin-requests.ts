import type { ControllerPeers } from '@batonmq/config';
import { RequestCode, ResponseCode, controllerHeaders as headers, readJson } from '@batonmq/remoting';
import type { Consensus } from '../consensus';
import type { Outcome } from '../core/decision';
import { syncStateData } from '../core/queries';
import type { ControllerStateMachine } from '../core/state-machine';
import type { BrokerLiveness } from './broker-liveness';
import type { ControllerConfiguration } from './controller-configuration';
import type { Decider } from './decider';
import type { RequestTable } from './request-table';

/** What tools ask; brokers ask 1005 too (controller.md 3.6, 3.7, 3.11). */
export class AdminRequests {
  constructor(
    private readonly machine: ControllerStateMachine,
    private readonly liveness: BrokerLiveness,
    private readonly decider: Decider,
    private readonly consensus: Consensus,
    private readonly group: ControllerPeers,
    private readonly configuration: ControllerConfiguration,
  ) {}

  register(table: RequestTable): void {
    table.add(RequestCode.CONTROLLER_GET_METADATA_INFO, 'CONTROLLER_GET_METADATA_INFO', () => this.metadata());
    table.add(RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, 'CONTROLLER_GET_SYNC_STATE_DATA', ({ body }) =>
      this.syncStateData(body),
    );
    table.add(RequestCode.UPDATE_CONTROLLER_CONFIG, 'CONTROLLER_UPDATE_CONTROLLER_CONFIG', ({ body }) =>
      this.configuration.update(body),
    );
    table.add(RequestCode.GET_CONTROLLER_CONFIG, 'CONTROLLER_GET_CONTROLLER_CONFIG', () => ({
      code: ResponseCode.SUCCESS,
      body: Buffer.from(this.configuration.text(), 'utf8'),
    }));
  }

  /** From this node's own view, always: how brokers find the leader. */
  private metadata(): Outcome {
    const { leaderId, role, lastIndex } = this.consensus.status();
    const { group, peers } = this.group;
    const header = headers.GetMetaDataResponse.encode({
      group,
      controllerLeaderId: leaderId,
      controllerLeaderAddress: peers.find(({ id }) => id === leaderId)?.address,
      isLeader: role === 'leader',
      peers: peers.map(({ id, address }) => `${id}:${address};`).join(''),
      lastIndex,
    });
    return { code: ResponseCode.SUCCESS, header };
  }

  private syncStateData(body: Buffer | undefined): Outcome | Promise<Outcome> {
    const names = body === undefined ? [] : readJson(body);
    if (this.decider.leads && (!Array.isArray(names) || names.length === 0)) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'not set any response code' };
    }
    return this.decider.read(() =>
      syncStateData(this.machine.sets, (names as unknown[]).map(String), ({ clusterName, brokerName }, brokerId) =>
        this.liveness.isAlive({ clusterName, brokerName, brokerId }),
      ),
    );
  }
}
