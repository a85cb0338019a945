import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fileOf = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Members in processes of their own, on one directory that goes with them. */
export class Group {
  members = [];
  leader = undefined;
  #waiting = [];

  /** @param execArgv flags of node for the members, e.g. to profile them   @param member the program of each */
  static async start(size, { options = {}, execArgv = [], prepare, member = './member.mjs' } = {}) {
    const group = new Group();
    group.member = fileOf(member);
    group.directory = mkdtempSync(join(tmpdir(), 'raft-bench-'));
    group.ports = await freePorts(size);
    group.options = options;
    group.execArgv = execArgv;
    await prepare?.(group.directoryOf(0));
    await Promise.all(group.ports.map((_, i) => group.spawn(i)));
    return group;
  }

  directoryOf(i) {
    return join(this.directory, `n${i}`);
  }

  /** Resolves when the member has read its storage and listens. */
  spawn(i) {
    const { ports, options, execArgv } = this;
    const told = JSON.stringify({ index: i, ports, options, directory: this.directoryOf(i) });
    const child = fork(this.member, [told], { execArgv });
    this.members[i] = child;
    return new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`member ${i} ended with ${code}`)));
      child.on('message', (message) => {
        if (message.started) resolve(child);
        if (message.ready) this.#led(i, message.term);
      });
    });
  }

  #term = 0;
  #led(i, term) {
    if (term < this.#term) return;
    this.#term = term;
    this.leader = i;
    for (const resolve of this.#waiting.splice(0)) resolve(i);
  }

  whenLed() {
    return this.leader === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : this.leader;
  }

  ask(i, question) {
    const child = this.members[i];
    return new Promise((resolve, reject) => {
      const gone = () => reject(new Error(`member ${i} is gone`));
      child.once('exit', gone);
      const listen = (message) => {
        if (message.answer === undefined) return;
        child.off('message', listen);
        child.off('exit', gone);
        resolve(message.answer);
      };
      child.on('message', listen);
      child.send(question);
    });
  }

  askAll(question) {
    return Promise.all(this.members.map((_, i) => this.ask(i, question)));
  }

  /** kill -9. Resolves when it is gone. */
  kill(i) {
    if (this.leader === i) this.leader = undefined;
    const child = this.members[i];
    return new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGKILL');
    });
  }

  /** In good order, so that profiles get written. */
  async stop() {
    const gone = this.members.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of this.members) child.send({ stop: true });
    await Promise.all(gone);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  const listening = servers.map(
    (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port))),
  );
  const ports = await Promise.all(listening);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
