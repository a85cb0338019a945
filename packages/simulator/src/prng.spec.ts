import { Prng } from './prng';

describe('Prng', () => {
  it('gives the same numbers for the same seed, others for another', () => {
    const draw = (seed: number): number[] =>
      Array.from(
        { length: 5 },
        (
          (prng) => () =>
            prng.uint32()
        )(new Prng(seed)),
      );
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(0)).not.toEqual(draw(2 ** 32));
  });

  it('splits into streams that do not depend on what was drawn before', () => {
    const [fresh, used] = [new Prng(3), new Prng(3)];
    used.bytes(100);
    expect(used.split('disk').next()).toBe(fresh.split('disk').next());
    expect(fresh.split('disk').next()).not.toBe(fresh.split('net').next());
  });

  it('is spread evenly', () => {
    const prng = new Prng(42);
    const counts = new Array<number>(16).fill(0);
    for (let round = 0; round < 160_000; round++) counts[prng.int(16)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
