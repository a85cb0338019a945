import { OneBroker, bodies, pair, property, runGroup, runOneBroker, verdict } from './timed-runs';

describe('timed messages on one broker', () => {
  it('are delivered within a second of their time, in its order', async () => {
    const one = new OneBroker(1);
    await one.start();
    const due = [30_000, 1_000, 7_300, 86_400, 7_299].map((delay) => one.wallMs + delay);
    for (const [i, dueMs] of due.entries()) await one.send('T', String(i), pair('TIMER_DELIVER_MS', String(dueMs)));
    await one.world.run(100_000, () => one.messages('T').length === 5);
    const got = one.messages('T');
    expect(bodies(got)).toEqual(['1', '2', '4', '0', '3']);
    for (const message of got) {
      const late = message.storeTimestamp - (due[Number(message.body)] as number);
      expect([String(message.body), late >= 0 && late <= 1200]).toEqual([String(message.body), true]);
      expect(property(message, 'REAL_TOPIC')).toBe('T');
    }
    await one.stop();
  });

  it('are rolled beyond the window, in two ways', async () => {
    const one = new OneBroker(2, { timerRollWindowSlot: '30' });
    await one.start();
    await one.send('T', 'near', pair('TIMER_DELAY_SEC', '35'));
    await one.send('T', 'far', pair('TIMER_DELAY_SEC', '200'));
    const sent = one.wallMs;
    await one.world.run(300_000, () => one.messages('T').length === 2);
    const got = one.messages('T');
    expect(bodies(got)).toEqual(['near', 'far']);
    const took = got.map((message) => message.storeTimestamp - sent);
    for (const [i, delay] of [35_000, 200_000].entries()) {
      expect(took[i]).toBeGreaterThanOrEqual(delay - 100);
      expect(took[i]).toBeLessThanOrEqual(delay + 1_200);
    }
    expect(Number(property(got[0], 'TIMER_ROLL_TIMES'))).toBe(1);
    expect(Number(property(got[1], 'TIMER_ROLL_TIMES'))).toBeGreaterThan(4);
    await one.stop();
  });

  it('are taken back by a marker in the same slot, and only then', async () => {
    const one = new OneBroker(3);
    await one.start();
    const dueMs = one.wallMs + 10_500;
    const at = (ms: number): string => pair('TIMER_DELIVER_MS', String(ms));
    for (const body of ['a', 'b', 'c']) await one.send('T', body, at(dueMs) + pair('UNIQ_KEY', `key-${body}`));
    await one.send('T', 'marker', at(dueMs) + pair('TIMER_DEL_UNIQKEY', 'T+key-b'));
    await one.send('T', 'marker', at(dueMs + 1000) + pair('TIMER_DEL_UNIQKEY', 'T+key-c'));
    await one.world.run(20_000);
    expect(bodies(one.messages('T'))).toEqual(['a', 'c']);
    await one.stop();
  });

  it.each(['stop', 'kill', 'crash'] as const)(
    'survive a %s at any time, once each',
    async (end) => {
      for (let seed = 1; seed <= 4; seed++) {
        expect([seed, verdict(await runOneBroker(seed, end))]).toEqual([seed, { lost: [], twice: [] }]);
      }
    },
    120_000,
  );

  it.each([
    ['timerwheel', ['/store/timerwheel']],
    ['timerlog', ['/store/timerlog']],
    ['timercheck', ['/store/config/timercheck']],
    ['all three', ['/store/timerwheel', '/store/timerlog', '/store/config/timercheck']],
  ])('do without %s', async (_what, paths) => {
    const one = new OneBroker(5);
    await one.start();
    for (let i = 0; i < 60; i++) await one.send('T', String(i), pair('TIMER_DELAY_SEC', String(1 + (i % 30))));
    await one.world.run(12_000);
    await one.stop();
    const { files } = one.world.machine('broker').boot();
    for (const path of paths) {
      if (files.stat(path)?.kind === 'directory') files.removeTree(path);
      else files.remove(path);
    }
    await one.start();
    await one.world.run(60_000, () => one.messages('T').length >= 60);
    await one.world.run(3_000);
    const expected = Array.from({ length: 60 }, (_, i) => String(i));
    expect(bodies(one.messages('T')).sort()).toEqual(expected.sort());
    await one.stop();
  });

  // Known loss `poison-property`, for the timer: the reference tries such a message again for ever.
  it('come although there is nonsense before them in the timer topic', async () => {
    const one = new OneBroker(7);
    await one.start();
    const nonsense = [
      '',
      pair('TIMER_OUT_MS', 'soon') + pair('REAL_TOPIC', 'T'),
      pair('TIMER_OUT_MS', '-5') + pair('REAL_TOPIC', 'T'),
      pair('TIMER_OUT_MS', '1') + pair('REAL_TOPIC', '../T') + pair('REAL_QID', 'x'),
      pair('TIMER_OUT_MS', '99999999999999999999'),
      pair('TIMER_OUT_MS', '1') + pair('TIMER_DEL_UNIQKEY', '+') + pair('REAL_TOPIC', 'T'),
    ];
    for (const properties of nonsense) {
      const rest = {
        queueId: 0,
        flag: 0,
        sysFlag: 0,
        bornTimestamp: 0,
        reconsumeTimes: 0,
        preparedTransactionOffset: 0,
      };
      const bornHost = { host: '127.0.0.1', port: 1 };
      const message = { ...rest, topic: 'rmq_sys_wheel_timer', bornHost, body: Buffer.from('n'), properties };
      expect(one.broker?.store.put(message).status).toBe('PUT_OK');
    }
    await one.send('T', 'sound', pair('TIMER_DELAY_SEC', '2'));
    await one.world.run(10_000, () => one.messages('T').length > 0);
    expect(bodies(one.messages('T'))).toEqual(['sound']);
    one.kill();
    await one.start();
    await one.world.run(1_000);
    await one.send('T', 'again', pair('TIMER_DELAY_SEC', '2'));
    await one.world.run(10_000, () => one.messages('T').length > 1);
    expect(bodies(one.messages('T'))).toEqual(['sound', 'again']);
    await one.stop();
  });

  it('wait while the store takes nothing, however long that is', async () => {
    const one = new OneBroker(6);
    await one.start();
    await one.send('T', 'patient', pair('TIMER_DELAY_SEC', '3'));
    one.broker?.store.fence(true);
    await one.world.run(30_000);
    expect(one.messages('T')).toEqual([]);
    one.broker?.store.fence(false);
    await one.world.run(5_000, () => one.messages('T').length === 1);
    expect(bodies(one.messages('T'))).toEqual(['patient']);
    await one.stop();
  });
});

describe('timed messages in a group', () => {
  it.each(['kill', 'crash'] as const)(
    'are all delivered, once, when masters are lost (%s)',
    async (end) => {
      for (let seed = 1; seed <= 1; seed++) {
        expect([seed, verdict(await runGroup(seed, end))]).toEqual([seed, { lost: [], twice: [] }]);
      }
    },
    120_000,
  );
});
