import {
  ResponseCode,
  RequestCode,
  controllerHeaders as headers,
  readJson,
  type ExtFields,
  type Peer,
  type RemotingCommand,
} from '@batonmq/remoting';
import type { Outcome } from '../core/decision';
import { DEFAULT_HEARTBEAT_TIMEOUT_MS, LOWEST_PRIORITY, type BrokerKey } from '../core/liveness-table';
import { nextBrokerId, replicaInfo } from '../core/queries';
import type { ControllerStateMachine } from '../core/state-machine';
import type { BrokerLiveness } from './broker-liveness';
import type { Decider } from './decider';
import type { RequestTable } from './request-table';

/** What brokers ask (controller.md 3.1 to 3.5, 3.8, 3.9). */
export class BrokerRequests {
  constructor(
    private readonly machine: ControllerStateMachine,
    private readonly liveness: BrokerLiveness,
    private readonly decider: Decider,
    private readonly unclean: () => boolean,
    private readonly onElection: (outcome: Outcome) => void,
  ) {}

  register(table: RequestTable): void {
    const { decider, machine, liveness } = this;
    table.add(RequestCode.BROKER_HEARTBEAT, 'CONTROLLER_BROKER_HEARTBEAT', (request, peer) =>
      this.heartbeat(request, peer),
    );
    table.add(RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET, 'CONTROLLER_ALTER_SYNC_STATE_SET', (request) =>
      this.alterSyncStateSet(request),
    );
    table.add(RequestCode.CONTROLLER_ELECT_MASTER, 'CONTROLLER_ELECT_MASTER', (request, peer) =>
      this.electMaster(request.extFields, peer),
    );
    table.add(RequestCode.CONTROLLER_REGISTER_BROKER, 'CONTROLLER_REGISTER_BROKER', ({ extFields }) =>
      this.registerBroker(extFields),
    );
    table.add(RequestCode.CONTROLLER_GET_REPLICA_INFO, 'CONTROLLER_GET_REPLICA_INFO', ({ extFields }) => {
      const { brokerName } = headers.GetReplicaInfoRequest.decode(extFields);
      return decider.read(() => replicaInfo(machine.sets.get(brokerName)));
    });
    table.add(RequestCode.CONTROLLER_GET_NEXT_BROKER_ID, 'CONTROLLER_GET_NEXT_BROKER_ID', ({ extFields }) => {
      const { clusterName, brokerName } = headers.GetNextBrokerIdRequest.decode(extFields);
      return decider.read(() => nextBrokerId(machine.sets.get(brokerName), clusterName, brokerName));
    });
    table.add(RequestCode.CONTROLLER_APPLY_BROKER_ID, 'CONTROLLER_APPLY_BROKER_ID', ({ extFields }) => {
      const { clusterName = '', ...rest } = headers.ApplyBrokerIdRequest.decode(extFields);
      return decider.decide({ kind: 'applyBrokerId', clusterName, ...rest });
    });
    table.add(RequestCode.CLEAN_BROKER_DATA, 'CONTROLLER_CLEAN_BROKER_DATA', ({ extFields }) => {
      const { brokerName, brokerControllerIdsToClean, isCleanLivingBroker } =
        headers.CleanBrokerDataRequest.decode(extFields);
      return decider.decide({
        kind: 'cleanBrokerData',
        brokerName,
        brokerIds: brokerControllerIdsToClean,
        cleanLivingBroker: isCleanLivingBroker,
        live: liveness.view(brokerName),
      });
    });
  }

