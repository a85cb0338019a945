import { nodeTurns, type Checksums, type Compression, type Random, type Turns } from '@batonmq/host';
import { EventLoop } from './loop/event-loop';
import { SimMachine, type MachineOptions } from './machine';
import { Wire, type NetworkFaults } from './net/wire';
import { Prng } from './prng';
import { Trace, type TraceLevel } from './trace';

export interface WorldOptions {
  seed: number;
  network?: Partial<NetworkFaults>;
  /** Wall clock of all machines at the beginning; default 2026-01-01T00:00:00Z. */
  startWallMs?: number;
  /** Lines kept in the trace; default 10,000. */
  traceLimit?: number;
  /** What components log at this level or worse goes into the trace; default info. */
  traceLevel?: TraceLevel;
  /** Default: those of the Node process. */
  turns?: Turns;
  checksums?: Checksums;
  compression?: Compression;
}

const DEFAULT_START = 1_767_225_600_000;

/**
 * A deterministic world of machines that run production code: same program and seed, same run, event by event. Nothing
 * happens outside `run`, except what handlers and promise jobs do that the caller itself sets off.
 */
export class World {
  readonly random: Random;
  readonly seed: number;
  private readonly loop: EventLoop;
  private readonly wire: Wire;
  private readonly log: Trace;
  private readonly machines = new Map<string, SimMachine>();
  private readonly prng: Prng;

  constructor(private readonly options: WorldOptions) {
    this.seed = options.seed;
    this.prng = new Prng(options.seed);
    this.random = this.prng.split('world');
    this.loop = new EventLoop(options.turns ?? nodeTurns);
    this.wire = new Wire(this.loop, this.prng.split('network'), options.network ?? {});
    this.log = new Trace(() => this.loop.now(), options.traceLimit ?? 10_000, options.traceLevel ?? 'info');
  }

  /** Virtual ms since the beginning. */
  now(): number {
    return this.loop.now();
  }

  /** Events run so far. */
  get events(): number {
    return this.loop.events;
  }

  /** A number that is the same for equal runs, and almost surely another one when a single event differs. */
  get fingerprint(): number {
    return this.loop.fingerprint;
  }

  get trace(): readonly string[] {
    return this.log.latest;
  }

  /** Adds a line to the trace. */
  note(text: string): void {
    this.log.add('-', text);
  }

  /** The machine of this name; made at the first call, on which alone the options count. */
  machine(name: string, options: MachineOptions = {}): SimMachine {
    const known = this.machines.get(name);
    if (known !== undefined) return known;
    const index = this.machines.size + 1;
    const address = options.address ?? `10.0.${index >> 8}.${index & 255}`;
    const { startWallMs = DEFAULT_START, checksums, compression } = this.options;
    const machine = new SimMachine(name, address, options, {
      loop: this.loop,
      wire: this.wire,
      trace: this.log,
      prng: this.prng,
      startWallMs,
      checksums,
      compression,
      find: (host) => this.find(host),
    });
    this.machines.set(name, machine);
    return machine;
  }

  /**
   * Cuts the machines of `a` off from those of `b` until `heal`: established connections stall, new ones time out.
   * @param options.oneWay only what `a` sends to `b` is lost
   */
  partition(a: string[], b: string[], options: { oneWay?: boolean } = {}): void {
    this.log.add('-', `partition ${a.join(',')} ${options.oneWay ? '->' : '<->'} ${b.join(',')}`);
    for (const one of a) {
      for (const other of b) {
        this.wire.cut(one, other);
        if (options.oneWay !== true) this.wire.cut(other, one);
      }
    }
  }

  /** Packets between these two machines take this much longer, in both directions, until `heal`. */
  slowLink(a: string, b: string, extraMs: number): void {
    this.log.add('-', `slow ${a} <-> ${b} ms=${extraMs}`);
    this.wire.slowDown(a, b, extraMs);
    this.wire.slowDown(b, a, extraMs);
  }

  /** Ends all partitions and slow links. */
  heal(): void {
    this.log.add('-', 'heal');
    this.wire.heal();
  }

  /** Runs `task` in `delayMs` virtual ms as part of no machine: for faults and checks of a scenario. */
  after(delayMs: number, task: () => void): () => void {
    const event = this.loop.after(delayMs, undefined, task);
    return () => this.loop.cancel(event);
  }

  /**
   * Runs events until `until` returns true; it is asked after each event and all promise jobs that follow from it.
   * @returns false when `limitMs` virtual ms have passed first or nothing is left to do; the time is then at the limit
   * Rejects with what a timer, end-of-turn task or `until` threw (in a real process: an uncaught exception).
   */
  run(limitMs: number, until: () => boolean = () => false): Promise<boolean> {
    return this.loop.run(limitMs, until);
  }

  private find(host: string): SimMachine | undefined {
    const named = this.machines.get(host);
    if (named !== undefined) return named;
    for (const machine of this.machines.values()) if (machine.address === host) return machine;
    return undefined;
  }
}
