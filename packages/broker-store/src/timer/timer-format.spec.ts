import * as fc from 'fast-check';
import { javaHash } from '../format/java-hash';
import { decodeCheck, encodeCheck } from './timer-check';
import { NODE_BIT, NodeView, blankNode, lastNodePlace, writeNode } from './timer-node';
import { WHEEL_SLOTS, placeOf, wheelShape } from './timer-place';
import { SLOT_BYTES, TimerWheel } from './timer-wheel';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

describe('a node of the timer log', () => {
  // store-format.md 12.3: written at 1700000000000 for 10 s later, record of 170 bytes at 0x40001000, topic TopicTest.
  const BYTES = hex(`00000034 ffffffffffffffff 00000001 0000018bcfe56800 00002710
                     0000000040001000 000000aa 51d54b4c 0000000000000000`);

  it('has the bytes of the reference', () => {
    const hash = javaHash('TopicTest');
    BYTES.writeInt32BE(hash, 40);
    const node = Buffer.alloc(52);
    writeNode(node, 0, -1, NODE_BIT.always, 1_700_000_000_000, 1_700_000_010_000, 0x4000_1000, 170, hash);
    expect(node).toEqual(BYTES);
    const view = new NodeView();
    expect(view.read(BYTES, 0, 52)).toBe('node');
    expect(view).toMatchObject({ previous: -1, bits: 1, slotMs: 1_700_000_010_000, phy: 0x4000_1000, size: 170 });
  });

  it.each([
    ['zeros', Buffer.alloc(52), 'bad'],
    ['another size', Buffer.concat([hex('00000033'), BYTES.subarray(4)]), 'bad'],
    ['unknown bits', Buffer.concat([BYTES.subarray(0, 12), hex('00000010'), BYTES.subarray(16)]), 'bad'],
    ['a cut node', BYTES.subarray(0, 51), 'bad'],
    ['a blank node', blankNode(16), 'blank'],
  ])('%s', (_what, bytes, kind) => expect(new NodeView().read(bytes, 0, bytes.length)).toBe(kind));

  it('ends a file of 100 MiB with 16 bytes that say so', () => {
    expect(lastNodePlace(104_857_600)).toBe(104_857_600 - 16 - 52);
    expect(blankNode(16)).toEqual(hex('00000010 0000000000000000 cbd43194'));
  });
});

describe('the place of a message', () => {
  const day = 86_400_000;
  it.each([
    ['at once', 0, 0, false],
    ['in a second', 1000, 1000, false],
    ['two days less a slot', 2 * day - 1000, 2 * day - 1000, false],
    ['two days: rolled in the middle of the window', 2 * day, day, true],
    ['a slot less than a third beyond', 2 * day + 57_600_000 - 1000, day, true],
    ['a third beyond: rolled at the end', 2 * day + 57_600_000, 2 * day, true],
    ['three days', 3 * day, 2 * day, true],
  ])('%s', (_what, delay, slot, roll) => {
    const shape = wheelShape(1000, 172_800);
    expect(placeOf(1_700_000_000_000 + delay, 1_700_000_000_000, shape)).toEqual({
      slotMs: 1_700_000_000_000 + slot,
      roll,
    });
  });

  it.each([
    [1000, 172_800, 172_800],
    [1000, 1, WHEEL_SLOTS - 60],
    [1000, WHEEL_SLOTS, WHEEL_SLOTS - 60],
    [60_000, 172_800, 35_791],
  ])('precision %i with a window of %i slots: %i', (precision, wanted, window) =>
    expect(wheelShape(precision, wanted).windowSlots).toBe(window),
  );
});

describe('the wheel', () => {
  const shape = wheelShape(1000, 172_800);

  it('has the size of the reference, and its slots', () => {
    const wheel = new TimerWheel(shape);
    expect(wheel.fileBytes).toBe(38_707_200);
    wheel.link(1_700_000_010_000, 52, 1);
    wheel.link(1_700_000_010_000, 156, 1);
    wheel.link(1_700_000_011_000, 208, -1);
    const index = 1_700_000_010 % (2 * WHEEL_SLOTS);
    expect(wheel.takeChanged()).toEqual([
      {
        at: index * SLOT_BYTES,
        bytes: hex(`000000006553f10a 0000000000000034 000000000000009c 00000002 00000000
                    000000006553f10b 00000000000000d0 00000000000000d0 ffffffff 00000000`),
      },
    ]);
    expect(wheel.takeChanged()).toEqual([]);
  });

  it('reads back what it wrote, without what is past or lies in a wrong place', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(900), fc.nat(100_000)), { maxLength: 60 }), fc.nat(900), (links, from) => {
        const small = { precisionMs: 1000, slots: 500, windowSlots: 400 };
        const [wheel, again] = [new TimerWheel(small), new TimerWheel(small)];
        let position = 0;
        for (const [tick, step] of links) wheel.link(1_700_000_000_000 + tick * 1000, (position += step), 1);
        const file = Buffer.alloc(wheel.fileBytes);
        for (const { at, bytes } of wheel.takeChanged()) bytes.copy(file, at);
        file.copy(file, 0, 0, 0);
        again.readSlots(file, 0, 1_700_000_000_000 + from * 1000);
        for (let tick = 0; tick < 900; tick++) {
          const timeMs = 1_700_000_000_000 + tick * 1000;
          expect(again.slot(timeMs)).toEqual(tick < from ? undefined : wheel.slot(timeMs));
        }
        const misplaced = new TimerWheel(small);
        misplaced.readSlots(file, 7, 0);
        expect(misplaced.liveCount).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});

it('timercheck has the fields of the reference; its own count only while the read time is theirs', () => {
  const version = { stateVersion: 3, timestamp: 1_700_000_000_000, counter: 9 };
  const check = { readTimeMs: 1_700_000_010_000, timerLogEnd: 104, position: 5, handled: 7, version, logEnd: -1 };
  const bytes = encodeCheck(check);
  expect(bytes).toEqual(
    hex(`0000018bcfe58f10 0000000000000068 0000000000000005 0000000000000007
         0000000000000003 0000018bcfe56800 0000000000000009`),
  );
  expect(decodeCheck(bytes)).toEqual(check);
  const own = Buffer.concat([bytes, hex('0000000000001000'), hex('0000018bcfe58f10')]);
  expect(decodeCheck(own)).toEqual({ ...check, logEnd: 4096 });
  expect(decodeCheck(Buffer.concat([bytes, hex('0000000000001000'), hex('0000018bcfe58f11')]))).toEqual(check);
  expect(decodeCheck(bytes.subarray(0, 32))).toMatchObject({ handled: 7, version: { counter: 0 } });
  expect(decodeCheck(bytes.subarray(0, 31))).toBeUndefined();
});
