import type { Prng } from '@batonmq/simulator';

/**
 * What may break in a run. Whatever is drawn, one SyncStateSet member's disk survives whole:
 *
 * - a killed process leaves its page cache, so kills may hit anyone at any time, all brokers at once included;
 * - power loss may take unsynced bytes of one broker, while the set has another member, and of the next one when the group
 *   is whole again: with ASYNC_FLUSH an ack means the page cache of every member. The victim may come back at once;
 * - so may a disk fail, or be full, for a while: of one broker at a time, and not beside a power loss;
 * - controllers and name servers may lose power at any time: what a controller has answered is on its disk;
 * - a controller may lose its whole store while the others are members with votes.
 *
 * Client machines are never broken, but the network around them is.
 */
export type Fault =
  | { readonly kind: 'kill'; readonly target: Target; readonly downMs: number }
  | { readonly kind: 'stop'; readonly target: Target; readonly downMs: number }
  | { readonly kind: 'crash'; readonly target: Target; readonly downMs: number; readonly silent: boolean }
  | { readonly kind: 'kill-all'; readonly downMs: number }
  | { readonly kind: 'freeze'; readonly target: Target; readonly ms: number }
  | { readonly kind: 'isolate'; readonly target: Target; readonly from: Peers; readonly way: Way }
  | { readonly kind: 'split'; readonly mask: number; readonly way: Way }
  | { readonly kind: 'slow-link'; readonly target: Target; readonly ms: number }
  | { readonly kind: 'slow-disk'; readonly target: Target; readonly ms: number }
  | { readonly kind: 'bad-disk'; readonly target: Target; readonly ms: number; readonly trouble: Trouble }
  | { readonly kind: 'lose-store'; readonly downMs: number }
  | { readonly kind: 'heal' };

/** Chosen when the fault comes: who is master then is not known before. */
export type Target = 'master' | 'replica' | 'controller-leader' | 'controller' | 'namesrv';
export type Peers = 'all' | 'brokers' | 'controllers' | 'clients';
export type Way = 'both' | 'out' | 'in';
/** No space, writes that fail, syncs that fail (and lose what they covered, should the power go). */
export type Trouble = 'full' | 'writes' | 'syncs';

export interface PlannedFault {
  readonly atMs: number;
  readonly fault: Fault;
  /** For choices left open until then. */
  readonly luck: number;
}

const TARGETS: readonly Target[] = [
  'master',
  'master',
  'replica',
  'replica',
  'controller-leader',
  'controller',
  'namesrv',
];
const BROKERS: readonly Target[] = ['master', 'master', 'replica'];
const PEERS: readonly Peers[] = ['all', 'all', 'brokers', 'controllers', 'clients'];
const TROUBLES: readonly Trouble[] = ['full', 'writes', 'syncs'];
const WAYS: readonly Way[] = ['both', 'both', 'out', 'in'];

/** @param forMs length of the trouble */
export function drawFaults(prng: Prng, forMs: number): PlannedFault[] {
  const planned: PlannedFault[] = [];
  const count = 3 + prng.int(8);
  for (let index = 0; index < count; index += 1) {
    const atMs = prng.next() * forMs;
    planned.push({ atMs, fault: drawFault(prng), luck: prng.next() });
    // Faults that come in the middle of what another one caused find more than lonely ones.
    if (prng.chance(0.4)) planned.push({ atMs: atMs + prng.next() * 300, fault: drawFault(prng), luck: prng.next() });
  }
  return planned.sort((a, b) => a.atMs - b.atMs);
}

function drawFault(prng: Prng): Fault {
  const pick = <T>(items: readonly T[]): T => items[prng.int(items.length)] as T;
  const downMs = prng.chance(0.3) ? prng.between(1, 50) : prng.between(50, 3000);
  const choice = prng.int(22);
  if (choice < 5) return { kind: 'kill', target: pick(TARGETS), downMs };
  if (choice < 6) return { kind: 'stop', target: pick(BROKERS), downMs };
  if (choice < 8) return { kind: 'crash', target: pick(TARGETS), downMs, silent: prng.chance(0.5) };
  if (choice < 9) return { kind: 'kill-all', downMs };
  if (choice < 11) return { kind: 'freeze', target: pick(TARGETS), ms: prng.between(20, 3500) };
  if (choice < 14) return { kind: 'isolate', target: pick(TARGETS), from: pick(PEERS), way: pick(WAYS) };
  if (choice < 16) return { kind: 'split', mask: prng.int(1 << 16), way: pick(WAYS) };
  if (choice < 17) return { kind: 'slow-link', target: pick(BROKERS), ms: prng.between(5, 150) };
  if (choice < 18) return { kind: 'slow-disk', target: pick(TARGETS), ms: prng.between(5, 200) };
  if (choice < 19)
    return { kind: 'bad-disk', target: pick(BROKERS), ms: prng.between(50, 2500), trouble: pick(TROUBLES) };
  if (choice < 20) return { kind: 'lose-store', downMs };
  return { kind: 'heal' };
}
