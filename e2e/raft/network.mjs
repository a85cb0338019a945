import { execFileSync } from 'node:child_process';
import { connect, createServer } from 'node:net';

const PORT = 9870;

/**
 * A network that can be cut. With the right to make network namespaces each member has its own, on a bridge; without, or
 * when `proxies` is set, connections between members go through proxies in this process.
 */
export async function makeNetwork(count, { proxies = false } = {}) {
  if (!proxies) {
    try {
      return new Namespaces(count);
    } catch (error) {
      console.error(`no network namespaces (${String(error.message).split('\n')[0]}): partitions are made by proxies`);
    }
  }
  return Proxies.make(count);
}

const run = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
const ip = (...args) => run('ip', ...args);
const quietly = (...command) => {
  try {
    run(...command);
  } catch {
    // It was not there.
  }
};
/** A queue in which there is room for nothing. */
const NOTHING_PASSES = ['root', 'pfifo', 'limit', '0'];

class Namespaces {
  kind = 'namespaces';
  #bridge = `bmq${process.pid}`;
  #subnet = `10.77.${process.pid % 250}`;
  #count;

  constructor(count) {
    this.#count = count;
    try {
      ip('link', 'add', this.#bridge, 'type', 'bridge');
      ip('link', 'set', this.#bridge, 'up');
      for (let i = 0; i < count; i++) this.#add(i);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  #name(i) {
    return `bmq${process.pid}n${i}`;
  }

  #add(i) {
    const name = this.#name(i);
    ip('netns', 'add', name);
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', name, 'master', this.#bridge, 'up');
    ip('-n', name, 'addr', 'add', `${this.#subnet}.${i + 1}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }

  peersOf() {
    return Array.from({ length: this.#count }, (_, i) => ({
      id: `n${i}`,
      address: `${this.#subnet}.${i + 1}:${PORT}`,
    }));
  }

  listenOf() {
    return { host: '0.0.0.0', port: PORT };
  }

  /** The command that runs `args` at the place of member i. */
  commandOf(i, args) {
    return ['ip', ['netns', 'exec', this.#name(i), ...args]];
  }

  /** Cuts member i off from all others, in both directions, or so that nobody hears it (mute), or it hears nobody (deaf). */
  cut(i, way = 'both') {
    const name = this.#name(i);
    if (way === 'both') ip('link', 'set', name, 'down');
    else if (way === 'mute') ip('netns', 'exec', name, 'tc', 'qdisc', 'replace', 'dev', 'eth0', ...NOTHING_PASSES);
    else run('tc', 'qdisc', 'replace', 'dev', name, ...NOTHING_PASSES);
  }

  /** Packets vanished meanwhile; connections stay. */
  heal(i) {
    const name = this.#name(i);
    ip('link', 'set', name, 'up');
    quietly('ip', 'netns', 'exec', name, 'tc', 'qdisc', 'del', 'dev', 'eth0', 'root');
    quietly('tc', 'qdisc', 'del', 'dev', name, 'root');
  }

  remove() {
    for (let i = 0; i < this.#count; i++) {
      quietly('ip', 'link', 'del', this.#name(i));
      quietly('ip', 'netns', 'del', this.#name(i));
    }
    quietly('ip', 'link', 'del', this.#bridge);
  }
}

/** Members talk to each other on the loopback, with nothing between them: for runs in which nobody is cut off. */
export class Loopback {
  #ports;

  static async make(count) {
    const network = new Loopback();
    network.#ports = await Promise.all(Array.from({ length: count }, freePort));
    return network;
  }

  peersOf() {
    return this.#ports.map((port, i) => ({ id: `n${i}`, address: `127.0.0.1:${port}` }));
  }

  listenOf(i) {
    return { host: '127.0.0.1', port: this.#ports[i] };
  }

  commandOf(_, args) {
    return [args[0], args.slice(1)];
  }

  remove() {}
}

class Proxies {
  kind = 'proxies';
  #ports = [];
  /** `from:to` to the port of the proxy between them. */
  #between = new Map();
  #servers = [];
  #sockets = new Set();
  #cut = new Set();

  static async make(count) {
    const network = new Proxies();
    for (let i = 0; i < count; i++) network.#ports.push(await freePort());
    for (let from = 0; from < count; from++) {
      for (let to = 0; to < count; to++) if (from !== to) await network.#proxy(from, to);
    }
    return network;
  }

  async #proxy(from, to) {
    const server = createServer((client) => {
      if (this.#isCut(from, to)) return client.destroy();
      const upstream = connect(this.#ports[to], '127.0.0.1');
      const pair = { from, to, ends: [client, upstream] };
      this.#sockets.add(pair);
      const close = () => {
        client.destroy();
        upstream.destroy();
        this.#sockets.delete(pair);
      };
      for (const [one, other] of [pair.ends, [upstream, client]]) {
        one.setNoDelay(true);
        one.on('error', close);
        one.on('close', close);
        one.pipe(other);
      }
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#servers.push(server);
    this.#between.set(`${from}:${to}`, server.address().port);
  }

  #isCut(from, to) {
    return this.#cut.has(from) || this.#cut.has(to);
  }

  peersOf(i) {
    return this.#ports.map((port, to) => {
      return { id: `n${to}`, address: `127.0.0.1:${to === i ? port : this.#between.get(`${i}:${to}`)}` };
    });
  }

  listenOf(i) {
    return { host: '127.0.0.1', port: this.#ports[i] };
  }

  commandOf(_, args) {
    return [args[0], args.slice(1)];
  }

  cut(i, way = 'both') {
    this.#cut.add(i);
    for (const { from, to, ends } of this.#sockets) {
      if (from !== i && to !== i) continue;
      const [own, other] = from === i ? ends : [...ends].reverse(); // what i says comes out of its own end
      if (way !== 'deaf') own.pause();
      if (way !== 'mute') other.pause();
    }
  }

  /** What was held back is lost: connections that were cut are closed. */
  heal(i) {
    for (const { from, to, ends } of this.#sockets) {
      if (from === i || to === i) for (const end of ends) end.destroy();
    }
    this.#cut.delete(i);
  }

  remove() {
    for (const server of this.#servers) server.close();
    for (const { ends } of this.#sockets) for (const end of ends) end.destroy();
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
