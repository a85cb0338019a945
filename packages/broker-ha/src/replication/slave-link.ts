import { textOf, type Clock, type Connection, type Logger } from '@batonmq/host';
import { epochIndexAt, type EpochEntry } from '../epochs/epoch-entry';
import { HaError } from '../errors';
import type { ReplicaLog } from '../replica-log';
import { encodeHandshakeResponse, encodePacketHeader, MAX_BODY_BYTES, type Handshake } from '../wire/ha-codec';
import { SlaveMessageReader } from '../wire/slave-message-reader';
import { Rate } from './rate';

/** What a link needs from the mastership it serves. */
export interface LinkContext {
  readonly host: { readonly clock: Clock; readonly log: Logger };
  readonly log: ReplicaLog;
  readonly batchBytes: number;
  epochs(): readonly EpochEntry[];
  /** End of what may be sent: the written log. */
  written(): number;
  confirmOffset(): number;
  /** The end of log to tell this slave at its handshake. */
  toldMaxOffset(slaveId: number): number;
  connected(link: SlaveLink): void;
  sent(link: SlaveLink, sent: number): void;
  /** @returns false when the report cannot be true */
  reported(link: SlaveLink, offset: number): boolean;
  closed(link: SlaveLink): void;
  /** Sends go on after this turn. */
  later(link: SlaveLink): void;
}

/** Output a slave has not taken yet at which sending pauses. */
const HIGH_WATER_BYTES = 2 * 1024 * 1024;
/** Bytes for one slave per turn, so that a slave that catches up does not hold up the others. */
const TURN_BYTES = 4 * 1024 * 1024;

/** One slave's connection at the master. Each packet carries bytes of one epoch and one file, labelled with that epoch. */
export class SlaveLink {
  slaveId = -1;
  learner = false;
  told = -1;
  /** Last report; -1: none yet, nothing is sent before. */
  ack = -1;
  /** Next offset to send; -1: not known yet (the log is empty and the slave too). */
  next = -1;
  lastReadMs: number;
  lastWriteMs: number;
  readonly rate: Rate;
  private handshake: Handshake | undefined;
  private sentConfirm = -1;
  private sentEpoch = -1;
  private readonly reader = new SlaveMessageReader({
    handshake: (handshake) => this.onHandshake(handshake),
    report: (offset) => this.onReport(offset),
  });

  constructor(
    /** Differs between any two connections of this process. */
    readonly id: number,
    private readonly connection: Connection,
    private readonly context: LinkContext,
  ) {
    this.rate = new Rate(context.host.clock);
    this.lastReadMs = this.lastWriteMs = context.host.clock.monotonicMs();
  }

  open(): void {
    this.connection.receive({
      data: (bytes) => {
        this.lastReadMs = this.context.host.clock.monotonicMs();
        this.reader.push(bytes);
      },
      drain: () => this.pump(),
      close: (reason) => {
        if (reason !== undefined) this.say('a slave connection closed', textOf(reason));
        this.context.closed(this);
      },
    });
  }

  get remote(): string {
    return this.connection.remote;
  }
  get transferring(): boolean {
    return this.ack >= 0;
  }

  close(reason?: Error): void {
    this.connection.destroy(reason);
  }

  /** Sends what the log has for this slave and the socket takes. */
  pump(): void {
    if (!this.transferring || this.connection.closed) return;
    const end = this.context.written();
    if (this.next < 0 && !this.chooseStart()) return;
    let budget = TURN_BYTES;
    while (this.next < end && this.connection.bufferedBytes < HIGH_WATER_BYTES) {
      if (budget <= 0) {
        this.context.later(this);
        return;
      }
      const bytes = this.sendChunk(end);
      if (bytes === 0) return;
      budget -= bytes;
    }
  }

  /** A packet without body: the slave learns epoch and confirm offset, and that we live. */
  heartbeat(): void {
    if (!this.transferring || this.connection.closed) return;
    this.writeHeader(this.next, 0, this.epochOf(this.next));
  }

  /** A heartbeat, if the slave does not know the present epoch or confirm offset and has all bytes. */
  tellNews(): void {
    if (!this.transferring || this.next < this.context.written()) return;
    const news = this.sentConfirm !== this.context.confirmOffset() || this.sentEpoch !== this.epochOf(this.next).epoch;
    if (news) this.heartbeat();
  }

