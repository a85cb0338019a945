import * as fc from 'fast-check';
import {
  MAX_BODY_BYTES,
  decodeHandshake,
  decodeHandshakeResponse,
  decodePacketHeader,
  encodeHandshake,
  encodeHandshakeResponse,
  encodePacketHeader,
  encodeReport,
  type Handshake,
  type HandshakeResponse,
  type PacketHeader,
} from './ha-codec';
import { MasterMessageReader } from './master-message-reader';
import { SlaveMessageReader } from './slave-message-reader';

const hex = (text: string): Buffer => Buffer.from(text.replace(/[\s|]/g, ''), 'hex');

describe('worked bytes of the specification', () => {
  it('handshake of slave 2, and of a learner that wants the last file', () => {
    const plain = hex('00 00 00 01 | 00 00 | 00 00 | 00 00 00 00 00 00 00 02');
    expect(encodeHandshake({ brokerId: 2, syncFromLastFile: false, asyncLearner: false })).toEqual(plain);
    const learner = hex('00 00 00 01 | 00 01 | 00 01 | 00 00 00 00 00 00 00 03');
    expect(encodeHandshake({ brokerId: 3, syncFromLastFile: true, asyncLearner: true })).toEqual(learner);
    expect(decodeHandshake(learner)).toEqual({ brokerId: 3, syncFromLastFile: true, asyncLearner: true });
  });

  it('handshake response', () => {
    const response = {
      maxOffset: 5000000,
      lastEpoch: 3,
      epochs: [
        { epoch: 1, startOffset: 0 },
        { epoch: 3, startOffset: 4096000 },
      ],
    };
    const bytes = hex(`00 00 00 01 | 00 00 00 18 | 00 00 00 00 00 4c 4b 40 | 00 00 00 03
      00 00 00 01 | 00 00 00 00 00 00 00 00
      00 00 00 03 | 00 00 00 00 00 3e 80 00`);
    expect(encodeHandshakeResponse(response)).toEqual(bytes);
    expect(decodeHandshakeResponse(bytes)).toEqual(response);
  });

  it('packet header, report and heartbeat', () => {
    const packet = { bodyBytes: 300, offset: 4096000, epoch: 3, epochStart: 4096000, confirmOffset: 4095800 };
    const bytes = hex(
      '00 00 00 02 | 00 00 01 2c | 00 00 00 00 00 3e 80 00 | 00 00 00 03 | 00 00 00 00 00 3e 80 00 | 00 00 00 00 00 3e 7f 38',
    );
    expect(encodePacketHeader(packet)).toEqual(bytes);
    expect(decodePacketHeader(bytes)).toEqual(packet);
    expect(encodeReport(4096300)).toEqual(hex('00 00 00 02 | 00 00 00 00 00 3e 81 2c'));
    const heartbeat = { bodyBytes: 0, offset: 4096300, epoch: 3, epochStart: 4096000, confirmOffset: 4096300 };
    const beat = hex(
      '00 00 00 02 | 00 00 00 00 | 00 00 00 00 00 3e 81 2c | 00 00 00 03 | 00 00 00 00 00 3e 80 00 | 00 00 00 00 00 3e 81 2c',
    );
    expect(encodePacketHeader(heartbeat)).toEqual(beat);
  });

  it('a heartbeat of an empty master has offset -1', () => {
    const beat = { bodyBytes: 0, offset: -1, epoch: 1, epochStart: 0, confirmOffset: 0 };
    expect(decodePacketHeader(encodePacketHeader(beat))).toEqual(beat);
  });

  it('of 1001 epochs the newest 1000 are sent: the Java master has room for no more', () => {
    const epochs = Array.from({ length: 1001 }, (_, i) => ({ epoch: i + 1, startOffset: i * 10 }));
    const read = decodeHandshakeResponse(encodeHandshakeResponse({ maxOffset: 10010, lastEpoch: 1001, epochs }));
    expect(read.epochs).toEqual(epochs.slice(1));
  });
});

/** Feeds `bytes` cut at `cuts`, overwriting each piece afterwards to catch readers who keep it. */
function feed(bytes: Buffer, cuts: number[], push: (piece: Buffer) => void): void {
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  for (let i = 1; i < edges.length; i++) {
    const piece = Buffer.from(bytes.subarray(edges[i - 1], edges[i]));
    push(piece);
    piece.fill(0xee);
  }
}

const offsets = fc.integer({ min: 0, max: 2 ** 50 });

