import type { Effect } from '../src/core/effect';
import { foundedBy, isJoint, type MembershipChange } from '../src/core/configuration';
import type { What } from '../src/core/event';
import type { Message } from '../src/core/message';
import { createState, type RaftState } from '../src/core/state';
import { step } from '../src/core/step';
import type { Configuration, Entry } from '../src/core/types';
import { decodeConfiguration, encodeConfiguration } from '../src/proto/configuration';
import { WriteGate } from '../src/write-gate';

interface Member {
  readonly state: RaftState;
  readonly gate: WriteGate;
  /** Its disk hangs: writes do not end until `sync`. */
  hung: boolean;
  nowMs: number;
}

interface Letter {
  readonly from: string;
  readonly to: string;
  readonly message: Message;
}

/**
 * A group of cores under the hand of a script: nothing happens unless a command says so. Election timeout 100 ms,
 * heartbeat 20 ms, no randomness unless asked for: a node left alone campaigns after exactly 100 ms.
 *
 *     group n1 n2 n3                  a fresh group; options: maxAppendBytes=, maxInFlight=, keepEntries=,
 *                                     random= what is drawn each time
 *     node n1 term=3 vote=n2 log=1,1,3     put before the first event: hard state and the terms of its entries; up=50:
 *                                     started 50 ms ago; sole=yes: its last entry makes it the only voter
 *     tick n1 100                     its clock goes on by 100 ms, and it looks at it
 *     clock n1 100                    its clock goes on, unnoticed until something happens
 *     elect n1                        tick n1 100 and deliver, without a word
 *     copy n1>n2                      the oldest letter of this link is doubled; the copy comes last
 *     deliver [n1>n2 ...]             letters of these links, or of all, and of those that come of it, until none is left
 *     drop [n1>n2 ...]                letters of these links, or of all, are lost
 *     propose n1 a b | read n1 7 | lease-read n1 7 | transfer n1 n2 | snapshot n1
 *     unreachable n1 n2               what n1 sent to n2 did not arrive
 *     change n1 voters=n4 learners=n5,n6 removed=n2    who is not of the group waits to be added
 *     hang n1 / sync n1               its disk stops; goes on
 *     show n1 ...                     role, term, log
 *     members n1 ...                  the configuration in force there
 */
export class Script {
  private readonly members = new Map<string, Member>();
  private letters: Letter[] = [];
  private options: Record<string, number> = {};
  private ids: string[] = [];
  private readonly seeds = new Map<string, Record<string, string>>();
  private out: string[] = [];

  run(line: string): string[] {
    this.out = [];
    const [command, ...words] = line.trim().split(/\s+/);
    const node = words[0] ?? '';
    switch (command) {
      case 'group':
        this.group(words);
        break;
      case 'node':
        this.seeds.set(
          node,
          Object.fromEntries(words.slice(1).map((word) => word.split('='))) as Record<string, string>,
        );
        break;
      case 'tick':
        this.member(node).nowMs += Number(words[1]);
        this.handle(node, { kind: 'tick' });
        break;
      case 'clock':
        this.member(node).nowMs += Number(words[1]);
        break;
      case 'elect':
        this.member(node).nowMs += 100;
        this.handle(node, { kind: 'tick' });
        this.deliver([]);
        this.out = [];
        break;
      case 'copy': {
        const letter = this.letters.find((one) => on(one, words));
        if (letter !== undefined) this.letters.push(letter);
        break;
      }
      case 'deliver':
        this.deliver(words);
        break;
      case 'drop':
        this.letters = this.letters.filter((letter) => !on(letter, words));
        break;
      case 'propose':
        this.handle(node, { kind: 'propose', data: words.slice(1).map((word) => Buffer.from(word)) });
        break;
      case 'read':
        this.handle(node, { kind: 'read', id: Number(words[1]) });
        break;
      case 'lease-read':
        this.handle(node, { kind: 'read', id: Number(words[1]), byLease: true });
        break;
      case 'unreachable':
        this.handle(node, { kind: 'unreachable', peer: words[1] as string });
        break;
      case 'change':
        this.handle(node, { kind: 'change', change: changeOf(words.slice(1)) });
        break;
      case 'members':
        for (const id of words) this.out.push(`${id} ${membersText(this.member(id).state.configuration)}`);
        break;
      case 'transfer':
        this.handle(node, { kind: 'transfer', to: words[1] });
        break;
      case 'snapshot': {
        const index = this.member(node).state.appliedIndex;
        this.handle(node, { kind: 'snapshot-taken', index, data: Buffer.from(`state at ${index}`) });
        break;
      }
      case 'hang':
        this.member(node).hung = true;
        break;
      case 'sync':
        this.member(node).hung = false;
        this.write(node);
        break;
      case 'show':
        for (const id of words) this.show(id);
        break;
      default:
        throw new Error(`no such command: ${line}`);
    }
    return this.out;
  }

  private group(words: readonly string[]): void {
    this.ids = words.filter((word) => !word.includes('='));
    for (const word of words) {
      const [name, value] = word.split('=');
      if (value !== undefined) this.options[name as string] = Number(value);
    }
  }

