import type { DamagedRange, DamageListener, RecordSource } from '@batonmq/broker-store';
import { silentLog } from '@batonmq/host';
import { RequestCode, ResponseCode } from '@batonmq/remoting';
import { InSyncPeers } from './in-sync-peers';
import { ReplicaRepair, type ReplicaRepairParts } from './replica-repair';

type Invoke = ReplicaRepairParts['client']['invoke'];
type Answer = Awaited<ReturnType<Invoke>>;

const answer = (code: number, body?: Buffer): Answer => ({ code, body, extFields: {} }) as unknown as Answer;
const RANGE: DamagedRange = { from: 100, to: 130 };

/** A store whose ranges are made of records of ten bytes, and replicas that have some of them. */
function scene(
  replicas: Record<string, readonly number[]>,
  peers = Object.keys(replicas),
): {
  report: (range: DamagedRange) => void;
  repair: ReplicaRepair;
  asked: string[];
  ends: number[];
  settled: Promise<void>;
} {
  let listener: DamageListener = () => {};
  let settle: () => void;
  const settled = new Promise<void>((resolve) => (settle = resolve));
  const asked: string[] = [];
  const ends: number[] = [];
  const whole = new Set<number>();
  const store = {
    onDamage: (given: DamageListener) => {
      listener = given;
      return () => (listener = () => {});
    },
    repair: async (range: DamagedRange, source: RecordSource) => {
      let at = range.from;
      for (; at < range.to; at += 10) {
        if (whole.has(at)) continue;
        if ((await source(at)) === undefined) break;
        whole.add(at);
      }
      ends.push(at);
      if (at >= range.to || ends.length >= peers.length) settle();
      return at;
    },
  };
  const invoke: Invoke = (address, { code, header }) => {
    expect(code).toBe(RequestCode.VIEW_MESSAGE_BY_ID);
    const offset = Number(header?.['offset']);
    asked.push(`${address} ${offset}`);
    if (replicas[address] === undefined) return Promise.reject(new Error('connection refused'));
    const has = replicas[address].includes(offset);
    return Promise.resolve(has ? answer(ResponseCode.SUCCESS, Buffer.alloc(10)) : answer(ResponseCode.SYSTEM_ERROR));
  };
  const repair = new ReplicaRepair({
    host: { log: silentLog },
    client: { invoke },
    store,
    peers: () => Promise.resolve(peers),
  });
  repair.start();
  return { report: (range) => listener(range), repair, asked, ends, settled };
}

describe('repair from replicas', () => {
  it('asks for the records of the range by their places', async () => {
    const { report, asked, ends, settled } = scene({ a: [100, 110, 120] });
    report(RANGE);
    await settled;
    expect(asked).toEqual(['a 100', 'a 110', 'a 120']);
    expect(ends).toEqual([130]);
  });

  it('goes on with the next replica where one has nothing, or does not answer', async () => {
    const { report, asked, ends, settled } = scene({ b: [100], c: [110, 120] }, ['a', 'b', 'c']);
    report(RANGE);
    await settled;
    expect(asked).toEqual(['a 100', 'b 100', 'b 110', 'c 110', 'c 120']);
    expect(ends).toEqual([100, 110, 130]);
  });

  it('asks nobody after the stop', async () => {
    const { report, repair, asked } = scene({ a: [100, 110, 120] });
    repair.stop();
    report(RANGE);
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual([]);
  });
});

describe('whom to ask', () => {
  const members = '{"brokerMemberGroup":{"brokerAddrs":{0:"m:1",2:"s:2",3:"s:3"},"brokerName":"b","cluster":"c"}}';
  const told = (
    role: { isMaster: boolean; masterAddress: string },
    others: number[],
    invoke: Invoke,
  ): Promise<string[]> => {
    const options = { namesrvAddr: 'n:1;n:2', brokerClusterName: 'c', brokerName: 'b' };
    return new InSyncPeers({ log: silentLog }, { invoke }, options, role, () => others).addresses();
  };
  const master = { isMaster: true, masterAddress: '' };

  it('a slave asks its master', async () => {
    const nobody: Invoke = () => Promise.reject(new Error('not to be asked'));
    expect(await told({ isMaster: false, masterAddress: 'm:1' }, [], nobody)).toEqual(['m:1']);
    expect(await told({ isMaster: false, masterAddress: '' }, [], nobody)).toEqual([]);
  });

  it('a master asks those in sync, and no other member', async () => {
    const invoke: Invoke = () => Promise.resolve(answer(ResponseCode.SUCCESS, Buffer.from(members)));
    expect(await told(master, [3], invoke)).toEqual(['s:3']);
    expect(await told(master, [], invoke)).toEqual([]);
    expect(await told(master, [4], invoke)).toEqual([]);
  });

  it('goes by the name server that answers', async () => {
    const asked: string[] = [];
    const invoke: Invoke = (address) => {
      asked.push(address);
      if (address === 'n:1') return Promise.reject(new Error('connection refused'));
      return Promise.resolve(answer(ResponseCode.SUCCESS, Buffer.from(members)));
    };
    expect(await told(master, [2, 3], invoke)).toEqual(['s:2', 's:3']);
    expect(asked).toEqual(['n:1', 'n:2']);
  });
});
