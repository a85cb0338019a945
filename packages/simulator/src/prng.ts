import type { Random } from '@batonmq/host';

// Taken out once: looking up a global costs a microsecond where a test runner puts its own in between.
const { floor, imul } = Math;

/**
 * Small fast counter generator (sfc32 by Chris Doty-Humphrey; 128 bits of state, passes PractRand). Not for secrets.
 * `split` gives streams that do not depend on how much was drawn from this one, so that a change in one part of a world
 * does not shift the luck of all others.
 */
export class Prng implements Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;
  private readonly seed: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.a = mix(this.seed);
    this.b = mix(this.a ^ 0x9e3779b9);
    this.c = mix(this.b ^ floor(seed / 2 ** 32));
    for (let round = 0; round < 12; round++) this.uint32();
  }

  /** Uniform in 0 .. 2^32-1. */
  uint32(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  next(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Uniform integer in 0 .. `below`-1. */
  int(below: number): number {
    return floor(this.next() * below);
  }

  between(min: number, max: number): number {
    return min + this.next() * (max - min);
  }

  /** True with this probability. Draws nothing when the answer is certain. */
  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  bytes(length: number): Buffer {
    const target = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at++) target[at] = this.uint32();
    return target;
  }

  /** An independent stream: the same seed and label give the same one. */
  split(label: string): Prng {
    let hash = mix(this.seed ^ 0x51ed270b);
    for (let at = 0; at < label.length; at++) hash = mix(hash ^ label.charCodeAt(at));
    return new Prng(hash);
  }
}

/** Finalizer of MurmurHash3, with a step first so that 0 is not a fixed point. */
function mix(value: number): number {
  let x = (value + 0x6d2b79f5) | 0;
  x = imul(x ^ (x >>> 16), 0x85ebca6b);
  x = imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
