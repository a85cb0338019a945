import { simulate } from './simulation';
import { report, shrink } from './shrink';

const seeds = Number(process.env['RAFT_SEEDS'] ?? 2000);
const from = Number(process.env['RAFT_FROM'] ?? 1);

it(`${seeds} seeds from ${from} break no rule`, () => {
  for (let seed = from; seed < from + seeds; seed++) {
    const outcome = simulate(seed);
    if (outcome.failed) throw new Error(report(seed, shrink(seed, outcome)));
  }
}, 3_600_000);

it('a seed reproduces its run exactly', () => {
  for (const seed of [3, 7, 11]) expect(simulate(seed)).toEqual(simulate(seed));
});
