import * as fc from 'fast-check';
import * as protobuf from 'protobufjs/light';
import type { AppendRequest } from '../core/message';
import type { EntryKind } from '../core/types';
import { decodeAppendBatch, encodeAppendBatch } from './append-codec';
import { decodeBatch, encodeBatch } from './codec';
import { raftDescriptor } from './raft.gen';

const BatchType = protobuf.Root.fromJSON(raftDescriptor as unknown as protobuf.INamespace).lookupType(
  'batonmq.raft.Batch',
);
const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
const appendOf: fc.Arbitrary<AppendRequest> = fc
  .record({
    term: number,
    prevIndex: fc.oneof(fc.nat(300), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 100 })),
    prevTerm: number,
    commitIndex: number,
    entries: fc.array(
      fc.record({
        term: number,
        kind: fc.constantFrom<EntryKind>('data', 'noop'),
        data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      }),
      { maxLength: 20 },
    ),
  })
  .map(({ entries, ...rest }) => ({
    kind: 'append',
    ...rest,
    entries: entries.map((entry, i) => ({ ...entry, index: rest.prevIndex + 1 + i })),
  }));
/** Two messages in a batch go through protobufjs. */
const general = (append: AppendRequest): Buffer =>
  Buffer.from(BatchType.encode(BatchType.decode(encodeBatch([append, append]))).finish());

describe('appends by hand', () => {
  it('come back as they were, and are what protobufjs reads', () => {
    fc.assert(
      fc.property(appendOf, (append) => {
        const bytes = encodeAppendBatch(append);
        expect(decodeAppendBatch(bytes)).toEqual(append);
        const [byProtobufjs] = decodeBatch(Buffer.concat([bytes, bytes]));
        expect(byProtobufjs).toEqual(append);
      }),
    );
  });

  it('are read as protobufjs writes them', () => {
    fc.assert(
      fc.property(appendOf, (append) => {
        const both = general(append);
        expect(decodeBatch(both.subarray(0, both.length / 2))).toEqual([append]);
      }),
    );
  });

  it('keep nothing of the bytes that were lent', () => {
    const entries = [{ index: 2, term: 1, kind: 'data' as const, data: Buffer.from('abc') }];
    const bytes = encodeAppendBatch({ kind: 'append', term: 1, prevIndex: 1, prevTerm: 1, entries, commitIndex: 0 });
    const read = decodeAppendBatch(bytes);
    bytes.fill(0);
    expect(String(read?.entries[0]?.data)).toBe('abc');
  });

  it('leave everything else to the general codec', () => {
    const heartbeat = encodeBatch([{ kind: 'heartbeat', term: 1, commitIndex: 2, round: 3 }]);
    expect(decodeAppendBatch(heartbeat)).toBeUndefined();
    expect(decodeAppendBatch(Buffer.alloc(0))).toBeUndefined();
    const config = { index: 2, term: 1, kind: 'config' as const, data: Buffer.alloc(0) };
    const rest = { kind: 'append' as const, term: 1, prevIndex: 1, prevTerm: 1, commitIndex: 0 };
    expect(decodeAppendBatch(encodeAppendBatch({ ...rest, entries: [config] }))).toBeUndefined();
    fc.assert(
      fc.property(appendOf, fc.nat(), fc.nat(255), (append, at, byte) => {
        const bytes = encodeAppendBatch(append);
        for (const damaged of [bytes.subarray(0, at % bytes.length), Buffer.from(bytes)]) {
          if (damaged.length === bytes.length) damaged[at % bytes.length] = byte;
          const slow = outcome(() => general2(damaged));
          const fast = decodeAppendBatch(damaged);
          if (fast !== undefined) expect([fast]).toEqual(slow);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** What protobufjs makes of it, without the way by hand. */
function general2(bytes: Buffer): unknown {
  const twice = decodeBatch(Buffer.concat([bytes, encodeBatch([HEARTBEAT])]));
  return twice.slice(0, -1);
}
const HEARTBEAT = { kind: 'heartbeat', term: 1, commitIndex: 0, round: 0 } as const;

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return 'refused';
  }
}
