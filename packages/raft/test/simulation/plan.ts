import type { Dice } from './dice';
import type { Weather } from './weather';

/** Something that clients, operators or the weather do to the group. All of a run is known before it begins. */
export type Deed =
  | { readonly kind: 'propose'; readonly count: number }
  | { readonly kind: 'read'; readonly byLease: boolean }
  | { readonly kind: 'crash'; readonly nodes: readonly string[]; readonly forMs: number }
  | { readonly kind: 'crash-at-write'; readonly node: string; readonly when: CrashPoint; readonly forMs: number }
  | { readonly kind: 'cut'; readonly links: readonly string[]; readonly forMs: number }
  /** What is sent on these links arrives when it is over: far later than anything that was lost on the way would be missed. */
  | { readonly kind: 'hold'; readonly links: readonly string[]; readonly forMs: number }
  /** Whoever leads then; `ways` tells which links to and from the others. */
  | { readonly kind: 'cut-leader'; readonly ways: 'in' | 'out' | 'both'; readonly forMs: number }
  | { readonly kind: 'pause'; readonly node: string; readonly forMs: number }
  | { readonly kind: 'slow-disk'; readonly node: string; readonly forMs: number }
  | { readonly kind: 'transfer'; readonly to: string | undefined }
  /** Who comes and goes is drawn from `lot`, among what is possible then. */
  | { readonly kind: 'change'; readonly lot: number };

/** Of a node's next write: nothing of it is on the disk, its last entries are not, or all is, but nobody was told. */
export type CrashPoint = 'lost' | 'torn' | 'durable';

export type Action = Deed & { readonly atMs: number };

/** Draws everything that will be done, in order. Leaving some of it out gives another, smaller run: see shrink. */
export function drawPlan(dice: Dice, weather: Weather, ids: readonly string[]): Action[] {
  const actions: Action[] = [];
  const every = (meanMs: number, deed: () => Deed | undefined): void => {
    if (meanMs === 0) return;
    for (let atMs = dice.between(0, 2 * meanMs); atMs < weather.stormMs; atMs += dice.between(0, 2 * meanMs)) {
      const drawn = deed();
      if (drawn !== undefined) actions.push({ ...drawn, atMs });
    }
  };
  every(weather.proposeEveryMs, () => ({ kind: 'propose', count: dice.pick([1, 1, 2, 5]) }));
  every(weather.readEveryMs, () => ({ kind: 'read', byLease: dice.chance(0.5) }));
  every(weather.crashEveryMs, () => {
    const nodes = dice.chance(0.2) ? ids : [dice.pick(ids)];
    // Often back at once, as under a supervisor: with all that it said still fresh in the others' minds.
    return { kind: 'crash', nodes, forMs: dice.chance(0.4) ? dice.between(0.5, 20) : dice.between(1, 400) };
  });
  every(weather.crashAtWriteEveryMs, () => {
    const when = dice.pick(['lost', 'torn', 'durable'] as const);
    return { kind: 'crash-at-write', node: dice.pick(ids), when, forMs: dice.between(1, 300) };
  });
  every(weather.partitionEveryMs, () => drawCut(dice, ids));
  every(weather.holdEveryMs, () => {
    const links = drawLinks(dice, ids);
    return links.length === 0 ? undefined : { kind: 'hold', links, forMs: dice.between(20, 450) };
  });
  every(weather.pauseEveryMs, () => ({ kind: 'pause', node: dice.pick(ids), forMs: dice.between(5, 400) }));
  every(weather.slowDiskEveryMs, () => ({ kind: 'slow-disk', node: dice.pick(ids), forMs: dice.between(50, 500) }));
  every(weather.transferEveryMs, () => ({ kind: 'transfer', to: dice.chance(0.5) ? dice.pick(ids) : undefined }));
  every(weather.changeEveryMs, () => ({ kind: 'change', lot: dice.whole(1, 1_000_000) }));
  return actions.sort((a, b) => a.atMs - b.atMs);
}

function drawCut(dice: Dice, ids: readonly string[]): Deed | undefined {
  if (dice.chance(0.3)) {
    return {
      kind: 'cut-leader',
      ways: dice.pick(['in', 'out', 'both', 'both'] as const),
      forMs: dice.between(20, 500),
    };
  }
  const links = drawLinks(dice, ids);
  return links.length === 0 ? undefined : { kind: 'cut', links, forMs: dice.between(20, 700) };
}

/** Between some of the members and all others, or just between two whom a third still hears; in one direction or both. */
function drawLinks(dice: Dice, ids: readonly string[]): string[] {
  const side = dice.chance(0.5) ? [dice.pick(ids)] : ids.filter(() => dice.chance(0.5));
  const others = ids.filter((id) => !side.includes(id));
  const justTwo = others.length > 0 && side.length > 0 && dice.chance(0.3);
  const oneWay = dice.chance(0.4);
  const links: string[] = [];
  for (const a of justTwo ? [dice.pick(side)] : side) {
    for (const b of justTwo ? [dice.pick(others)] : others) {
      links.push(`${a}>${b}`);
      if (!oneWay) links.push(`${b}>${a}`);
    }
  }
  return links;
}
