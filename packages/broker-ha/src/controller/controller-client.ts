import { splitAddresses, textOf, type Host } from '@batonmq/host';
import {
  RequestCode,
  ResponseCode,
  controllerHeaders,
  type OutgoingRequest,
  type RemotingClient,
  type RemotingCommand,
} from '@batonmq/remoting';
import { HaError } from '../errors';

export type ControllerRemoting = Pick<RemotingClient, 'invoke' | 'oneway' | 'closeAddress' | 'onConnectionLost'>;

export interface ControllerClientOptions {
  /** `;` separated addresses; the list is kept whatever a look-up says (`dns-gone`). */
  readonly controllerAddr: string;
  /** A controller that did not answer for so long is taken for unreachable; its connection is dropped. */
  readonly silenceMs: number;
}

const FIND_TIMEOUT_MS = 1000;
const CALL_TIMEOUT_MS = 3000;
/** Of several tries: a leader that hangs must not use up the time of its successor. */
const TRY_TIMEOUT_MS = 1500;
const RETRY_MS = 50;

/** Finds the active controller and talks to it; a standby's 2007 or a lost connection makes it look again at once. */
export class ControllerClient {
  readonly addresses: readonly string[];
  private leaderAddress: string | undefined;
  /** Standbys may go on naming a leader that is gone. */
  private suspect: string | undefined;
  private finding: Promise<string | undefined> | undefined;
  private readonly heartbeatsOut = new Set<string>();
  /** Since when a controller owes an answer; for those that owe none there is no entry. */
  private readonly owedSinceMs = new Map<string, number>();

  constructor(
    private readonly host: Pick<Host, 'clock' | 'timers' | 'log'>,
    private readonly remoting: ControllerRemoting,
    private readonly options: ControllerClientOptions,
    onLeaderLost: () => void,
  ) {
    this.addresses = splitAddresses(options.controllerAddr);
    remoting.onConnectionLost((address) => {
      if (address !== this.leaderAddress) return;
      this.doubt(address);
      onLeaderLost();
    });
  }

  get leader(): string | undefined {
    return this.leaderAddress;
  }

  /**
   * Asks the leader; looks for it again and repeats while there is time. For requests that may be repeated.
   * @returns an answer with any code but 2007   @throws HaError HA_CONTROLLER
   */
  async call(request: OutgoingRequest, timeoutMs = CALL_TIMEOUT_MS): Promise<RemotingCommand> {
    const deadline = this.host.clock.monotonicMs() + timeoutMs;
    let reason = this.nobodyLeads();
    for (;;) {
      const left = deadline - this.host.clock.monotonicMs();
      if (left <= 0) throw new HaError('HA_CONTROLLER', `request ${request.code}: ${reason}`);
      try {
        return await this.callOnce(request, Math.min(left, TRY_TIMEOUT_MS));
      } catch (error) {
        reason = textOf(error);
      }
      await this.delay(Math.min(RETRY_MS, left));
    }
  }

  /** One try, for requests whose fate must be known. @throws HaError HA_CONTROLLER: it may have been carried out */
  async callOnce(request: OutgoingRequest, timeoutMs = CALL_TIMEOUT_MS): Promise<RemotingCommand> {
    const leader = this.leaderAddress ?? (await this.findLeader());
    if (leader === undefined) throw new HaError('HA_CONTROLLER', this.nobodyLeads());
    const answer = await this.ask(leader, request, timeoutMs).catch((cause: unknown) => {
      this.doubt(leader);
      throw new HaError('HA_CONTROLLER', textOf(cause), { cause });
    });
    if (answer.code === ResponseCode.CONTROLLER_NOT_LEADER) {
      this.doubt(leader);
      throw new HaError('HA_CONTROLLER', `${leader} does not lead`);
    }
    this.suspect = undefined;
    return answer;
  }

  private nobodyLeads(): string {
    return `none of the controllers ${this.addresses.join(';')} names a leader`;
  }

  /** To every controller, one-way, at most one on its way to each (`heartbeat-blocked`). */
  heartbeat(request: OutgoingRequest): void {
    for (const address of this.addresses) {
      if (this.heartbeatsOut.has(address)) continue;
      this.heartbeatsOut.add(address);
      this.remoting
        .oneway(address, request)
        .catch(() => {})
        .finally(() => this.heartbeatsOut.delete(address));
    }
  }

  /** Ends all connections; the next request makes new ones. */
  hangUp(): void {
    for (const address of this.addresses) this.remoting.closeAddress(address);
  }

  /** Asks everybody who leads. The first that says "I do" wins; else what standbys say after a moment. */
  findLeader(): Promise<string | undefined> {
    this.finding ??= this.askAll().finally(() => (this.finding = undefined));
    return this.finding;
  }

  private askAll(): Promise<string | undefined> {
    return new Promise((resolve) => {
      let named: string | undefined;
      let open = this.addresses.length;
      const finish = (): void => {
        cancel();
        this.leaderAddress ??= named;
        resolve(this.leaderAddress);
      };
      const cancel = this.host.timers.after(FIND_TIMEOUT_MS, finish);
      const request = { code: RequestCode.CONTROLLER_GET_METADATA_INFO };
      for (const address of this.addresses) {
        this.ask(address, request, FIND_TIMEOUT_MS)
          .then((answer) => {
            const said = controllerHeaders.GetMetaDataResponse.decode(answer.extFields);
            const leader = said.controllerLeaderAddress || undefined;
            if (said.isLeader) this.leaderAddress = leader ?? address;
            else if (leader !== undefined && leader !== this.suspect) named = leader;
            if (said.isLeader) finish();
          })
          .catch(() => {})
          .finally(() => {
            if (--open === 0) finish();
          });
      }
      if (open === 0) finish();
    });
  }

  private async ask(address: string, request: OutgoingRequest, timeoutMs: number): Promise<RemotingCommand> {
    const now = this.host.clock.monotonicMs();
    const owedSince = this.owedSinceMs.get(address);
    if (owedSince === undefined) this.owedSinceMs.set(address, now);
    else if (now - owedSince > this.options.silenceMs) {
      this.owedSinceMs.set(address, now);
      this.remoting.closeAddress(address);
    }
    const answer = await this.remoting.invoke(address, request, timeoutMs);
    this.owedSinceMs.delete(address);
    return answer;
  }

  private delay(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.host.timers.after(delayMs, resolve));
  }

  private doubt(leader: string): void {
    if (this.leaderAddress !== leader) return;
    this.leaderAddress = undefined;
    this.suspect = leader;
  }
}
