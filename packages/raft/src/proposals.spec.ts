import type { Host } from '@batonmq/host';
import type { Entry } from './core/types';
import { RaftError } from './errors';
import { Proposals } from './proposals';

/** Time that stands still until told; the end of a turn when told. */
function madeUp() {
  let now = 0;
  const timers: { at: number; task: () => void }[] = [];
  const turn: (() => void)[] = [];
  const host = {
    clock: { monotonicMs: () => now, wallMs: () => now },
    timers: {
      after: (delayMs: number, task: () => void) => {
        const timer = { at: now + delayMs, task };
        timers.push(timer);
        return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1));
      },
      every: () => () => {},
      endOfTurn: (task: () => void) => void turn.push(task),
    },
  } satisfies Pick<Host, 'clock' | 'timers'>;
  const offers: string[] = [];
  const proposals = new Proposals(host, 4, (data) => void offers.push(data.join()));
  const outcomes: Record<string, string> = {};
  const add = (name: string, timeoutMs = 100): void =>
    proposals.add(
      Buffer.from(name),
      timeoutMs,
      (result) => void (outcomes[name] = `ok ${String(result)}`),
      (error) => void (outcomes[name] = (error as RaftError).code),
    );
  return {
    proposals,
    offers,
    outcomes,
    add,
    endTurn: () => turn.splice(0).forEach((task) => task()),
    pass(ms: number) {
      now += ms;
      for (const timer of timers.splice(0)) {
        if (timer.at <= now) timer.task();
        else timers.push(timer);
      }
    },
  };
}

const entry = (index: number, term: number): Entry => ({ index, term, kind: 'data', data: Buffer.alloc(0) });

describe('proposals', () => {
  it('go at once when alone, and share the end of the turn when not', async () => {
    const world = madeUp();
    world.add('a');
    await null;
    expect(world.offers).toEqual(['a']);
    world.add('b');
    world.add('c');
    await null;
    expect(world.offers).toEqual(['a']);
    world.endTurn();
    expect(world.offers).toEqual(['a', 'b,c']);
    world.proposals.placed(5, 1);
    world.proposals.placed(6, 1);
    world.proposals.applied(entry(5, 1), Buffer.from('x'));
    world.proposals.applied(entry(6, 2), undefined);
    world.proposals.applied(entry(7, 1), undefined);
    expect(world.outcomes).toEqual({ a: 'ok x', b: 'DROPPED', c: 'ok ' });
  });

  it('time out each at its own time, wherever they are', async () => {
    const world = madeUp();
    world.add('placed', 100);
    await null;
    world.proposals.placed(1, 1);
    world.add('offered', 60);
    world.endTurn();
    world.add('queued', 30);
    world.pass(30);
    expect(world.outcomes).toEqual({ queued: 'TIMEOUT' });
    world.pass(30);
    expect(world.outcomes).toEqual({ queued: 'TIMEOUT', offered: 'TIMEOUT' });
    world.endTurn();
    expect(world.offers).toEqual(['placed', 'offered']);
    world.pass(40);
    expect(world.outcomes).toEqual({ queued: 'TIMEOUT', offered: 'TIMEOUT', placed: 'TIMEOUT' });
    world.proposals.applied(entry(1, 1), undefined);
    expect(world.outcomes['placed']).toBe('TIMEOUT');
  });

  it('are not forgotten when this node leads again and puts others in their place', async () => {
    const world = madeUp();
    world.add('old');
    await null;
    world.proposals.placed(9, 1);
    world.add('new');
    world.endTurn();
    world.proposals.placed(9, 3);
    expect(world.outcomes).toEqual({ old: 'TIMEOUT' });
    world.proposals.applied(entry(9, 3), Buffer.from('y'));
    expect(world.outcomes).toEqual({ old: 'TIMEOUT', new: 'ok y' });
  });

  it('are bounded, and free their place', async () => {
    const world = madeUp();
    for (const name of ['a', 'b', 'c', 'd', 'e']) world.add(name);
    expect(world.outcomes).toEqual({ e: 'DROPPED' });
    await null;
    world.proposals.refused(new RaftError('NOT_LEADER', 'no'));
    expect(Object.values(world.outcomes)).toHaveLength(5);
    world.add('f');
    expect(world.outcomes['f']).toBeUndefined();
    world.proposals.rejectAll(new RaftError('STOPPED', 'stopped'));
    expect(world.outcomes['f']).toBe('STOPPED');
  });
});