describe('fragmentation', () => {
  it("a master's bytes read the same however they are cut", () => {
    const packets = fc.array(fc.record({ offset: offsets, body: fc.uint8Array({ maxLength: 50 }) }), { maxLength: 6 });
    const entries = fc.array(fc.record({ epoch: fc.nat(), startOffset: offsets }), { maxLength: 4 });
    fc.assert(
      fc.property(packets, entries, fc.array(fc.nat(), { maxLength: 40 }), (sent, epochs, cuts) => {
        const response: HandshakeResponse = { maxOffset: 7, lastEpoch: 3, epochs };
        const headers: PacketHeader[] = sent.map(({ offset, body }) => ({
          bodyBytes: body.length,
          offset,
          epoch: 3,
          epochStart: 1,
          confirmOffset: 2,
        }));
        const parts = headers.flatMap((header, i) => [encodePacketHeader(header), Buffer.from(sent[i]?.body ?? [])]);
        const bytes = Buffer.concat([encodeHandshakeResponse(response), ...parts]);
        const responses: HandshakeResponse[] = [];
        const seen: PacketHeader[] = [];
        const bodies = sent.map(() => [] as number[]);
        const reader = new MasterMessageReader({
          response: (got) => responses.push(got),
          packet: (header) => seen.push(header),
          body: (offset, piece, header) => {
            const body = bodies[seen.length - 1] as number[];
            expect(offset).toBe(header.offset + body.length);
            body.push(...piece);
          },
        });
        feed(bytes, cuts, (piece) => reader.push(piece));
        expect(responses).toEqual([response]);
        expect(seen).toEqual(headers);
        expect(bodies).toEqual(sent.map(({ body }) => [...body]));
      }),
    );
  });

  it("a slave's bytes read the same however they are cut; of reports together the last counts", () => {
    fc.assert(
      fc.property(
        fc.array(offsets, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        (acks, cuts) => {
          const handshake: Handshake = { brokerId: 9, syncFromLastFile: false, asyncLearner: true };
          const bytes = Buffer.concat([encodeHandshake(handshake), ...acks.map(encodeReport)]);
          const handshakes: Handshake[] = [];
          const reports: number[] = [];
          const reader = new SlaveMessageReader({
            handshake: (got) => handshakes.push(got),
            report: (offset) => reports.push(offset),
          });
          feed(bytes, cuts, (piece) => reader.push(piece));
          expect(handshakes).toEqual([handshake]);
          expect(reports.at(-1)).toBe(acks.at(-1));
          let at = 0;
          for (const report of reports) at = acks.indexOf(report, at) + 1;
          expect(at).toBeGreaterThan(0);
        },
      ),
    );
  });

  it('a body of the largest size passes', () => {
    let bytes = 0;
    const reader = new MasterMessageReader({
      response: () => {},
      packet: () => {},
      body: (_, piece) => (bytes += piece.length),
    });
    const header = { bodyBytes: MAX_BODY_BYTES, offset: 0, epoch: 1, epochStart: 0, confirmOffset: 0 };
    reader.push(encodePacketHeader(header));
    reader.push(Buffer.alloc(MAX_BODY_BYTES));
    expect(bytes).toBe(MAX_BODY_BYTES);
  });
});

describe('what cannot be', () => {
  const slave = (): SlaveMessageReader => new SlaveMessageReader({ handshake: () => {}, report: () => {} });
  const master = (): MasterMessageReader =>
    new MasterMessageReader({ response: () => {}, packet: () => {}, body: () => {} });
  const protocolError = expect.objectContaining({ code: 'HA_PROTOCOL' });
  const int32 = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(values.length * 4);
    values.forEach((value, i) => bytes.writeInt32BE(value, i * 4));
    return bytes;
  };
  const thrown = (work: () => void): unknown => {
    try {
      work();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each([0, 3, 4, 99, -1])('state %i ends the connection on either side', (state) => {
    expect(thrown(() => slave().push(int32(state, 0, 0, 0)))).toEqual(protocolError);
    expect(thrown(() => master().push(int32(state, 0, 0, 0)))).toEqual(protocolError);
  });
  it.each([-1, 2 ** 31 - 1])('a packet of %i bytes', (size) => {
    expect(thrown(() => master().push(int32(2, size)))).toEqual(protocolError);
  });
  it('epoch entries that are not a multiple of 12 bytes', () => {
    expect(thrown(() => master().push(int32(1, 13)))).toEqual(protocolError);
  });
  it('a negative report', () => {
    expect(thrown(() => slave().push(encodeReport(-1)))).toEqual(protocolError);
  });
});
