import { simulate } from './simulation';

const seeds = Number(process.env['RAFT_SEEDS'] ?? 200);
const from = Number(process.env['RAFT_FROM'] ?? 1);

it(`${seeds} seeds from ${from} break no rule`, () => {
  for (let seed = from; seed < from + seeds; seed++) {
    const outcome = simulate(seed);
    if (!outcome.failed) continue;
    const { why, weather, trace } = outcome;
    throw new Error(`seed ${seed}: ${why}\n${JSON.stringify(weather)}\n${trace.slice(-60).join('\n')}`);
  }
}, 3_600_000);

it('a seed reproduces its run exactly', () => {
  for (const seed of [3, 7, 11]) expect(simulate(seed)).toEqual(simulate(seed));
});
