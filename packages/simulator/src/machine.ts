import { nodeChecksums, nodeCompression, type Checksums, type Compression, type Host } from '@batonmq/host';
import { SimDisk } from './disk/disk';
import { SimFiles } from './disk/files';
import type { EventLoop } from './loop/event-loop';
import { SimNetwork, type NetStation, type SimListener } from './net/network';
import type { Wire } from './net/wire';
import type { Prng } from './prng';
import { SimProcess } from './process';
import { simTimers } from './timers';
import type { Trace } from './trace';

export interface MachineOptions {
  /** The ip that others connect to; default 10.0.0.n. */
  address?: string;
  /** How much faster its clocks run: 0.01 is 1 % too fast, -0.01 too slow. Default 0. */
  clockDrift?: number;
  /** How far its wall clock is ahead at the beginning of the world. Default 0. */
  wallAheadMs?: number;
}

/** What a machine gets from its world. */
export interface Surroundings {
  readonly loop: EventLoop;
  readonly wire: Wire;
  readonly trace: Trace;
  readonly prng: Prng;
  readonly startWallMs: number;
  readonly checksums?: Checksums;
  readonly compression?: Compression;
  find(host: string): NetStation | undefined;
}

/** A computer of the world: an address, clocks, a disk, and at most one running process. */
export class SimMachine implements NetStation {
  readonly disk: SimDisk;
  readonly ports = new Map<number, SimListener>();
  nextPort: number;
  powered = true;
  private readonly prng: Prng;
  private readonly rate: number;
  private readonly originMs: number;
  private wallAheadMs: number;
  private process: SimProcess | undefined;
  private boots = 0;
  private powerCuts = 0;

  constructor(
    readonly name: string,
    readonly address: string,
    options: MachineOptions,
    private readonly world: Surroundings,
  ) {
    this.prng = world.prng.split(`machine ${name}`);
    this.rate = 1 + (options.clockDrift ?? 0);
    this.wallAheadMs = options.wallAheadMs ?? 0;
    // Clocks of different machines have nothing in common, so that comparing them shows.
    this.originMs = this.prng.int(1_000_000);
    this.nextPort = 32768 + this.prng.int(20_000);
    this.disk = new SimDisk(this.prng.split('disk'));
  }

  get running(): boolean {
    return this.process?.alive === true;
  }

  /** A fresh Host for a process started on this machine now; one that still runs is killed first. */
  boot(): Host {
    this.kill();
    const { world } = this;
    if (!this.powered) {
      this.powered = true;
      world.wire.wake();
    }
    const process = new SimProcess(this.name, 1000 + ++this.boots);
    this.process = process;
    world.trace.add(this.name, `boot pid=${process.pid}`);
    const prng = this.prng.split(`process ${this.boots}`);
    const log = world.trace.logger(this.name, () => process.alive);
    const find = (host: string): NetStation | undefined => world.find(host);
    return {
      clock: { monotonicMs: () => this.monotonicMs(), wallMs: () => this.wallMs() },
      timers: simTimers(world.loop, process, this.rate, log),
      random: { next: () => prng.next(), bytes: (length) => prng.bytes(length) },
      files: new SimFiles({ loop: world.loop, process, disk: this.disk, wallMs: () => this.wallMs() }),
      network: new SimNetwork(world.wire, this, process, this.rate, find),
      checksums: world.checksums ?? nodeChecksums,
      compression: world.compression ?? nodeCompression,
      machine: {
        pid: process.pid,
        hostName: this.name,
        totalMemoryBytes: 8 * 2 ** 30,
        homeDir: '/home/baton',
        address: this.address,
        bootId: `${this.name}-${this.powerCuts}`,
        residentBytes: () => 128 * 2 ** 20,
      },
      log,
    };
  }

  /** kill -9: the process is gone, its connections end, the page cache stays. Nothing happens when none runs. */
  kill(): void {
    if (!this.running) return;
    this.world.trace.add(this.name, 'kill');
    this.process?.die('killed');
  }

  /**
   * Power loss: unsynced file data and directory entries are lost, whole or in part. The machine is down until `boot`.
   * Its peers get resets; with `silent` they hear nothing until it is up again and they send something.
   */
  crash(options: { silent?: boolean } = {}): void {
    if (!this.powered) return;
    this.world.trace.add(this.name, 'crash');
    this.process?.die(options.silent === true ? 'vanished' : 'crashed');
    this.powered = false;
    this.powerCuts += 1;
    this.disk.crash();
  }

  /** The process does not get to run for so long (a long collection, a suspended virtual machine); clocks go on. */
  freeze(ms: number): void {
    if (this.process === undefined) return;
    this.world.trace.add(this.name, `freeze ms=${ms}`);
    this.process.frozenUntil = this.world.loop.now() + ms;
  }

  /** Sets the wall clock this much ahead (or back, when negative). */
  shiftWallClock(ms: number): void {
    this.wallAheadMs += ms;
  }

  private monotonicMs(): number {
    return this.originMs + this.world.loop.now() * this.rate;
  }

  private wallMs(): number {
    return Math.floor(this.world.startWallMs + this.wallAheadMs + this.world.loop.now() * this.rate);
  }
}
