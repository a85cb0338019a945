import { plantedCore, type Plant } from './mutant';
import { simulate } from './simulation';
import type { Weather } from './weather';

/** Within how many seeds every bug must show. */
const SEEDS = 300;
/** Shorter than the simulation's own: a planted bug may keep a group busy for all of it. */
const CALM_MS = 8000;

interface Bug extends Plant {
  readonly name: string;
  /** The rule that catches it, or one of them. */
  readonly caughtBy: RegExp;
  readonly weather?: Partial<Weather>;
}

const bugs: readonly Bug[] = [
  {
    name: 'an entry of an old term is committed by counting',
    file: 'core/commit.ts',
    find: 'if (state.log.termAt(index) !== state.term) return false;',
    replace: '',
    caughtBy: /commit rule|leader completeness|state machine safety/,
  },
  {
    name: 'a vote is not persisted',
    file: 'core/election.ts',
    find: `    state.votedFor = from;
    persist(state, { hardState: hardStateOf(state) });`,
    replace: '    state.votedFor = from;',
    caughtBy: /vote is durable|election safety/,
  },
  {
    name: 'a vote is sent before it is durable',
    file: 'core/election.ts',
    find: `emit(state, { kind: 'send', to: from, message, after: 'persist' });`,
    replace: `emit(state, { kind: 'send', to: from, message, after: 'now' });`,
    caughtBy: /vote is durable|election safety/,
  },
  {
    name: 'two votes in one term',
    file: 'core/election.ts',
    find: 'return state.votedFor === undefined || state.votedFor === from;',
    replace: 'return true;',
    caughtBy: /one vote a term|election safety/,
  },
  {
    name: 'a vote for a shorter log',
    file: 'core/election.ts',
    find: 'return request.lastIndex >= state.log.lastIndex;',
    replace: 'return true;',
    caughtBy: /leader completeness|no committed entry lost|state machine safety|core failed/,
  },
  {
    name: 'a vote for a log of an older term',
    file: 'core/election.ts',
    find: 'return request.lastTerm > state.log.lastTerm;',
    replace: 'return true;',
    caughtBy: /leader completeness|no committed entry lost|state machine safety|core failed/,
  },
  {
    name: 'a follower acknowledges before its disk has it',
    file: 'core/following.ts',
    find: `{ kind: 'append-response', term: state.term, ...what };
  emit(state, { kind: 'send', to, message, after: 'persist' });`,
    replace: `{ kind: 'append-response', term: state.term, ...what };
  emit(state, { kind: 'send', to, message, after: 'now' });`,
    caughtBy: /ack is durable|durable commit/,
  },
  {
    name: 'the leader counts what is not on its own disk',
    file: 'core/commit.ts',
    find: 'state.log.stableIndex',
    replace: 'state.log.lastIndex',
    caughtBy: /durable commit/,
  },
  {
    name: 'a late append cuts what a newer one brought',
    file: 'core/following.ts',
    find: `if (fresh === -1) return;`,
    replace: `if (fresh === -1 && entries.length > 0 && (entries[entries.length - 1] as Entry).index < state.log.lastIndex) {
      state.log.truncateAfter((entries[entries.length - 1] as Entry).index);
      return persist(state, { truncateAfter: (entries[entries.length - 1] as Entry).index });
    }
    if (fresh === -1) return;`,
    caughtBy: /no committed entry lost|core failed|ack is durable|durable commit|liveness/,
  },
  {
    name: 'a conflict is not cut from the disk',
    file: 'write-gate.ts',
    find: 'into.truncateAfter = Math.min(into.truncateAfter ?? after, after);',
    replace: 'into.truncateAfter = Math.max(into.truncateAfter ?? after, after);',
    caughtBy: /core failed|log matching|ack is durable/,
  },
  {
    name: 'the term of the entry before is not compared',
    file: 'core/following.ts',
    find: 'if (state.log.termAt(prevIndex) !== prevTerm) {',
    replace: 'if (state.log.termAt(prevIndex) === undefined) {',
    caughtBy: /log matching|state machine safety|core failed/,
  },
  {
    name: 'a read is answered without asking a majority',
    file: 'core/reading.ts',
    find: 'if (confirmed < readRound.round) return;',
    replace: '',
    caughtBy: /linearizable read/,
    weather: { nodes: 3, transferEveryMs: 80, loss: 0.25, readEveryMs: 5 },
  },
  {
    name: 'a new leader reads before its first commit',
    file: 'core/reading.ts',
    find: ' || !isReady(state)',
    replace: '',
    caughtBy: /linearizable read/,
  },
  {
    name: 'pieces of two snapshots are put together',
    file: 'core/snapshot.ts',
    find: 'return incoming?.index === chunk.index && incoming.leaderTerm === term && incoming.bytes.length === chunk.totalBytes;',
    replace: 'return incoming !== undefined && incoming.bytes.length === chunk.totalBytes;',
    caughtBy: /state machine safety/,
    weather: { snapshotEvery: 3, keepEntries: 0 },
  },
  {
    name: 'an installed snapshot does not cut a log that disagrees',
    file: 'core/snapshot.ts',
    find: 'const agrees = state.log.termAt(index) === term;',
    replace: 'const agrees = state.log.termAt(index) !== undefined;',
    caughtBy: /log matching|leader completeness|state machine safety|no committed entry lost|core failed|liveness/,
    weather: { snapshotEvery: 3, keepEntries: 0 },
  },
  {
    name: 'the commit index is announced beyond what a follower has',
    file: 'core/leading.ts',
    find: 'Math.min(progress.matchIndex, state.commitIndex)',
    replace: 'state.commitIndex',
    caughtBy: /core failed|state machine safety|durable commit/,
  },
];

describe('the simulation catches', () => {
  const only = process.env['RAFT_PLANT'];
  it.each(bugs.filter(({ name }) => only === undefined || name.includes(only)))(
    '$name',
    (bug) => {
      const core = plantedCore(bug);
      for (let seed = 1; seed <= SEEDS; seed++) {
        const outcome = simulate(seed, { core, weather: bug.weather, calmMs: CALM_MS });
        if (!outcome.failed || !bug.caughtBy.test(outcome.why)) continue;
        if (only !== undefined) console.log(`seed ${seed}: ${outcome.why}`);
        return;
      }
      throw new Error(`not caught within ${SEEDS} seeds`);
    },
    120_000,
  );
});
