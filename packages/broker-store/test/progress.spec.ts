import { silentLog } from '@batonmq/host';
import { Progress } from '../src/recovery/progress';

const MIB = 1 << 20;

it('work of more than a second tells percent and rate each second; shorter work tells nothing', () => {
  let now = 0;
  const told: object[] = [];
  const logger = { ...silentLog, info: (fields: object) => void told.push(fields) };
  const progress = new Progress({ monotonicMs: () => now }, logger, 'recovering', 0, 1000 * MIB);
  for (let at = 0; at < 400 * MIB; at += MIB) {
    now = at / MIB / 0.4; // 400 MiB/s
    progress.at(at);
    if (now < 999) expect(told).toEqual([]);
  }
  expect(told).toEqual([]);
  for (let at = 400 * MIB; at <= 1000 * MIB; at += MIB) {
    now = 1000 + (at / MIB - 400) / 0.2; // 200 MiB/s
    progress.at(at);
  }
  const percents = told.map((each) => (each as { percent: number }).percent);
  expect(percents).toEqual([40, 60, 80, 100]);
  expect(told.length).toBeGreaterThanOrEqual(3);
  const [first] = told as [{ mibPerSecond: number; offset: number }];
  expect(first.mibPerSecond).toBeGreaterThan(390);
  expect(first.offset).toBeGreaterThanOrEqual(400 * MIB);
});
