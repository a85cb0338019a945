import { codeOf, textOf, type Host } from '@batonmq/host';
import { decideRole, mustFence, type ControllerWord, type OwnRole, type RoleDecision } from '../core/role-machine';
import type { EpochFile } from '../epochs/epoch-file';
import { HaError } from '../errors';
import type { RoleListener } from '../options';
import type { ReplicaLog } from '../replica-log';
import { Backoff } from '../replication/backoff';
import type { HaClient } from '../replication/ha-client';
import type { HaServer } from '../replication/ha-server';
import { OncePerMinute } from '../replication/once-per-minute';
import { Pause } from '../replication/pause';
import type { Mastership } from './mastership';

export interface RoleChangerParts {
  readonly log: ReplicaLog;
  readonly epochs: EpochFile;
  readonly server: HaServer;
  readonly client: HaClient;
  readonly mastership: Mastership;
  readonly listener: RoleListener;
  /** Asks the controller to elect. @returns its word, when there is a master now */
  elect(): Promise<ControllerWord | undefined>;
  /** The same by the one that was elected, which makes the office final. */
  confirm(): Promise<ControllerWord | undefined>;
  changed(role: OwnRole): void;
}

/** A newer word came while one was carried out. */
class Superseded extends Error {}

/**
 * All words of the controller end here, in whatever order and from whatever source, and are carried out one at a time.
 * Stopping (no more acks to, or as, a former master) happens at once when the word comes; the rest in its turn. A failed
 * change is repeated until it succeeds or a newer word comes.
 */
export class RoleChanger {
  private role: OwnRole = { role: 'none', epoch: 0, masterId: undefined, masterAddress: '' };
  private selfId = -1;
  private next: ControllerWord | undefined;
  private target: ControllerWord | undefined;
  private working = false;
  private stopped = false;
  private readonly pause: Pause;
  private readonly backoff: Backoff;
  private readonly complaints: OncePerMinute;
  private supersede: () => void = () => {};

  constructor(
    private readonly host: Pick<Host, 'clock' | 'timers' | 'random' | 'log'>,
    private readonly parts: RoleChangerParts,
  ) {
    this.pause = new Pause(host.timers);
    this.backoff = new Backoff(50, 2000, host.random);
    this.complaints = new OncePerMinute(host.clock);
  }

  /** The role as taken over. */
  get own(): OwnRole {
    return this.role;
  }

  /** Has to be called before the first word. */
  setSelf(id: number): void {
    this.selfId = id;
  }

  /** @param readSentMs for words read by 1004: when the read was sent */
  offer(word: ControllerWord, readSentMs?: number): void {
    if (this.stopped || this.selfId < 0) return;
    const pending = this.next ?? this.target;
    if (pending !== undefined && !isNewer(word, pending)) return;
    const decision = decideRole(word, this.role, this.selfId);
    if (decision.kind === 'adopt-set') {
      if (word.set !== undefined) this.parts.mastership.adopt(word.set, word.setEpoch ?? -1, readSentMs);
      return;
    }
    if (decision.kind === 'ignore') {
      if (decision.because === 'contradiction') this.complain('contradiction', word, 'two masters in one epoch');
      return;
    }
    if (mustFence(decision)) {
      this.parts.mastership.fence();
      this.parts.client.detach();
    }
    this.next = word;
    this.supersede();
    this.pause.wake();
    if (!this.working) void this.work();
  }

  stop(): void {
    this.stopped = true;
    this.next = undefined;
    this.supersede();
    this.pause.wake();
    this.parts.mastership.end();
  }

  private async work(): Promise<void> {
    this.working = true;
    while (this.next !== undefined && !this.stopped) {
      const word = this.next;
      this.next = undefined;
      this.target = word;
      try {
        await this.carryOut(decideRole(word, this.role, this.selfId), word);
        this.backoff.reset();
      } catch (error) {
        if (this.role.role !== 'master') this.parts.mastership.fence();
        if (!(error instanceof Superseded)) {
          this.complain(codeOf(error) ?? 'failed', word, textOf(error));
          await this.pause.wait(this.backoff.next());
          this.next ??= word;
        }
      }
      this.target = undefined;
    }
    this.working = false;
  }