  /** On every node: a standby that becomes leader has to know who is alive. */
  private heartbeat({ extFields }: RemotingCommand, peer: Peer): Outcome {
    const { brokerId, heartbeatTimeoutMills, electionPriority, ...rest } =
      headers.BrokerHeartbeatRequest.decode(extFields);
    if (brokerId === undefined) {
      return { code: ResponseCode.CONTROLLER_INVALID_REQUEST, remark: 'Heart beat with empty brokerId' };
    }
    const timeoutMs = Math.max(0, heartbeatTimeoutMills ?? DEFAULT_HEARTBEAT_TIMEOUT_MS);
    this.liveness.heartbeat(
      { ...rest, brokerId, timeoutMs, electionPriority: electionPriority ?? LOWEST_PRIORITY },
      peer,
    );
    return { code: ResponseCode.SUCCESS, remark: 'Heart beat success' };
  }

  private alterSyncStateSet({ extFields, body }: RemotingCommand): Promise<Outcome> {
    const { brokerName, masterBrokerId, masterEpoch } = headers.AlterSyncStateSetRequest.decode(extFields);
    return this.decider.decide({
      kind: 'alterSyncStateSet',
      brokerName,
      masterBrokerId,
      masterEpoch,
      ...wishOf(body),
      live: this.liveness.view(brokerName),
    });
  }

  private async electMaster(extFields: ExtFields, peer: Peer): Promise<Outcome> {
    const { clusterName, brokerName, brokerId, designateElect } = headers.ElectMasterRequest.decode(extFields);
    if (this.decider.leads && !designateElect) this.hearAsker(clusterName, brokerName, brokerId, peer);
    const outcome = await this.decider.decide({
      kind: 'electMaster',
      brokerName,
      brokerId,
      designateElect,
      unclean: this.unclean(),
      live: this.liveness.view(brokerName),
    });
    this.onElection(outcome);
    return outcome;
  }

  private registerBroker(extFields: ExtFields): Promise<Outcome> {
    const command = headers.RegisterBrokerToControllerRequest.decode(extFields);
    const { invokeTime: _, ...registration } = command;
    const { brokerName, brokerId } = command;
    const set = this.machine.sets.get(brokerName);
    // Its former process was the master; see registerBroker in core.
    if (this.decider.leads && set?.masterBrokerId === brokerId) {
      this.liveness.forget({ clusterName: set.clusterName, brokerName, brokerId });
    }
    const live = this.liveness.view(brokerName);
    return this.decider.decide({ kind: 'registerBroker', ...registration, live });
  }

  /**
   * A broker that asks for an election in its own name is alive. Its first heartbeat may be overtaken by this request;
   * the reference then refuses, and a set that has nobody else waits 5 s for the next try (controller.md 8.2).
   */
  private hearAsker(clusterName: string, brokerName: string, brokerId: number, peer: Peer): void {
    const set = this.machine.sets.get(brokerName);
    const member = set?.members.get(brokerId);
    if (set === undefined || member === undefined) return;
    const key: BrokerKey = { clusterName: clusterName === '' ? set.clusterName : clusterName, brokerName, brokerId };
    if (this.liveness.isAlive(key)) return;
    this.liveness.heartbeat(
      {
        ...key,
        brokerAddr: member.address,
        epoch: -1,
        maxOffset: -1,
        confirmOffset: -1,
        timeoutMs: DEFAULT_HEARTBEAT_TIMEOUT_MS,
        electionPriority: LOWEST_PRIORITY,
      },
      peer,
    );
  }
}

/** Ids may be texts in the JSON of some writers. @throws Error, answered as code 1, when there is no set in the body */
function wishOf(body: Buffer | undefined): { syncStateSet: number[]; syncStateSetEpoch: number } {
  const wish = (body === undefined ? undefined : readJson(body)) as Record<string, unknown> | undefined;
  const ids = wish?.['syncStateSet'];
  const syncStateSetEpoch = Number(wish?.['syncStateSetEpoch'] ?? 0);
  if (!Array.isArray(ids)) throw new Error('the body has no syncStateSet');
  const syncStateSet = ids.map(Number);
  if (![...syncStateSet, syncStateSetEpoch].every(Number.isSafeInteger))
    throw new Error('ids and epoch must be integers');
  return { syncStateSet, syncStateSetEpoch };
}
