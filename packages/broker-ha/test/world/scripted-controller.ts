import type { Host } from '@batonmq/host';
import {
  RemotingClient,
  RemotingServer,
  RequestCode,
  ResponseCode,
  controllerHeaders as headers,
  readJson,
  writeJson,
  type Peer,
  type RemotingCommand,
  type Response,
} from '@batonmq/remoting';

export const CONTROLLER_PORT = 9877;

/** What a controller group keeps in its Raft log: survives the process. */
export class ControllerState {
  members = new Map<number, { address: string; checkCode: string }>();
  masterId: number | undefined;
  masterEpoch = 0;
  set: number[] = [];
  setEpoch = 0;
  /** Master epochs in order, with who got them and from which set. */
  history: { epoch: number; masterId: number | undefined; set: number[] }[] = [];
}

interface Live {
  readonly peer: Peer;
  readonly atMs: number;
  readonly epoch: number;
  readonly maxOffset: number;
}

/** One active controller for one broker set, by the rules of the reference; a test may lose or delay its answers. */
export class ScriptedController {
  readonly state: ControllerState;
  patienceMs = 3000;
  /** Called for every request: 'lose' carries it out and loses the answer, 'ignore' does not carry it out either. */
  fate: (request: RemotingCommand) => 'answer' | 'lose' | 'ignore' = () => 'answer';
  notify = true;
  readonly seen = new Map<number, number>();
  private readonly live = new Map<number, Live>();
  private readonly server: RemotingServer;
  private readonly client: RemotingClient;
  private readonly bornMs: number;

  constructor(
    private readonly host: Host,
    state: ControllerState,
    private readonly address: string,
  ) {
    this.state = state;
    this.bornMs = host.clock.monotonicMs();
    this.server = new RemotingServer(host, { port: CONTROLLER_PORT });
    this.client = new RemotingClient(host, { connectTimeoutMs: 1000 });
    this.server.handleRest((request, peer) => {
      this.seen.set(request.code, (this.seen.get(request.code) ?? 0) + 1);
      const fate = this.fate(request);
      if (fate === 'ignore') return undefined;
      const response = this.answer(request, peer);
      return fate === 'lose' ? undefined : response;
    });
    this.server.onPeerClosed((peer) => {
      for (const [id, live] of this.live) {
        if (live.peer !== peer) continue;
        this.live.delete(id);
        if (id === this.state.masterId) this.elect(undefined);
      }
    });
  }

  async start(): Promise<void> {
    await this.server.start();
    this.host.timers.every(500, () => this.scan());
  }

  elect(askedBy: number | undefined, designated?: number): number {
    const { state } = this;
    if (state.masterEpoch === 0) {
      if (askedBy === undefined) return ResponseCode.CONTROLLER_MASTER_NOT_AVAILABLE;
      return this.crown(askedBy);
    }
    const candidates = state.set.filter((id) => this.alive(id));
    if (designated === undefined && state.masterId !== undefined && candidates.includes(state.masterId)) {
      return ResponseCode.CONTROLLER_MASTER_STILL_EXIST;
    }
    const pool = designated === undefined ? candidates : candidates.filter((id) => id === designated);
    pool.sort((a, b) => {
      const [x, y] = [this.live.get(a) as Live, this.live.get(b) as Live];
      return y.epoch - x.epoch || y.maxOffset - x.maxOffset || a - b;
    });
    if (pool[0] !== undefined) return this.crown(pool[0]);
    if (askedBy !== undefined) return ResponseCode.CONTROLLER_ELECT_MASTER_FAILED;
    if (state.masterId !== undefined) {
      state.masterId = undefined;
      state.masterEpoch++;
      state.history.push({ epoch: state.masterEpoch, masterId: undefined, set: [...state.set] });
    }
    return ResponseCode.CONTROLLER_MASTER_NOT_AVAILABLE;
  }

  /** Elects `id` whatever the rules say, also the present master. */
  crown(id: number): number {
    const { state } = this;
    state.history.push({ epoch: state.masterEpoch + 1, masterId: id, set: [...state.set] });
    state.masterEpoch++;
    state.masterId = id;
    state.set = [id];
    state.setEpoch++;
    this.host.log.info({ master: id, epoch: state.masterEpoch }, 'elected');
    if (this.notify) for (const member of state.members.keys()) if (this.alive(member)) this.tell(member);
    return ResponseCode.SUCCESS;
  }

  tell(member: number): void {
    const { address } = this.state.members.get(member) as { address: string };
    const header = headers.NotifyBrokerRoleChangedRequest.encode({
      ...this.words(),
      syncStateSetEpoch: this.state.setEpoch,
    });
    const request = { code: RequestCode.NOTIFY_BROKER_ROLE_CHANGED, header, body: this.setBody() };
    this.client.oneway(address, request).catch(() => {});
  }

  private alive(id: number): boolean {
    const live = this.live.get(id);
    return live !== undefined && this.host.clock.monotonicMs() - live.atMs <= this.patienceMs;
  }

  private scan(): void {
    const { masterId } = this.state;
    if (this.host.clock.monotonicMs() - this.bornMs < this.patienceMs) return;
    if (masterId !== undefined && !this.alive(masterId) && [...this.live.keys()].some((id) => this.alive(id))) {
      this.elect(undefined);
    }
  }

