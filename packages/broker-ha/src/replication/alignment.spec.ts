import type { EpochEntry } from '../epochs/epoch-entry';
import { alignWith, type OwnHistory } from './alignment';

const list = (text: string): EpochEntry[] =>
  [...text.matchAll(/(\d+)-(\d+)/g)].map((match) => ({ epoch: Number(match[1]), startOffset: Number(match[2]) }));

const master = (epochs: string, maxOffset: number) => {
  const entries = list(epochs);
  return { maxOffset, lastEpoch: entries.at(-1)?.epoch ?? -1, epochs: entries };
};

const own: OwnHistory = {
  epochs: list('1-0 2-500'),
  minOffset: 0,
  maxOffset: 900,
  confirmOffset: 800,
  toldEpoch: 3,
  acceptUnrecorded: false,
  confirmIsPromise: true,
  mayBreakPromise: false,
};

describe('whether to follow a master, and where to cut', () => {
  it.each([
    ['cut above the confirm offset', '1-0 2-500 3-850', 2000, {}, 850],
    ['nothing to cut', '1-0 2-500 3-1000', 2000, {}, 900],
    ['wrong-peer-truncation: last epoch below the own', '1-0', 2000, { toldEpoch: 1 }, 'HA_STALE_MASTER'],
    ['wrong-peer-truncation: below the told one', '1-0 2-500', 2000, {}, 'HA_STALE_MASTER'],
    ['a Java master that does not record empty epochs', '1-0 2-500', 2000, { acceptUnrecorded: true }, 900],
    ['but never below the own', '1-0', 2000, { acceptUnrecorded: true }, 'HA_STALE_MASTER'],
    ['nothing in common', '4-600', 2000, {}, 'HA_NO_COMMON_EPOCH'],
    ['common point below the own log', '1-0 3-500', 2000, { minOffset: 600 }, 'HA_NO_COMMON_EPOCH'],
    ['below the confirm offset', '1-0 2-500 3-700', 2000, {}, 'HA_PROMISE_LOST'],
    ['below it, weak acks', '1-0 2-500 3-700', 2000, { confirmIsPromise: false }, 700],
    ['below it, by the operator', '1-0 2-500 3-700', 2000, { mayBreakPromise: true }, 700],
    ['the whole log, weak acks', '3-0', 2000, { confirmIsPromise: false }, 'HA_PROMISE_LOST'],
    ['the whole log, nothing confirmed', '3-0', 2000, { confirmOffset: 0 }, 0],
  ] as const)('%s', (_name, epochs, masterMax, change, expected) => {
    let result: unknown;
    try {
      result = alignWith(master(epochs, masterMax), { ...own, ...change }).point;
    } catch (error) {
      result = (error as { code: string }).code;
    }
    expect(result).toBe(expected);
  });
});