  private member(id: string): Member {
    let member = this.members.get(id);
    if (member === undefined) {
      const seed = this.seeds.get(id) ?? {};
      const terms = (seed['log'] ?? '').split(',').filter((term) => term !== '');
      const entries = terms.map((term, i): Entry => ({
        index: i + 1,
        term: Number(term),
        kind: 'data',
        data: Buffer.from(`x${i + 1}`),
      }));
      const hardState = { term: Number(seed['term'] ?? terms[terms.length - 1] ?? 0), votedFor: seed['vote'] };
      const core = {
        id,
        founders: this.ids.map((founder) => ({ id: founder, address: `${founder}:1` })),
        electionTimeoutMs: 100,
        heartbeatMs: 20,
        maxAppendBytes: 1000,
        maxInFlight: 8,
        snapshotChunkBytes: 8,
        keepEntries: 0,
        maxPromotionLag: 1,
        maxClockDrift: 0,
        ...this.options,
      };
      if (seed['sole'] !== undefined) {
        const sole = { ...foundedBy([{ id, address: `${id}:1` }]), index: entries.length };
        const last = entries[entries.length - 1] as Entry;
        entries[entries.length - 1] = { ...last, kind: 'config', data: encodeConfiguration(sole) };
      }
      const recovered = { hardState, base: { index: 0, term: 0 }, entries, snapshot: undefined };
      // Long up, by default, so that nothing is left of the time in which a restarted node votes for nobody.
      const startedMs = -Number(seed['up'] ?? 1000);
      member = { state: createState(core, recovered, startedMs, 0), gate: new WriteGate(), hung: false, nowMs: 0 };
      if (startedMs === -1000) member.state.electionDeadlineMs = 100;
      this.members.set(id, member);
    }
    return member;
  }

  private handle(id: string, what: What): void {
    const { state, nowMs } = this.member(id);
    for (const effect of step(state, { what, now: nowMs, random: this.options['random'] ?? 0 }))
      this.perform(id, effect);
    this.write(id);
  }

  private perform(id: string, effect: Effect): void {
    const { state, gate } = this.member(id);
    switch (effect.kind) {
      case 'persist':
        return gate.add(effect.batch);
      case 'send':
        if (effect.after === 'now' || !gate.hold(effect)) this.post(id, effect.to, effect.message);
        return;
      case 'apply':
        this.out.push(`${id} applies ${effect.entries.map(entryText).join(' ')}`);
        return;
      case 'restore':
        this.out.push(
          `${id} restores ${effect.snapshot.index}/${effect.snapshot.term} '${String(effect.snapshot.data)}'`,
        );
        return;
      case 'status':
        this.out.push(`${id} is ${state.role} in term ${state.term}, leader ${state.leaderId ?? '-'}`);
        return;
      case 'proposed':
      case 'change-accepted':
        return;
      case 'change-refused':
        this.out.push(`${id} changes nothing: ${effect.because}`);
        return;
      case 'configured':
        this.out.push(`${id} has ${membersText(effect.configuration)}`);
        return;
      case 'refused':
        this.out.push(`${id} refuses: ${effect.because}`);
        return;
      case 'read-ready':
      case 'read-failed':
        this.out.push(`${id} ${effect.kind} ${effect.id}`);
        return;
      case 'transfer-ended':
        this.out.push(`${id} transfer ended: ${effect.because}`);
        return;
      default:
        return effect satisfies never;
    }
  }

  private write(id: string): void {
    const { gate, hung } = this.member(id);
    if (hung || gate.begin() === undefined) return;
    const { hardState, last, released } = gate.complete();
    for (const { to, message } of released) this.post(id, to, message);
    this.handle(id, { kind: 'persisted', hardState, last });
  }

  private post(from: string, to: string, message: Message): void {
    this.letters.push({ from, to, message });
    this.out.push(`  ${from}>${to} ${messageText(message)}`);
  }

  private deliver(links: readonly string[]): void {
    for (let turn = 0; turn < 1000; turn++) {
      const at = this.letters.findIndex((letter) => on(letter, links));
      if (at === -1) return;
      const [{ from, to, message }] = this.letters.splice(at, 1) as [Letter];
      this.handle(to, { kind: 'message', from, message });
    }
    throw new Error('they do not come to rest');
  }

  private show(id: string): void {
    const { role, term, log, commitIndex } = this.member(id).state;
    const entries = log.range(log.base.index, log.lastIndex).map((entry) => entry.term);
    const base = log.base.index === 0 ? '' : `after ${log.base.index}/${log.base.term} `;
    this.out.push(`${id} ${role} term ${term} log ${base}${entries.join(',') || 'empty'} commit ${commitIndex}`);
  }
}

function on({ from, to }: Letter, links: readonly string[]): boolean {
  return links.length === 0 || links.includes(`${from}>${to}`);
}

function entryText({ index, term, kind, data }: Entry): string {
  const text = kind === 'config' ? `(${membersText(decodeConfiguration(data, index))})` : String(data);
  return `${index}/${term}:${kind === 'noop' ? 'noop' : text}`;
}

function membersText(configuration: Configuration): string {
  const { voters, outgoing, learners } = configuration;
  const joint = isJoint(configuration) ? ` with ${outgoing.join(' ')}` : '';
  return `voters ${voters.join(' ')}${joint}${learners.length > 0 ? ` learners ${learners.join(' ')}` : ''}`;
}

function changeOf(words: readonly string[]): MembershipChange {
  const change: Record<string, unknown> = {};
  for (const word of words) {
    const [what, ids = ''] = word.split('=') as [string, string];
    change[what] = ids.split(',').map((id) => (what === 'removed' ? id : { id, address: `${id}:1` }));
  }
  return change;
}

function messageText({ kind, ...fields }: Message): string {
  const parts = Object.entries(fields).map(([name, value]) => {
    if (name === 'configuration') return `(${membersText(value as Configuration)})`;
    if (name === 'entries') return `[${(value as unknown as Entry[]).map(entryText).join(' ')}]`;
    return `${name}=${Buffer.isBuffer(value) ? `'${String(value)}'` : String(value)}`;
  });
  return [kind, ...parts].join(' ');
}
