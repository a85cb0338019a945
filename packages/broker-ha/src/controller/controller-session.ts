import { codeOf, textOf, type Cancel, type Host } from '@batonmq/host';
import { ResponseCode, type OutgoingRequest } from '@batonmq/remoting';
import type { ControllerWord } from '../core/role-machine';
import type { Proposal, ProposalOutcome } from '../core/sync-state-set';
import type { HaOptions } from '../options';
import { Backoff } from '../replication/backoff';
import { OncePerMinute } from '../replication/once-per-minute';
import { Pause } from '../replication/pause';
import { ControllerClient, type ControllerRemoting } from './controller-client';
import { Registration } from './registration';
import {
  alterSetRequest,
  electRequest,
  heartbeatRequest,
  outcomeOf,
  replicaInfoRequest,
  wordOf,
  type HeartbeatValues,
} from './requests';

export interface SessionPorts {
  /** Values of the next heartbeat. */
  heartbeat(): Omit<HeartbeatValues, 'id' | 'timeoutMs' | 'priority'>;
  /** This process is registered under the id; what is said before concerns its predecessor. May be called again. */
  identified(id: number): void;
  /** @param readSentMs for words from a read: when it was sent */
  word(word: ControllerWord, readSentMs?: number): void;
  /** Whether this broker has a role now; without one it asks more often. */
  hasRole(): boolean;
  /** Whether the end of the log may be gone with the power, which the controller has to know. */
  unsyncedTailLost(): boolean;
  forgetLostTail(): void;
}

/** After something happened that may mean a new master, the controller is asked this often, for so long. */
const ALERT_PERIOD_MS = 150;
const ALERT_FOR_MS = 4000;
const ROLELESS_PERIOD_MS = 500;

/** This broker's dealings with the controllers: id, registration, heartbeats, reads of who is master, proposals. */
export class ControllerSession {
  private readonly controller: ControllerClient;
  private readonly registration: Registration;
  private readonly pause: Pause;
  private readonly complaints: OncePerMinute;
  private id = -1;
  private stopped = false;
  private away = false;
  private alertUntilMs = -Infinity;
  private contactMs = -Infinity;
  private readonly cancels: Cancel[] = [];

  constructor(
    private readonly host: Pick<Host, 'clock' | 'timers' | 'random' | 'files' | 'log'>,
    private readonly options: HaOptions,
    remoting: ControllerRemoting,
    private readonly ports: SessionPorts,
  ) {
    const silenceMs = options.controllerHeartBeatTimeoutMills;
    const { controllerAddr } = options;
    this.controller = new ControllerClient(host, remoting, { controllerAddr, silenceMs }, () => this.readSoon());
    this.registration = new Registration(host, options, this.controller);
    this.pause = new Pause(host.timers);
    this.complaints = new OncePerMinute(host.clock);
  }

  get brokerId(): number {
    return this.id;
  }
  get leader(): string | undefined {
    return this.controller.leader;
  }
  /** When the last request was sent that an active controller answered. */
  get lastContactMs(): number {
    return this.contactMs;
  }

  /** Runs in the background for ever; whatever fails is tried again (`slave-exits`). */
  start(): void {
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    for (const cancel of this.cancels) cancel();
    this.pause.wake();
  }

  /** Something happened that may mean a new master: read now, and again soon for a few seconds. */
  readSoon(): void {
    this.alertUntilMs = this.now() + ALERT_FOR_MS;
    this.pause.wake();
  }

  /** No heartbeats any more, and the controllers see the connection end at once. Reads go on: there will be another master. */
  stepBack(): void {
    this.away = true;
    this.controller.hangUp();
    this.readSoon();
  }

  comeBack(): void {
    this.away = false;
    this.heartbeat();
  }

  heartbeat(): void {
    if (this.id > 0 && !this.away) this.controller.heartbeat(this.heartbeatNow());
  }

  /** @returns the controller's word when there is a master now */
  async elect(): Promise<ControllerWord | undefined> {
    await this.heartbeatHeard();
    return this.confirm();
  }

  /** Asks for an election in the own name; to the elected master it confirms the office (controller.md 5.1: 2011). */
  async confirm(): Promise<ControllerWord | undefined> {
    if (this.away) return undefined;
    const answer = await this.controller.call(electRequest(this.options, this.id, this.host.clock.wallMs()));
    const elected = answer.code === ResponseCode.SUCCESS || answer.code === ResponseCode.CONTROLLER_MASTER_STILL_EXIST;
    const word = elected ? wordOf(answer) : undefined;
    if (word?.masterId !== undefined) return word;
    this.complain('elect', `${answer.code} ${answer.remark ?? ''}`.trim());
    return undefined;
  }

