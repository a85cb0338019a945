import { HaError } from '../errors';
import { HANDSHAKE_BYTES, HaState, REPORT_BYTES, decodeHandshake, type Handshake } from './ha-codec';
import { readInt64 } from './int64';

export interface SlaveMessages {
  handshake(handshake: Handshake): void;
  /** Several reports in one piece of input: only the last one is told. */
  report(maxOffset: number): void;
}

/** Cuts a slave's bytes into handshakes and reports, however TCP splits them. Keeps less than one message. */
export class SlaveMessageReader {
  private readonly partial = Buffer.alloc(HANDSHAKE_BYTES);
  private partialBytes = 0;
  private reported = -1;

  constructor(private readonly messages: SlaveMessages) {}

  /** @throws HaError HA_PROTOCOL: the connection cannot be resumed */
  push(bytes: Buffer): void {
    let at = 0;
    this.reported = -1;
    while (at < bytes.length) {
      if (this.partialBytes === 0 && this.fits(bytes, at)) {
        at += this.take(bytes, at);
        continue;
      }
      this.partial[this.partialBytes++] = bytes[at++] as number;
      if (this.fits(this.partial.subarray(0, this.partialBytes), 0)) {
        this.partialBytes = 0;
        this.take(this.partial, 0);
      }
    }
    if (this.reported >= 0) this.messages.report(this.reported);
  }

  private fits(bytes: Buffer, at: number): boolean {
    const available = bytes.length - at;
    return available >= 4 && available >= messageBytes(bytes.readInt32BE(at));
  }

  private take(bytes: Buffer, at: number): number {
    const state = bytes.readInt32BE(at);
    if (state === HaState.HANDSHAKE) {
      if (this.reported >= 0) throw new HaError('HA_PROTOCOL', 'a slave sent a handshake after a report');
      this.messages.handshake(decodeHandshake(bytes, at));
      return HANDSHAKE_BYTES;
    }
    const offset = readInt64(bytes, at + 4);
    if (offset < 0) throw new HaError('HA_PROTOCOL', `a slave reported offset ${offset}`);
    this.reported = offset;
    return REPORT_BYTES;
  }
}

function messageBytes(state: number): number {
  if (state === HaState.HANDSHAKE) return HANDSHAKE_BYTES;
  if (state === HaState.TRANSFER) return REPORT_BYTES;
  throw new HaError('HA_PROTOCOL', `a slave sent state ${state}, expected 1 or 2`, {
    hint: 'a broker without enableControllerMode speaks another protocol on this port',
  });
}