  private async carryOut(decision: RoleDecision, word: ControllerWord): Promise<void> {
    switch (decision.kind) {
      case 'ignore':
      case 'adopt-set':
        return;
      case 'elect':
        return this.elect(word);
      case 'become-master':
        return this.becomeMaster(word);
      case 'renew-mastership':
        return this.renewMastership(word);
      case 'become-slave':
        return this.becomeSlave(word);
      case 'follow-on':
        return this.followOn(word);
      default:
        return decision satisfies never;
    }
  }

  /** No master in this epoch: ask for one; without success serve nobody until the controller names one. */
  private async elect(word: ControllerWord): Promise<void> {
    const elected = await this.unlessSuperseded(this.parts.elect().catch(() => undefined));
    if (elected?.masterId !== undefined) {
      this.next ??= elected;
      return;
    }
    await this.leaveMastership(-1, '', word.epoch);
    this.take({ role: 'none', epoch: word.epoch, masterId: undefined, masterAddress: '' });
  }

  /**
   * Until this the controller may give the office to another member of the set that elected us. From then on the set is
   * this broker alone, so what it holds has to be on its disk before (`lazy-flush`).
   */
  private async confirm(word: ControllerWord): Promise<ControllerWord> {
    const { log, confirm } = this.parts;
    await this.unlessSuperseded(log.sync?.() ?? Promise.resolve());
    const now = await this.unlessSuperseded(confirm());
    if (now === undefined) throw new HaError('HA_CONTROLLER', `epoch ${word.epoch} could not be confirmed`);
    if (now.epoch === word.epoch && now.masterId === this.selfId) return now;
    if (now.epoch > word.epoch) this.next ??= now;
    throw new Superseded();
  }

  /**
   * In this order, so that a crash or failure between any two steps promises nothing untrue: half messages go before the
   * confirm offset may rise over them (`half-message-takeover`); the office is final before anything is done in its
   * name; the epoch is durable before its first byte; queues know
   * all that is confirmed before consumers come; the epoch is taken over last.
   */
  private async becomeMaster(word: ControllerWord): Promise<void> {
    const { log, epochs, server, client, mastership, listener } = this.parts;
    this.checkEpoch(word);
    this.leaveRole();
    client.detach();
    server.retire();
    await client.quiet();
    this.checkSuperseded();
    epochs.truncateSuffix(await log.cutIncompleteTail());
    const { set, setEpoch } = await this.confirm(word);
    this.checkSuperseded();
    const end = log.maxOffset();
    const resumed = epochs.lastEpoch() === word.epoch;
    if (!resumed) epochs.append(word.epoch, end);
    mastership.begin({
      selfId: this.selfId,
      masterEpoch: word.epoch,
      set: set ?? [this.selfId],
      setEpoch: setEpoch ?? 0,
      written: end,
      confirm: Math.min(log.confirmOffset(), end),
      epochStart: epochs.entries.at(-1)?.startOffset ?? end,
    });
    log.rebuildQueueOffsets();
    server.serve(end, resumed ? end : undefined);
    await this.unlessSuperseded(log.whenDispatched?.(log.confirmOffset()) ?? Promise.resolve());
    mastership.accept();
    await listener.becomeMaster(word.epoch);
    this.checkSuperseded();
    this.take({ role: 'master', epoch: word.epoch, masterId: this.selfId, masterAddress: word.masterAddress });
  }

