import type { Cancel, Connection, Host } from '@batonmq/host';
import type { EpochFile } from '../epochs/epoch-file';
import { HaError } from '../errors';
import type { ReplicaLog } from '../replica-log';
import {
  encodeHandshake,
  encodeReport,
  type Handshake,
  type HandshakeResponse,
  type PacketHeader,
} from '../wire/ha-codec';
import { MasterMessageReader } from '../wire/master-message-reader';
import { Rate } from './rate';

export interface MasterLinkOptions {
  readonly handshake: Handshake;
  readonly heartbeatMs: number;
  readonly silenceMs: number;
  /** Decides where to cut. @throws HaError to refuse this master */
  align(response: HandshakeResponse): { point: number; epoch: number };
  /** Data flows from now on. */
  onTransfer(): void;
}

/**
 * The slave's end of one HA connection: handshake, cut, first report at once, then append what comes and report once per
 * turn what is written. Never reports more than the log holds.
 */
export class MasterLink {
  readonly done: Promise<Error | undefined>;
  lastReadMs: number;
  lastWriteMs: number;
  readonly rate: Rate;
  private state: 'handshake' | 'cutting' | 'transfer' | 'closed' = 'handshake';
  private cut: Promise<void> = Promise.resolve();
  private written: number;
  private reported = -1;
  private masterConfirm = -1;
  private learnedEpoch = -1;
  private readonly reader: MasterMessageReader;
  private settle: (reason: Error | undefined) => void = () => {};
  private readonly cancels: Cancel[] = [];

  constructor(
    private readonly host: Pick<Host, 'clock' | 'timers' | 'log'>,
    private readonly connection: Connection,
    private readonly log: ReplicaLog,
    private readonly epochs: EpochFile,
    private readonly options: MasterLinkOptions,
  ) {
    this.rate = new Rate(host.clock);
    this.lastReadMs = this.lastWriteMs = host.clock.monotonicMs();
    this.written = log.maxOffset();
    this.done = new Promise((resolve) => (this.settle = resolve));
    this.reader = new MasterMessageReader({
      response: (response) => this.onResponse(response),
      packet: (header) => this.onPacket(header),
      body: (offset, bytes, header) => this.onBody(offset, bytes, header),
    });
  }

  get transferring(): boolean {
    return this.state === 'transfer';
  }

  open(): void {
    this.connection.receive({
      data: (bytes) => {
        this.lastReadMs = this.host.clock.monotonicMs();
        this.reader.push(bytes);
      },
      close: (reason) => this.close(reason),
    });
    this.cancels.push(
      this.log.onAppended((written) => this.onWritten(written)),
      this.host.timers.every(Math.max(10, Math.min(this.options.heartbeatMs, this.options.silenceMs) / 4), () =>
        this.tick(),
      ),
    );
    this.write(encodeHandshake(this.options.handshake));
  }

  /** From here on nothing is appended and nothing reported. */
  close(reason?: Error): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.reader.stop();
    for (const cancel of this.cancels) cancel();
    this.connection.destroy(reason);
    this.settle(reason);
  }

  /** Resolves when no cut of the log is under way. */
  async quiet(): Promise<void> {
    await this.cut;
  }

  private onResponse(response: HandshakeResponse): void {
    if (this.state !== 'handshake') throw new HaError('HA_PROTOCOL', 'a second handshake response');
    this.state = 'cutting';
    this.connection.pause();
    const { point, epoch } = this.options.align(response);
    this.cut = this.cutTo(point, epoch).then(
      () => this.beginTransfer(),
      (error: Error) => this.close(error),
    );
  }

  /** The log is cut, durably, before the epochs above the cut are forgotten and before anything is reported. */
  private async cutTo(point: number, epoch: number): Promise<void> {
    const end = this.log.maxOffset();
    if (point < end) {
      this.host.log.info({ from: end, to: point, confirm: this.log.confirmOffset() }, 'cutting the log');
      await this.log.truncate(point);
    }
    this.epochs.dropAbove(epoch);
    this.epochs.truncateSuffix(point);
  }

  private beginTransfer(): void {
    if (this.state !== 'cutting') return;
    this.state = 'transfer';
    this.written = this.log.maxOffset();
    this.options.onTransfer();
    this.report();
    this.connection.resume();
  }

  private onPacket(header: PacketHeader): void {
    if (this.state !== 'transfer') throw new HaError('HA_PROTOCOL', 'data before the handshake was over');
    const empty = this.log.minOffset() < 0;
    const end = this.log.maxOffset();
    if (header.bodyBytes > 0 && !empty && header.offset !== end) {
      throw new HaError('HA_PROTOCOL', `the master sends from ${header.offset}, the own log ends at ${end}`);
    }
    if (header.epoch !== this.learnedEpoch) this.learn(header, empty ? Math.max(header.offset, 0) : end);
    this.masterConfirm = header.confirmOffset;
    if (header.bodyBytes === 0) this.raiseConfirm();
  }

  /**
   * Records the packet's epoch before its bytes. A Java master labels the last packet of an epoch with the next one; that
   * is recorded when the log has reached it: the file never reaches beyond the log.
   */
  private learn(header: PacketHeader, end: number): void {
    const { epoch, epochStart } = header;
    if (epoch < 0 || epochStart > end) return;
    const known = this.epochs.entries.some((entry) => entry.epoch === epoch && entry.startOffset === epochStart);
    if (!known) this.epochs.append(epoch, epochStart);
    this.learnedEpoch = epoch;
  }

  private onBody(offset: number, bytes: Buffer, _header: PacketHeader): void {
    this.log.append(offset, bytes);
    this.rate.add(bytes.length);
  }

  private onWritten(written: number): void {
    this.written = written;
    if (this.state !== 'transfer') return;
    this.raiseConfirm();
    if (written > this.reported) this.report();
  }

  /** Follows the master's confirm offset as far as the own log goes. Only a cut lowers it. */
  private raiseConfirm(): void {
    const confirm = Math.min(this.masterConfirm, this.written);
    if (confirm > this.log.confirmOffset()) this.log.setConfirmOffset(confirm);
  }

  private report(): void {
    this.reported = this.written;
    this.write(encodeReport(this.written));
  }

  private write(bytes: Buffer): void {
    this.connection.write(bytes);
    this.lastWriteMs = this.host.clock.monotonicMs();
  }

  private tick(): void {
    const now = this.host.clock.monotonicMs();
    if (this.state !== 'cutting' && now - this.lastReadMs > this.options.silenceMs) {
      this.close(
        new HaError('HA_PROTOCOL', `nothing heard from the master for ${Math.round(now - this.lastReadMs)} ms`),
      );
    } else if (this.state === 'transfer' && now - this.lastWriteMs > this.options.heartbeatMs / 2) {
      this.report();
    }
  }
}
