import { codeOf, parseAddress, textOf, type Host } from '@batonmq/host';
import type { EpochFile } from '../epochs/epoch-file';
import { HaError } from '../errors';
import type { HaOptions } from '../options';
import type { ReplicaLog } from '../replica-log';
import type { HandshakeResponse } from '../wire/ha-codec';
import { alignWith } from './alignment';
import { Backoff } from './backoff';
import { MasterLink } from './master-link';
import { OncePerMinute } from './once-per-minute';
import { Pause } from './pause';

export type HaClientOptions = Pick<
  HaOptions,
  | 'allAckInSyncStateSet'
  | 'haTruncateBelowConfirm'
  | 'asyncLearner'
  | 'syncFromLastFile'
  | 'haSendHeartbeatInterval'
  | 'haHousekeepingInterval'
>;

/** The master to follow, by the controller's word. */
export interface Master {
  readonly id: number;
  /** `ip:port` of the broker, not of its HA port. */
  readonly address: string;
  readonly epoch: number;
}

export interface HaClientPorts {
  /** Asks the broker at `address` for its HA address; undefined when it is not master. */
  askHaAddress(address: string): Promise<string | undefined>;
  /** An established connection was lost. */
  onLost(): void;
}

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1000;
const CONNECT_TIMEOUT_MS = 3000;
/** After so long a named master that does not show the named epoch is taken for one that does not record empty epochs. */
const UNRECORDED_EPOCH_MS = 1000;

/** Follows one master after another, until told to stop. Every failure is retried for ever, first after 50 ms. */
export class HaClient {
  private master: Master | undefined;
  private generation = 0;
  /** What may still change the log: cutting its tail, or a cut begun by a connection. */
  private touching: Promise<void> = Promise.resolve();
  private link: MasterLink | undefined;
  private haAddress = '';
  private givenHaAddress: string | undefined;
  private followedSinceMs = 0;
  private readonly pause: Pause;
  private readonly backoff: Backoff;
  private readonly complaints: OncePerMinute;

  constructor(
    private readonly host: Pick<Host, 'network' | 'clock' | 'timers' | 'random' | 'log'>,
    private readonly options: HaClientOptions,
    private readonly log: ReplicaLog,
    private readonly epochs: EpochFile,
    private readonly ownId: () => number,
    private readonly ports: HaClientPorts,
  ) {
    this.pause = new Pause(host.timers);
    this.backoff = new Backoff(FIRST_RETRY_MS, MAX_RETRY_MS, host.random);
    this.complaints = new OncePerMinute(host.clock);
  }

  /** Follows `master` from now on. For the same broker in a new epoch a running connection stays. */
  follow(master: Master): void {
    const same = this.master?.id === master.id && this.master.address === master.address;
    if (same && this.master !== undefined) {
      this.master = master;
      return;
    }
    this.detach();
    this.master = master;
    this.givenHaAddress = undefined;
    this.followedSinceMs = this.host.clock.monotonicMs();
    this.backoff.reset();
    const generation = this.generation;
    void this.quiet().then(() => this.run(generation));
  }

  /** Stops following at once: nothing more is appended or reported. */
  detach(): void {
    this.generation++;
    this.master = undefined;
    const { link } = this;
    if (link !== undefined) {
      link.close();
      this.touch(link.quiet());
    }
    this.pause.wake();
  }

  /** Resolves when nothing of what was followed touches the log any more. */
  async quiet(): Promise<void> {
    await this.touching;
  }

  /** The master's HA address from elsewhere (registration at a name server), for masters that do not answer 906. */
  setHaAddress(address: string): void {
    this.givenHaAddress = address;
  }

  get transferring(): boolean {
    return this.link?.transferring === true;
  }
  get masterHaAddress(): string {
    return this.haAddress;
  }
  get currentLink(): MasterLink | undefined {
    return this.link;
  }

  private async run(generation: number): Promise<void> {
    while (generation === this.generation) {
      try {
        await this.session(generation);
      } catch (error) {
        this.complain(error);
      }
      if (generation === this.generation) await this.pause.wait(this.backoff.next());
    }
  }

  private async session(generation: number): Promise<void> {
    const master = this.master as Master;
    const asked = await this.ports.askHaAddress(master.address).catch(() => undefined);
    const address = asked ?? this.givenHaAddress;
    if (generation !== this.generation) return;
    const target = address === undefined ? undefined : parseAddress(address);
    if (target === undefined) {
      throw new HaError('HA_NO_ADDRESS', `broker ${master.id} at ${master.address} does not tell its HA address`, {
        hint: 'it may not be master yet',
      });
    }
    this.haAddress = address as string;
    await this.cutTail();
    if (generation !== this.generation) return;
    const connection = await this.host.network.connect({ ...target, timeoutMs: CONNECT_TIMEOUT_MS });
    if (generation !== this.generation) return connection.destroy();
    const link = new MasterLink(this.host, connection, this.log, this.epochs, {
      handshake: {
        brokerId: this.ownId(),
        syncFromLastFile: this.options.syncFromLastFile,
        asyncLearner: this.options.asyncLearner,
      },
      heartbeatMs: this.options.haSendHeartbeatInterval,
      silenceMs: this.options.haHousekeepingInterval,
      align: (response) => this.align(response, asked !== undefined),
      onTransfer: () => this.onTransfer(master),
    });
    this.link = link;
    link.open();
    await this.untilClosed(link, generation);
  }

  private cutTail(): Promise<void> {
    const cut = this.log.cutIncompleteTail().then((end) => this.epochs.truncateSuffix(end));
    this.touch(cut);
    return cut;
  }

  private touch(work: Promise<void>): void {
    const settled = work.catch(() => {});
    this.touching = this.touching.then(() => settled);
  }

  private async untilClosed(link: MasterLink, generation: number): Promise<void> {
    const reason = await link.done;
    await link.quiet();
    if (this.link === link) this.link = undefined;
    if (generation === this.generation) this.ports.onLost();
    if (reason !== undefined) throw reason;
  }

  private align(response: HandshakeResponse, askedMaster: boolean): { point: number; epoch: number } {
    const { log, options } = this;
    const patienceOver = this.host.clock.monotonicMs() - this.followedSinceMs > UNRECORDED_EPOCH_MS;
    return alignWith(response, {
      epochs: this.epochs.entries,
      minOffset: log.minOffset(),
      maxOffset: log.maxOffset(),
      confirmOffset: log.confirmedEnd?.() ?? log.confirmOffset(),
      toldEpoch: this.master?.epoch ?? -1,
      acceptUnrecorded: askedMaster && patienceOver,
      confirmIsPromise: options.allAckInSyncStateSet,
      mayBreakPromise: options.haTruncateBelowConfirm === true,
    });
  }

  private onTransfer(master: Master): void {
    this.backoff.reset();
    this.host.log.info({ master: master.id, ha: this.haAddress, from: this.log.maxOffset() }, 'following the master');
  }

  private complain(error: unknown): void {
    const key = codeOf(error) ?? 'other';
    if (!this.complaints.due(key)) return;
    const fields = { master: this.master?.id, address: this.master?.address, ha: this.haAddress, error: textOf(error) };
    this.host.log.warn(fields, 'cannot follow the master; it is tried again');
  }
}
