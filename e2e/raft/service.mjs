import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COUNTER = fileURLToPath(new URL('./counter.mjs', import.meta.url));
const STARTED_WITHIN_MS = 30_000;

/** The members of the counter service as processes, to be asked, killed and frozen. */
export class Service {
  #directory = mkdtempSync(join(tmpdir(), 'raft-counter-'));
  #children = [];
  #asked = new Map();
  #nextId = 1;

  /** @param settings of the members: `trouble`, `options` of their nodes */
  constructor(network, size, settings = {}) {
    this.settings = settings;
    this.network = network;
    this.size = size;
  }

  async start(i) {
    const { network } = this;
    const told = { id: `n${i}`, peers: network.peersOf(i), listen: network.listenOf(i) };
    const argument = JSON.stringify({ ...this.settings, ...told, directory: join(this.#directory, `n${i}`) });
    const [command, args] = network.commandOf(i, [process.execPath, COUNTER, argument]);
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#children[i] = child;
    await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`n${i} did not start`)), STARTED_WITHIN_MS);
      child.on('message', (message) => {
        if (!message.started) return this.#answered(message);
        clearTimeout(late);
        resolve();
      });
      child.on('exit', (code, signal) => {
        clearTimeout(late);
        this.#lost(i, child);
        reject(new Error(`n${i} ended with ${code ?? signal}`));
        if (signal !== 'SIGKILL') this.onUnexpectedEnd?.(i, code ?? signal);
      });
    });
  }

  #answered({ id, value, error, leaderHint }) {
    const settle = this.#asked.get(id);
    this.#asked.delete(id);
    settle?.settle({ value, error, leaderHint });
  }

  /** Nobody knows what became of what the member was asked. */
  #lost(i, child) {
    if (this.#children[i] === child) this.#children[i] = undefined;
    for (const [id, { to, settle }] of this.#asked) {
      if (to !== child) continue;
      this.#asked.delete(id);
      settle({ error: 'LOST' });
    }
  }

  /** @returns `{ value }` or `{ error, leaderHint }`; LOST and LATE: not known. NOT_SENT, NOT_LEADER: it did not happen */
  ask(i, op, name, limitMs = 6000, more = {}) {
    const child = this.#children[i];
    if (child?.connected !== true) return Promise.resolve({ error: 'NOT_SENT' });
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.#asked.delete(id);
        resolve({ error: 'LATE' });
      }, limitMs);
      const settle = (outcome) => {
        clearTimeout(late);
        resolve(outcome);
      };
      this.#asked.set(id, { to: child, settle });
      child.send({ id, op, name, ...more }, () => {});
    });
  }

  signal(i, signal) {
    this.#children[i]?.kill(signal);
  }

  isUp(i) {
    return this.#children[i] !== undefined;
  }

  async kill(i) {
    const child = this.#children[i];
    if (child === undefined) return;
    await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGKILL');
    });
  }

  async stop() {
    for (let i = 0; i < this.size; i++) await this.kill(i);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
