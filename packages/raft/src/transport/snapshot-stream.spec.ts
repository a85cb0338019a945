import type { SnapshotChunk } from '../core/message';
import { decodeBatch } from '../proto/codec';
import { SnapshotOutlet } from './snapshot-stream';

const chunk = (offset: number): SnapshotChunk => {
  const data = Buffer.from('x');
  return { kind: 'snapshot', term: 1, index: 9, snapshotTerm: 1, offset, totalBytes: 100, data };
};

function subscribed(outlet: SnapshotOutlet, credit: number) {
  const offsets: number[] = [];
  const stream = outlet.requestStream({ data: Buffer.alloc(0) }, credit, {
    onNext: ({ data }) => {
      for (const message of decodeBatch(data as Buffer)) if (message.kind === 'snapshot') offsets.push(message.offset);
    },
  });
  return { stream, offsets };
}

describe('the stream of snapshot chunks', () => {
  it('is not there before the peer asks for it', () => {
    expect(new SnapshotOutlet().isAskedFor).toBe(false);
  });

  it('lets chunks go as they are asked for, and holds only the newest', () => {
    const outlet = new SnapshotOutlet();
    const { stream, offsets } = subscribed(outlet, 2);
    expect(outlet.isAskedFor).toBe(true);
    for (const offset of [0, 1, 2, 3]) outlet.send(chunk(offset));
    expect(offsets).toEqual([0, 1]);
    stream.request(1);
    expect(offsets).toEqual([0, 1, 3]);
    stream.request(1);
    outlet.send(chunk(4));
    expect(offsets).toEqual([0, 1, 3, 4]);
  });

  it('begins anew with a new subscription; an old one has no say', () => {
    const outlet = new SnapshotOutlet();
    const first = subscribed(outlet, 0);
    outlet.send(chunk(0));
    const second = subscribed(outlet, 1);
    first.stream.request(5);
    first.stream.cancel();
    outlet.send(chunk(1));
    expect([first.offsets, second.offsets]).toEqual([[], [1]]);
    second.stream.cancel();
    expect(outlet.isAskedFor).toBe(false);
  });
});
