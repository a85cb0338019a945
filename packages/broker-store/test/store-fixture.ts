import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Host, nodeHost, silentLog } from '@batonmq/host';
import { type MessageInput, MessageStore, type StoreOptions } from '../src/index';

const roots: string[] = [];

export function tempRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'store-spec-'));
  roots.push(root);
  return root;
}

export function removeTempRoots(): void {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
}

export function testOptions(root: string, more: Partial<StoreOptions> = {}): StoreOptions {
  return {
    storePathRootDir: root,
    mappedFileSizeCommitLog: 64 << 10,
    mappedFileSizeConsumeQueue: 2000,
    maxHashSlotNum: 100,
    maxIndexNum: 400,
    diskSpaceWarningLevelRatio: 90,
    storeHost: { host: '192.168.0.10', port: 10911 },
    ...more,
  };
}

export function message(
  topic: string,
  queueId: number,
  body: string | Buffer,
  more: Partial<MessageInput> = {},
): MessageInput {
  return {
    topic,
    queueId,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: { host: '127.0.0.1', port: 52100 },
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: typeof body === 'string' ? Buffer.from(body) : body,
    properties: '',
    ...more,
  };
}

/** A machine that was last started at this boot: another id after a power loss. */
export function hostOfBoot(bootId: string | undefined): Host {
  const host = nodeHost(silentLog);
  return { ...host, machine: { ...host.machine, bootId } };
}

/** A running store. Kill it with `kill`, which leaves everything as a process that was killed does. */
export class Fixture {
  private constructor(
    readonly store: MessageStore,
    readonly root: string,
    private readonly locks: { release(): Promise<void> }[],
  ) {}

  static async open(
    root: string,
    more: Partial<StoreOptions> = {},
    host: Host = nodeHost(silentLog),
  ): Promise<Fixture> {
    const locks: { release(): Promise<void> }[] = [];
    let dead = false;
    const files = Object.assign(Object.create(host.files) as Host['files'], {
      lock: async (path: string) => {
        const lock = await host.files.lock(path);
        locks.push(lock);
        return lock;
      },
    });
    const timers: Host['timers'] = {
      after: (ms, task) => host.timers.after(ms, () => !dead && task()),
      every: (ms, task, first) => host.timers.every(ms, () => !dead && task(), first),
      endOfTurn: (task) => host.timers.endOfTurn(() => !dead && task()),
    };
    const store = new MessageStore({ ...host, files, timers }, testOptions(root, more));
    const fixture = new Fixture(store, root, locks);
    fixture.kill = async () => {
      dead = true;
      for (const lock of locks) await lock.release();
    };
    await store.load();
    await store.start();
    return fixture;
  }

  kill: () => Promise<void> = async () => {};

  /** Puts and waits until it is written and dispatched. */
  async put(...messages: MessageInput[]): Promise<number> {
    let end = 0;
    for (const each of messages) {
      const result = this.store.put(each);
      if (result.status !== 'PUT_OK') throw new Error(`${result.status}: ${result.reason}`);
      end = result.endOffset;
    }
    await this.store.whenDurable(end);
    if (!this.store.options.enableControllerMode) await this.store.whenDispatched(end);
    return end;
  }
}
