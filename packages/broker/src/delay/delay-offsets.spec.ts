import { nodeHost, silentLog } from '@batonmq/host';
import { JsonFile } from '../metadata/json-file';
import { DelayOffsets } from './delay-offsets';

describe('DelayOffsets', () => {
  const host = nodeHost(silentLog);
  let disk: Map<string, string>;
  let full: boolean;
  const make = (): DelayOffsets => {
    const files = {
      readAll: (path: string) => (disk.has(path) ? Buffer.from(disk.get(path) as string) : undefined),
      replace: (path: string, content: Buffer | string) => {
        if (full) throw new Error('no space');
        disk.set(path, String(content));
      },
    };
    const offsets = new DelayOffsets(host, new JsonFile({ files, log: silentLog } as never, '/delayOffset.json'));
    offsets.load();
    return offsets;
  };
  const tableOf = (offsets: DelayOffsets, logEnd: number): unknown => offsets.toJson(logEnd).offsetTable;

  beforeEach(() => {
    disk = new Map();
    full = false;
  });

  it('reads what Java wrote, and is at 0 for other levels', () => {
    disk.set('/delayOffset.json', '{"dataVersion":{"counter":3},"offsetTable":{"3":7,12:5}}');
    const offsets = make();
    expect([offsets.get(3), offsets.get(12), offsets.get(1)]).toEqual([7, 5, 0]);
    expect(tableOf(offsets, 0)).toEqual({ 3: 7, 12: 5 });
  });

  it.each([
    [0, { 3: 0 }],
    [99, { 3: 0 }],
    [100, { 3: 1 }],
    [299, { 3: 2, 4: 9 }],
    [300, { 3: 3, 4: 9 }],
  ])('of a log safe up to %i tells %j', (logEnd, table) => {
    const offsets = make();
    offsets.reached(3, 1, 100);
    offsets.reached(3, 2, 200);
    offsets.reached(4, 9, 200);
    offsets.reached(3, 3, 300);
    expect(offsets.get(3)).toBe(3);
    expect(tableOf(offsets, logEnd)).toMatchObject(table);
  });

  it('a step without a delivery needs the log of the deliveries before it', () => {
    const offsets = make();
    offsets.reached(3, 1, 100);
    offsets.reached(3, 8);
    expect(tableOf(offsets, 99)).toEqual({ 3: 0 });
    expect(tableOf(offsets, 100)).toEqual({ 3: 8 });
  });

  it('goes back with a log that is cut', () => {
    const offsets = make();
    offsets.reached(3, 1, 100);
    offsets.reached(3, 2, 200);
    offsets.cutTo(150);
    expect(offsets.get(3)).toBe(1);
    expect(tableOf(offsets, 1000)).toEqual({ 3: 1 });
  });

  it('as a slave goes to what a master tells, also back', () => {
    const offsets = make();
    offsets.take({ 3: 9, 4: 'x' }, 100);
    offsets.take({ 3: 5 }, 200);
    expect(tableOf(offsets, 150)).toEqual({ 3: 9 });
    expect(tableOf(offsets, 200)).toEqual({ 3: 5 });
    offsets.take(undefined, 300);
    expect(offsets.get(3)).toBe(5);
  });

  it('saves what is safe when that has changed, and again when the disk refused', () => {
    const offsets = make();
    offsets.reached(3, 1, 100);
    offsets.saveIfChanged(99);
    full = true;
    expect(() => offsets.saveIfChanged(100)).toThrow('no space');
    full = false;
    offsets.saveIfChanged(100);
    expect(make().get(3)).toBe(1);
    disk.clear();
    offsets.saveIfChanged(100);
    expect(disk.size).toBe(0);
  });
});
