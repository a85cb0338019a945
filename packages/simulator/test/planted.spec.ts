import type { Connection, ConnectionHandlers, Files, Host, OpenFile } from '@batonmq/host';
import { World } from '../src';
import { hostConformance, type HostUnderTest } from '../src/conformance';

/** Hosts with one bug each: the conformance suite counts only if it catches them. */
const PLANTS: Record<string, (host: Host) => Host> = {
  'a read after the end of a truncated file': (host) =>
    withFile(host, (file) => ({
      truncateSync: (bytes) => (bytes > file.bytes() ? undefined : file.truncateSync(bytes)),
    })),
  'a read that goes on after close': (host) => withFile(host, () => ({ close: () => {} })),
  'a write that ignores where to start': (host) =>
    withFile(host, (file) => ({
      writeSync: (source, _start, length, position) => file.writeSync(source, 0, length, position),
    })),
  'names in no order': (host) => withFiles(host, (files) => ({ list: (path) => files.list(path).sort().reverse() })),
  'replace that leaves its temporary file': (host) =>
    withFiles(host, (files) => ({
      replace: (path, content) => {
        files.replace(`${path}.tmp`, content);
        files.replace(path, content);
      },
    })),
  'a lock anyone may take': (host) => withFiles(host, () => ({ lock: async () => ({ release: async () => {} }) })),
  'no drain': (host) => withReceiver(host, (handlers) => ({ ...bind(handlers), drain: undefined })),
  'a drain for every chunk of data': (host) =>
    withReceiver(host, (handlers) => ({
      ...bind(handlers),
      data: (bytes) => {
        handlers.data(bytes);
        handlers.drain?.();
      },
    })),
  'close told twice': (host) =>
    withReceiver(host, (handlers) => ({
      ...bind(handlers),
      close: (reason) => {
        handlers.close(reason);
        handlers.close(reason);
      },
    })),
  'errors of handlers swallowed': (host) =>
    withReceiver(host, (handlers) => ({
      ...bind(handlers),
      data: (bytes) => {
        try {
          handlers.data(bytes);
        } catch {
          // the bug
        }
      },
    })),
  'a reason lost': (host) =>
    withReceiver(host, (handlers) => ({ ...bind(handlers), close: () => handlers.close(undefined) })),
  'bytes put back are lost': (host) => withConnection(host, () => ({ unread: () => {} })),
  'end as destroy': (host) => withConnection(host, (connection) => ({ end: () => connection.destroy() })),
  'pause ignored': (host) => withConnection(host, () => ({ pause: () => {} })),
  'end of turn at once': (host) => ({ ...host, timers: { ...host.timers, endOfTurn: (task) => task() } }),
  'end of turn as a promise job': (host) => ({
    ...host,
    timers: { ...host.timers, endOfTurn: (task) => void Promise.resolve().then(task) },
  }),
  'timers that cannot be cancelled': (host) => ({
    ...host,
    timers: { ...host.timers, after: (ms, task) => (host.timers.after(ms, task), () => {}) },
  }),
  'timers that fire early': (host) => ({
    ...host,
    timers: { ...host.timers, after: (ms, task) => host.timers.after(ms / 2, task) },
  }),
};

describe('the conformance suite', () => {
  it('accepts the host without a planted bug', async () => {
    expect(await failuresWith((host) => host)).toEqual([]);
  });

  it.each(Object.keys(PLANTS))('catches: %s', async (name) => {
    const failures = await failuresWith(PLANTS[name] as (host: Host) => Host);
    expect(failures.length).toBeGreaterThan(0);
  });
});

async function failuresWith(plant: (host: Host) => Host): Promise<string[]> {
  const tests: { name: string; run: () => Promise<void> }[] = [];
  hostConformance(
    (name, run) => tests.push({ name, run }),
    () => planted(plant),
  );
  const failures: string[] = [];
  // Large transfers take most of the time and find none of these bugs.
  for (const { name, run } of tests) {
    if (!/in whatever pieces|over many random/.test(name)) await run().catch(() => failures.push(name));
  }
  return failures;
}

async function planted(plant: (host: Host) => Host): Promise<HostUnderTest> {
  const world = new World({ seed: 1 });
  const machine = world.machine('a');
  const host = plant(machine.boot());
  host.files.makeDirs('/test');
  return {
    host,
    peer: plant(world.machine('b').boot()),
    address: machine.address,
    directory: '/test',
    async drive(promise) {
      let settled = false;
      const mark = (): void => void (settled = true);
      promise.then(mark, mark);
      if (!(await world.run(60_000, () => settled))) throw new Error('nothing happens any more');
      return promise;
    },
    dispose: () => {},
  };
}

/** An object that does all that the other does, but for some methods. */
function like<T extends object>(original: T, changes: Partial<T>): T {
  return new Proxy(original, {
    get(target, key) {
      const changed = (changes as Record<PropertyKey, unknown>)[key];
      const value = changed ?? Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function withFiles(host: Host, change: (files: Files) => Partial<Files>): Host {
  return { ...host, files: like(host.files, change(host.files)) };
}

function withFile(host: Host, change: (file: OpenFile) => Partial<OpenFile>): Host {
  return withFiles(host, (files) => ({
    open: (path, mode) => {
      const file = files.open(path, mode);
      return like(file, change(file));
    },
  }));
}

function withConnection(host: Host, change: (connection: Connection) => Partial<Connection>): Host {
  const changed = (connection: Connection): Connection => like(connection, change(connection));
  const { network } = host;
  return {
    ...host,
    network: {
      listen: (address, accept) => network.listen(address, (connection) => accept(changed(connection))),
      connect: async (address) => changed(await network.connect(address)),
    },
  };
}

function withReceiver(host: Host, change: (handlers: ConnectionHandlers) => ConnectionHandlers): Host {
  return withConnection(host, (connection) => ({ receive: (handlers) => connection.receive(change(handlers)) }));
}

function bind(handlers: ConnectionHandlers): ConnectionHandlers {
  return {
    data: (bytes) => handlers.data(bytes),
    close: (reason) => handlers.close(reason),
    drain: () => handlers.drain?.(),
  };
}
