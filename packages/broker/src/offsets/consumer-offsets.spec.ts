import { nodeHost, silentLog } from '@batonmq/host';
import { JsonFile } from '../metadata/json-file';
import { ConsumerOffsets } from './consumer-offsets';

describe('ConsumerOffsets', () => {
  const { clock } = nodeHost(silentLog);
  let saved: Buffer | undefined;
  let writes = 0;
  let refuses = false;
  const files = {
    readAll: (path: string) => (path.endsWith('.bak') ? undefined : saved),
    replace: (path: string, content: Buffer | string) => {
      if (path.endsWith('.bak')) return;
      if (refuses) throw new Error('no space');
      saved = Buffer.from(content);
      writes += 1;
    },
  };
  const make = (): ConsumerOffsets =>
    new ConsumerOffsets(clock, new JsonFile({ files, log: silentLog } as never, '/offsets.json'));

  beforeEach(() => {
    saved = undefined;
    writes = 0;
  });

  it('takes any commit, also a smaller one', () => {
    const offsets = make();
    offsets.commit('Orders', 'readers', 0, 9);
    offsets.commit('Orders', 'readers', 0, 4);
    expect(offsets.query('Orders', 'readers', 0)).toBe(4);
    expect(offsets.query('Orders', 'readers', 1)).toBeUndefined();
    expect(offsets.query('Orders', 'others', 0)).toBeUndefined();
  });

  it('saves what changed, once, and has it again', () => {
    const offsets = make();
    offsets.commit('%RETRY%readers', 'readers', 0, 9);
    offsets.saveIfChanged();
    offsets.commit('%RETRY%readers', 'readers', 0, 9);
    offsets.saveIfChanged();
    expect(writes).toBe(1);
    const again = make();
    again.load();
    expect(again.toJson()).toEqual(offsets.toJson());
    again.saveIfChanged();
    expect(writes).toBe(1);
  });

  it('saves again what the disk refused', () => {
    const offsets = make();
    offsets.commit('Orders', 'readers', 0, 9);
    refuses = true;
    expect(() => offsets.saveIfChanged()).toThrow('no space');
    refuses = false;
    offsets.saveIfChanged();
    expect(writes).toBe(1);
  });

  it('keeps those of light groups in a table of their own, and begins with the file without', () => {
    const offsets = make();
    offsets.commit('Orders', 'readers', 1, 9);
    offsets.saveIfChanged();
    const plain = saved;
    const none = new JsonFile({ files: { ...files, readAll: () => undefined }, log: silentLog } as never, '/lmq.json');
    const other = { readAll: () => plain, replace: () => undefined };
    const light = new ConsumerOffsets(clock, none, new JsonFile({ files: other, log: silentLog } as never, '/o.json'));
    light.load();
    light.commit('%LMQ%x', '%LMQ%g', 0, 4);
    light.commit('%LMQ%x', 'readers', 0, 5);
    expect(light.toJson()).toMatchObject({
      offsetTable: { 'Orders@readers': { 1: 9 }, '%LMQ%x@readers': { 0: 5 } },
      lmqOffsetTable: { '%LMQ%x@%LMQ%g': 4 },
    });
    light.saveIfChanged();
    const again = make();
    again.load();
    expect(again.query('%LMQ%x', '%LMQ%g', 0)).toBe(4);
    expect(again.query('Orders', 'readers', 1)).toBe(9);
  });

  it('forgets a topic or a group', () => {
    const offsets = make();
    for (const topic of ['A', 'B']) for (const group of ['g', 'h']) offsets.commit(topic, group, 0, 1);
    offsets.removeTopic('A');
    expect([offsets.groupsOf('A'), offsets.groupsOf('B')]).toEqual([[], ['g', 'h']]);
    offsets.removeGroup('h');
    expect([offsets.topicsOf('g'), offsets.topicsOf('h')]).toEqual([['B'], []]);
  });

  // Known loss `offset-above-log`: what is written next would be skipped.
  it.each([
    ['above the end of the queue', 9, 5, 5],
    ['at the end', 5, 5, 5],
    ['below the end', 3, 5, 3],
    ['of an empty queue', 3, 0, 0],
    ['of a queue that is not known', 9, undefined, 9],
  ])('brings an offset %s to where it belongs', (_what, offset, max, expected) => {
    const offsets = make();
    offsets.commit('Orders', 'readers', 0, offset);
    offsets.clampTo((topic, queueId) => (topic === 'Orders' && queueId === 0 ? max : 0));
    expect(offsets.query('Orders', 'readers', 0)).toBe(expected);
  });
});