  /** Never throws: what cannot be known is `unknown`. */
  async propose(proposal: Proposal): Promise<ProposalOutcome> {
    const sentMs = this.now();
    try {
      const request = alterSetRequest(this.options, this.id, proposal, this.host.clock.wallMs());
      const outcome = outcomeOf(await this.controller.callOnce(request));
      if (outcome.kind === 'accepted') this.contact(sentMs);
      return outcome;
    } catch (error) {
      this.complain('propose', textOf(error));
      return { kind: 'unknown' };
    }
  }

  private async run(): Promise<void> {
    await this.untilDone('get a broker id', async () => {
      this.id = await this.registration.obtainId();
    });
    if (this.stopped) return;
    await this.untilDone('register', () => this.join());
    if (this.stopped) return;
    const { brokerHeartbeatInterval, syncControllerMetadataPeriod } = this.options;
    this.cancels.push(
      this.host.timers.every(brokerHeartbeatInterval, () => this.heartbeat()),
      this.host.timers.every(syncControllerMetadataPeriod, () => void this.controller.findLeader()),
    );
    while (!this.stopped) {
      await this.read().catch((error: unknown) => this.complain(codeOf(error) ?? 'read', textOf(error)));
      if (!this.stopped) await this.pause.wait(this.periodMs());
    }
  }

  /** Registers; then has a heartbeat heard before anything is decided on it, and asks for an election if nobody is master. */
  private async join(): Promise<void> {
    const sentMs = this.now();
    const lost = this.ports.unsyncedTailLost();
    const word = await this.registration.register(this.id, lost);
    if (lost) this.ports.forgetLostTail();
    // Not earlier: a word about the former process of this broker, under way since, must not give us its office back.
    this.ports.identified(this.id);
    await this.heartbeatHeard();
    this.contact(sentMs);
    const master = word ?? (await this.elect());
    if (master !== undefined) this.ports.word(master);
  }

  private async read(): Promise<void> {
    // On the same connection before the read: when that is answered, the controller knows us alive from `sentMs` on.
    this.heartbeat();
    const sentMs = this.now();
    const answer = await this.controller.call(replicaInfoRequest(this.options));
    if (answer.code === ResponseCode.CONTROLLER_BROKER_METADATA_NOT_EXIST) return this.join();
    if (answer.code !== ResponseCode.SUCCESS) return this.complain('read', `${answer.code} ${answer.remark ?? ''}`);
    this.contact(sentMs);
    this.ports.word(wordOf(answer), sentMs);
  }

  /** With an answer, unlike the periodic ones: an election must not be decided before the heartbeat is recorded. */
  private async heartbeatHeard(): Promise<void> {
    if (this.away) return;
    this.heartbeat();
    await this.controller.call(this.heartbeatNow()).catch(() => {});
  }

  private heartbeatNow(): OutgoingRequest {
    const { controllerHeartBeatTimeoutMills: timeoutMs, brokerElectionPriority: priority } = this.options;
    return heartbeatRequest(this.options, { ...this.ports.heartbeat(), id: this.id, timeoutMs, priority });
  }

  private periodMs(): number {
    if (this.now() < this.alertUntilMs) return ALERT_PERIOD_MS;
    const { syncBrokerMetadataPeriod, controllerHeartBeatTimeoutMills } = this.options;
    if (!this.ports.hasRole()) return Math.min(ROLELESS_PERIOD_MS, syncBrokerMetadataPeriod);
    // Each read also renews the lease, which must not run out between two of them.
    return Math.min(syncBrokerMetadataPeriod, controllerHeartBeatTimeoutMills / 4);
  }

  private async untilDone(what: string, work: () => Promise<void>): Promise<void> {
    const backoff = new Backoff(100, 3000, this.host.random);
    while (!this.stopped) {
      try {
        return await work();
      } catch (error) {
        this.complain(what, textOf(error));
      }
      await this.pause.wait(backoff.next());
    }
  }

  private contact(sentMs: number): void {
    this.contactMs = Math.max(this.contactMs, sentMs);
  }

  private complain(kind: string, error: string): void {
    if (!this.complaints.due(kind)) return;
    this.host.log.warn(
      { what: kind, error, leader: this.controller.leader },
      'the controller cannot be asked; it is tried again',
    );
  }

  private now(): number {
    return this.host.clock.monotonicMs();
  }
}