  /** Once confirmed, all in one turn: no byte can be written between reading the end of the log and recording the epoch there. */
  private async renewMastership(word: ControllerWord): Promise<void> {
    const { log, epochs, server, mastership, listener } = this.parts;
    this.checkEpoch(word);
    mastership.beginRenewal();
    const { set, setEpoch } = await this.confirm(word);
    this.checkSuperseded();
    const end = log.maxOffset();
    epochs.append(word.epoch, end);
    mastership.renew({
      selfId: this.selfId,
      masterEpoch: word.epoch,
      set: set ?? [this.selfId],
      setEpoch: setEpoch ?? 0,
      written: mastership.set.written,
      confirm: log.confirmOffset(),
      epochStart: end,
    });
    mastership.accept();
    server.news();
    await listener.becomeMaster(word.epoch);
    this.take({ ...this.role, epoch: word.epoch, masterAddress: word.masterAddress });
  }

  private async becomeSlave(word: ControllerWord): Promise<void> {
    const { client } = this.parts;
    this.checkEpoch(word);
    const masterId = word.masterId as number;
    const master = { id: masterId, address: word.masterAddress, epoch: word.epoch };
    const wasMaster = this.parts.mastership.held;
    if (!wasMaster) client.follow(master);
    await this.leaveMastership(masterId, word.masterAddress, word.epoch);
    this.checkSuperseded();
    if (wasMaster) client.follow(master);
    this.take({ role: 'slave', epoch: word.epoch, masterId, masterAddress: word.masterAddress });
  }

  private async followOn(word: ControllerWord): Promise<void> {
    const masterId = word.masterId as number;
    this.parts.client.follow({ id: masterId, address: word.masterAddress, epoch: word.epoch });
    await this.parts.listener.becomeSlave(masterId, word.masterAddress, word.epoch);
    this.take({ role: 'slave', epoch: word.epoch, masterId, masterAddress: word.masterAddress });
  }

  /** The broker refuses writes first; then slaves are let go, and what was put in this turn is let through to the log. */
  private async leaveMastership(masterId: number, address: string, epoch: number): Promise<void> {
    const { server, mastership, listener } = this.parts;
    this.leaveRole();
    await listener.becomeSlave(masterId, address, epoch);
    mastership.end();
    server.retire();
    await new Promise<void>((resolve) => this.host.timers.endOfTurn(resolve));
  }

  /** Between two roles there is none: a word that comes now must not build on the old one. */
  private leaveRole(): void {
    this.role = { ...this.role, role: 'none', masterId: undefined };
  }

  private checkEpoch(word: ControllerWord): void {
    const last = this.parts.epochs.lastEpoch();
    if (last <= word.epoch) return;
    throw new HaError('HA_EPOCH_ORDER', `the controller says epoch ${word.epoch}, this log has seen ${last}`, {
      hint: 'did the controllers lose their data?',
    });
  }

  private take(role: OwnRole): void {
    this.role = role;
    const { masterId, masterAddress, epoch } = role;
    this.host.log.info({ role: role.role, epoch, masterId, masterAddress, id: this.selfId }, 'role taken over');
    this.parts.changed(role);
  }

  private checkSuperseded(): void {
    if (this.next !== undefined || this.stopped) throw new Superseded();
  }

  private unlessSuperseded<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.supersede = () => reject(new Superseded());
      work.then(resolve, reject).finally(() => (this.supersede = () => {}));
      if (this.next !== undefined || this.stopped) this.supersede();
    });
  }

  private complain(kind: string, word: ControllerWord, error: string): void {
    if (!this.complaints.due(kind)) return;
    const fields = { epoch: word.epoch, master: word.masterId, own: this.role, error };
    this.host.log.error(fields, 'a role change failed; it is tried again');
  }
}

/** Of words not yet carried out the higher epoch wins, and in one epoch the one that names a master. */
function isNewer(word: ControllerWord, pending: ControllerWord): boolean {
  if (word.epoch !== pending.epoch) return word.epoch > pending.epoch;
  return word.masterId !== undefined && pending.masterId === undefined;
}
