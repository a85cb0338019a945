import * as fc from 'fast-check';
import { changed, foundedBy, isJoint, left, membersOf, type MembershipChange } from '../src/core/configuration';
import { majority } from '../src/core/quorum';
import type { Configuration, Member } from '../src/core/types';
import { decodeBatch, encodeBatch } from '../src/proto/codec';
import { decodeConfiguration, encodeConfiguration } from '../src/proto/configuration';

const member = (id: string, address = `${id}:1`): Member => ({ id, address });
const ids = fc.subarray(['a', 'b', 'c', 'd', 'e', 'f']);

/** Any configuration that is not joint, and any change of it. */
const drawn = fc
  .record({ voters: fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }), learners: ids, to: ids, as: ids, gone: ids })
  .map(({ voters, learners, to, as, gone }) => {
    const kept = learners.filter((id) => !voters.includes(id));
    const addresses = Object.fromEntries([...voters, ...kept].map((id) => [id, `${id}:1`]));
    const now: Configuration = { index: 3, voters, outgoing: [], learners: kept, addresses };
    const change: MembershipChange = {
      voters: to.filter((id) => !gone.includes(id)).map((id) => member(id)),
      learners: as.filter((id) => !gone.includes(id) && !to.includes(id)).map((id) => member(id)),
      removed: gone,
    };
    return { now, change };
  });

/** Every way to pick a majority. */
function majorities(voters: readonly string[]): string[][] {
  const all = voters.reduce<string[][]>((sets, id) => [...sets, ...sets.map((set) => [...set, id])], [[]]);
  return all.filter((set) => set.length >= majority(voters.length));
}

function meet(a: readonly string[], b: readonly string[]): boolean {
  return majorities(a).every((one) => majorities(b).every((other) => one.some((id) => other.includes(id))));
}

describe('a change of the members', () => {
  it('ends where it was wanted, and any two majorities on the way meet', () => {
    fc.assert(
      fc.property(drawn, ({ now, change }) => {
        const next = changed(now, change, 9);
        if (next === undefined || next.voters.length === 0) return;
        const end = isJoint(next) ? left(next, 10) : next;
        const wanted = new Set([...now.voters, ...(change.voters ?? []).map(({ id }) => id)]);
        for (const id of [...(change.removed ?? []), ...(change.learners ?? []).map((one) => one.id)])
          wanted.delete(id);
        expect(new Set(end.voters)).toEqual(wanted);
        expect(end.voters.filter((id) => end.learners.includes(id))).toEqual([]);
        expect(Object.keys(end.addresses).sort()).toEqual(
          membersOf(end)
            .map(({ id }) => id)
            .sort(),
        );
        expect(membersOf(next).every(({ address }) => address !== '')).toBe(true);
        if (isJoint(next)) expect(next.outgoing).toEqual(now.voters);
        else expect(meet(now.voters, next.voters)).toBe(true);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('is none when all is as wanted', () => {
    const now = foundedBy([member('a'), member('b')]);
    expect(changed(now, { voters: [member('b')], removed: ['c'] }, 1)).toBeUndefined();
    expect(changed(now, { voters: [member('b', 'b:2')] }, 1)).toMatchObject({ addresses: { b: 'b:2' }, outgoing: [] });
  });
});

describe('a configuration on the wire', () => {
  it('comes back as it was, in entries and with snapshots', () => {
    fc.assert(
      fc.property(drawn, ({ now, change }) => {
        const next = changed(now, change, 7) ?? now;
        const back = decodeConfiguration(encodeConfiguration(next), next.index);
        expect(new Set(back.voters)).toEqual(new Set(next.voters));
        expect(new Set(back.outgoing)).toEqual(new Set(next.outgoing));
        expect(new Set(back.learners)).toEqual(new Set(next.learners));
        expect(back.addresses).toEqual(next.addresses);
        const chunk = { kind: 'snapshot', term: 1, index: 8, snapshotTerm: 1, offset: 0, totalBytes: 0 } as const;
        const [sent] = decodeBatch(encodeBatch([{ ...chunk, data: Buffer.alloc(0), configuration: back }]));
        expect(sent).toMatchObject({ configuration: back });
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('may have fields that are not known yet', () => {
    const now = foundedBy([member('a')]);
    const unknown = Buffer.from([0x7a, 3, 1, 2, 3]); // field 15, three bytes
    expect(decodeConfiguration(Buffer.concat([encodeConfiguration(now), unknown]), 0)).toEqual(now);
  });

  it('is absent in snapshots of older members, and refused when malformed', () => {
    const chunk = { kind: 'snapshot', term: 1, index: 8, snapshotTerm: 1, offset: 0, totalBytes: 0 } as const;
    const [sent] = decodeBatch(encodeBatch([{ ...chunk, data: Buffer.alloc(0) }]));
    expect(sent).not.toHaveProperty('configuration');
    expect(() => decodeConfiguration(Buffer.from([0x0a, 200]), 4)).toThrow('entry 4 holds a malformed configuration');
    const entry = { index: 2, term: 1, kind: 'config', data: Buffer.from([0x0a, 200]) } as const;
    const append = { kind: 'append', term: 1, prevIndex: 1, prevTerm: 1, entries: [entry], commitIndex: 0 } as const;
    expect(() => decodeBatch(encodeBatch([append]))).toThrow('malformed');
  });
});
