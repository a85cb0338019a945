import * as fc from 'fast-check';
import { findConsistency, findConsistentPoint } from './consistent-point';
import type { EpochEntry } from './epoch-entry';

const list = (text: string): EpochEntry[] =>
  [...text.matchAll(/\((\d+),(\d+)\)/g)].map((match) => ({ epoch: Number(match[1]), startOffset: Number(match[2]) }));

describe('findConsistentPoint', () => {
  it.each([
    ['example 1', '(1,0)(2,700)', 900, '(1,0)(2,700)(4,850)', 1000, 850],
    ['example 2', '(1,0)(3,700)', 900, '(1,0)(2,650)', 1000, 650],
    ['killed master, slave behind', '(1,0)', 900, '(1,0)(2,1000)', 1000, 900],
    ['old master with an extra tail', '(1,0)', 1080, '(1,0)(2,1000)', 5000, 1000],
    ['epochs the master does not know', '(1,0)(2,1000)(3,1500)', 1700, '(1,0)(2,1000)(4,1500)(5,2200)', 3000, 1500],
    ['both empty', '', 0, '', 0, 0],
    ['empty slave', '', 0, '(4,0)(5,10)', 100, 0],
    ['empty log, epoch that another replaced', '(1,0)', 0, '(2,0)', 0, 0],
    ['first epoch without data on the master', '(1,0)', 500, '(2,0)', 300, 0],
    ['nothing in common, master pruned', '(3,0)', 900, '(7,5000)', 9000, -1],
    ['same epoch, another start', '(1,0)(5,700)', 900, '(1,0)(5,800)', 1000, 700],
    ['master is shorter', '(1,0)', 900, '(1,0)', 400, 400],
    ['last entry at the end of the log', '(1,0)(2,900)', 900, '(1,0)(2,900)', 1500, 900],
    ['epoch-above-log: entry beyond the own log', '(1,0)(2,900)', 800, '(1,0)(2,900)', 1500, 800],
    ['empty-epoch-two-writers: A has data in 4, B dropped 4', '(3,0)(4,500)', 650, '(3,0)(5,500)', 900, 500],
    ['classic log under a new controller', '', 400, '(1,500)', 900, 400],
    ['classic log, longer than the master was', '', 700, '(1,500)', 900, 500],
    ['log without history under an old group', '', 700, '(7,500)', 900, -1],
    ['log without history, history from 0', '', 700, '(1,0)', 900, -1],
  ] as const)('%s', (_name, own, ownMax, master, masterMax, point) => {
    expect(findConsistentPoint(list(own), ownMax, list(master), masterMax)).toBe(point);
  });

  it('names the newest common epoch: what is above it has to be forgotten', () => {
    expect(findConsistency(list('(1,0)(2,700)(3,800)'), 900, list('(1,0)(2,700)(4,800)'), 900)).toEqual({
      point: 800,
      epoch: 2,
    });
  });

  // Logs are strings of epochs, one letter per byte; a group is played with real bytes and compared.
  it('is the real common prefix for whatever a group can do', () => {
    const steps = fc.array(
      fc.record({ who: fc.nat(2), writes: fc.nat(4), copies: fc.array(fc.nat(6), { minLength: 2, maxLength: 2 }) }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(steps, (played) => {
        const logs = [0, 1, 2].map(() => ({ bytes: [] as string[], epochs: [] as EpochEntry[] }));
        played.forEach(({ who, writes, copies }, i) => {
          const epoch = i + 1;
          const master = logs[who] as (typeof logs)[0];
          const start = master.bytes.length;
          master.epochs = [
            ...master.epochs.filter((entry) => entry.startOffset < start),
            { epoch, startOffset: start },
          ];
          for (let n = 0; n < writes; n++) master.bytes.push(`${epoch}:${n}`);
          logs
            .filter((log) => log !== master)
            .forEach((slave, n) => {
              const found = findConsistency(slave.epochs, slave.bytes.length, master.epochs, master.bytes.length);
              const common = slave.bytes.findIndex((byte, at) => byte !== master.bytes[at]);
              expect(found?.point).toBe(common < 0 ? slave.bytes.length : common);
              if (copies[n] === 0) return;
              const point = found?.point ?? 0;
              const end = Math.min(master.bytes.length, point + (copies[n] ?? 0) - 1);
              slave.bytes = master.bytes.slice(0, end);
              slave.epochs = master.epochs.filter((entry) => entry.startOffset <= end);
            });
        });
      }),
      { numRuns: 500 },
    );
  });
});