  private words(): { masterBrokerId: number | undefined; masterAddress: string | undefined; masterEpoch: number } {
    const { masterId, masterEpoch, members } = this.state;
    const masterAddress = masterId === undefined ? undefined : members.get(masterId)?.address;
    return { masterBrokerId: masterId, masterAddress, masterEpoch };
  }

  private setBody(): Buffer {
    return writeJson({ syncStateSet: this.state.set, syncStateSetEpoch: this.state.setEpoch });
  }

  private answer(request: RemotingCommand, peer: Peer): Response | undefined {
    const { state } = this;
    const fields = request.extFields;
    switch (request.code) {
      case RequestCode.BROKER_HEARTBEAT: {
        const beat = headers.BrokerHeartbeatRequest.decode(fields);
        const { epoch, maxOffset } = beat;
        this.live.set(beat.brokerId as number, { peer, atMs: this.host.clock.monotonicMs(), epoch, maxOffset });
        return { code: 0 };
      }
      case RequestCode.CONTROLLER_GET_METADATA_INFO: {
        const values = {
          group: 'g',
          controllerLeaderId: 'n0',
          controllerLeaderAddress: this.address,
          isLeader: true,
          peers: '',
        };
        return { code: 0, header: headers.GetMetaDataResponse.encode(values) };
      }
      case RequestCode.CONTROLLER_GET_NEXT_BROKER_ID: {
        const nextBrokerId = Math.max(0, ...state.members.keys()) + 1;
        return { code: 0, header: headers.GetNextBrokerIdResponse.encode({ nextBrokerId }) };
      }
      case RequestCode.CONTROLLER_APPLY_BROKER_ID: {
        const { appliedBrokerId, registerCheckCode } = headers.ApplyBrokerIdRequest.decode(fields);
        const known = state.members.get(appliedBrokerId);
        if (known !== undefined && known.checkCode !== registerCheckCode)
          return { code: ResponseCode.CONTROLLER_BROKER_ID_INVALID };
        const address = registerCheckCode.split(';')[0] as string;
        if (known === undefined) state.members.set(appliedBrokerId, { address, checkCode: registerCheckCode });
        return { code: 0 };
      }
      case RequestCode.CONTROLLER_REGISTER_BROKER: {
        const { brokerId, brokerAddress } = headers.RegisterBrokerToControllerRequest.decode(fields);
        const member = state.members.get(brokerId);
        if (member === undefined) return { code: ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED };
        member.address = brokerAddress;
        const living = state.masterId !== undefined && this.alive(state.masterId);
        const values = living ? { ...this.words(), syncStateSetEpoch: state.setEpoch } : {};
        return { code: 0, header: headers.RegisterBrokerToControllerResponse.encode(values), body: this.setBody() };
      }
      case RequestCode.CONTROLLER_GET_REPLICA_INFO:
        return { code: 0, header: headers.GetReplicaInfoResponse.encode(this.words()), body: this.setBody() };
      case RequestCode.CONTROLLER_ELECT_MASTER: {
        const code = this.elect(headers.ElectMasterRequest.decode(fields).brokerId);
        if (code !== ResponseCode.SUCCESS && code !== ResponseCode.CONTROLLER_MASTER_STILL_EXIST) return { code };
        const header = headers.ElectMasterResponse.encode({ ...this.words(), syncStateSetEpoch: state.setEpoch });
        return { code, header, body: writeJson({ syncStateSet: state.set }) };
      }
      case RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET:
        return this.alter(request);
      default:
        return { code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED };
    }
  }

  private alter(request: RemotingCommand): Response {
    const { state } = this;
    const { masterBrokerId, masterEpoch } = headers.AlterSyncStateSetRequest.decode(request.extFields);
    const wish = readJson(request.body as Buffer) as { syncStateSet: number[]; syncStateSetEpoch: number };
    const same = [...state.set].sort().join() === [...wish.syncStateSet].sort().join();
    if (same) return { code: ResponseCode.CONTROLLER_ALTER_SYNC_STATE_SET_FAILED };
    if (masterBrokerId !== state.masterId) return { code: ResponseCode.CONTROLLER_INVALID_MASTER };
    if (masterEpoch !== state.masterEpoch) return { code: ResponseCode.CONTROLLER_FENCED_MASTER_EPOCH };
    if (wish.syncStateSetEpoch !== state.setEpoch) return { code: ResponseCode.CONTROLLER_FENCED_SYNC_STATE_SET_EPOCH };
    if (!wish.syncStateSet.every((id) => this.alive(id))) return { code: ResponseCode.CONTROLLER_BROKER_NOT_ALIVE };
    if (!wish.syncStateSet.includes(state.masterId as number))
      return { code: ResponseCode.CONTROLLER_ALTER_SYNC_STATE_SET_FAILED };
    state.set = [...wish.syncStateSet];
    state.setEpoch++;
    this.host.log.info({ set: state.set, setEpoch: state.setEpoch }, 'set altered');
    const header = headers.AlterSyncStateSetResponse.encode({ newSyncStateSetEpoch: state.setEpoch });
    return { code: 0, header, body: this.setBody() };
  }
}