  private onHandshake(handshake: Handshake): void {
    if (this.transferring) throw new HaError('HA_PROTOCOL', 'a slave sent a handshake while data flows');
    // A Java slave that waits too long for the answer asks again; a second answer would make it close.
    if (this.handshake !== undefined) return;
    if (handshake.brokerId < 1) throw new HaError('HA_PROTOCOL', `a slave with broker id ${handshake.brokerId}`);
    this.handshake = handshake;
    this.slaveId = handshake.brokerId;
    this.learner = handshake.asyncLearner;
    this.told = this.context.toldMaxOffset(this.slaveId);
    const epochs = this.context.epochs();
    const response = { maxOffset: this.told, lastEpoch: epochs.at(-1)?.epoch ?? -1, epochs };
    this.write(encodeHandshakeResponse(response));
    this.context.connected(this);
  }

  private onReport(offset: number): void {
    if (this.handshake === undefined) throw new HaError('HA_PROTOCOL', 'a slave reported before its handshake');
    const first = !this.transferring;
    if (!this.context.reported(this, offset)) {
      throw new HaError('HA_PROTOCOL', `slave ${this.slaveId} reported ${offset}, above what it was sent`, {
        hint: 'its epoch file may reach beyond its log',
      });
    }
    this.ack = offset;
    if (!first) return;
    if (offset > 0) this.startAt(offset);
    this.pump();
    this.tellNews();
    if (this.sentEpoch < 0) this.heartbeat();
  }

  /** A slave without a log gets ours from the first byte, or from the last file if it asked for that. */
  private chooseStart(): boolean {
    const { log } = this.context;
    const min = log.minOffset();
    if (min < 0 || this.context.written() === 0) return false;
    const end = this.context.written();
    const lastFile = end - (end % log.fileSize);
    this.next = this.handshake?.syncFromLastFile ? Math.max(min, lastFile) : min;
    return true;
  }

  private startAt(offset: number): void {
    const min = this.context.log.minOffset();
    if (offset < min) {
      const text = `slave ${this.slaveId} needs the log from ${offset}, it begins at ${min}`;
      throw new HaError('HA_PROTOCOL', text, { hint: 'empty its store directory, keep its identity file' });
    }
    this.next = offset;
  }

  private sendChunk(end: number): number {
    const { log, batchBytes } = this.context;
    const epochs = this.context.epochs();
    const index = epochIndexAt(epochs, this.next);
    const epochEnd = epochs[index + 1]?.startOffset ?? end;
    const limit = Math.min(end, epochEnd) - this.next;
    const body = log.read(this.next, Math.min(limit, batchBytes, MAX_BODY_BYTES));
    if (body === undefined || body.length === 0) {
      this.close(new HaError('HA_PROTOCOL', `slave ${this.slaveId}: the log cannot be read at ${this.next}`));
      return 0;
    }
    this.writeHeader(this.next, body.length, epochs[Math.max(index, 0)] ?? NO_EPOCH);
    this.connection.write(body);
    this.next += body.length;
    this.rate.add(body.length);
    this.context.sent(this, this.next);
    return body.length;
  }

  private epochOf(offset: number): EpochEntry {
    const epochs = this.context.epochs();
    return epochs[Math.max(epochIndexAt(epochs, Math.max(offset, 0)), 0)] ?? NO_EPOCH;
  }

  private writeHeader(offset: number, bodyBytes: number, entry: EpochEntry): void {
    const confirmOffset = this.context.confirmOffset();
    this.sentConfirm = confirmOffset;
    this.sentEpoch = entry.epoch;
    const { epoch, startOffset: epochStart } = entry;
    this.write(encodePacketHeader({ bodyBytes, offset, epoch, epochStart, confirmOffset }));
  }

  private write(bytes: Buffer): void {
    this.connection.write(bytes);
    this.lastWriteMs = this.context.host.clock.monotonicMs();
  }

  private say(message: string, reason: string): void {
    this.context.host.log.info({ slave: this.slaveId, peer: this.remote, reason }, message);
  }
}

const NO_EPOCH: EpochEntry = { epoch: -1, startOffset: 0 };
