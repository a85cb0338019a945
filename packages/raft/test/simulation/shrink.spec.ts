import { plantedCore } from './mutant';
import { report, shrink } from './shrink';
import { simulate } from './simulation';

it('a failing seed is shrunk to a few deeds that break the same rule, and printed with all that happened', () => {
  const core = plantedCore({
    file: 'core/election.ts',
    find: 'return state.votedFor === undefined || state.votedFor === from;',
    replace: 'return true;',
  });
  for (let seed = 1; seed <= 100; seed++) {
    const failure = simulate(seed, { core });
    if (!failure.failed || !failure.why.startsWith('one vote a term')) continue;
    const shrunk = shrink(seed, failure, { core });
    expect(shrunk.why).toMatch(/^one vote a term/);
    expect(shrunk.plan.length).toBeLessThan(Math.max(4, failure.plan.length / 4));
    const again = simulate(seed, { core, plan: shrunk.plan, weather: shrunk.weather });
    expect(again).toMatchObject({ failed: true, why: shrunk.why });
    const text = report(seed, shrunk);
    expect(text).toContain(`seed ${seed}: one vote a term`);
    expect(text).toContain('vote-response');
    return;
  }
  throw new Error('not caught');
}, 60_000);
