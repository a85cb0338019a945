import { foundedBy } from '../../src/core/configuration';
import { Dice } from './dice';
import { plantedCore, type Plant } from './mutant';
import type { Action } from './plan';
import { drawChange, simulate } from './simulation';
import type { Weather } from './weather';

/** Within how many seeds every bug must show. */
const SEEDS = Number(process.env['RAFT_SEEDS'] ?? 300);
/** Shorter than the simulation's own: a planted bug may keep a group busy for all of it. */
const CALM_MS = 8000;

/** Members come and go all the time. */
const CHANGES: Partial<Weather> = { nodes: 3, spares: 2, changeEveryMs: 15 };
/** Nothing happens but what is added. */
const QUIET: Partial<Weather> = {
  nodes: 3,
  spares: 0,
  loss: 0,
  duplication: 0,
  maxDelayMs: 5,
  maxSyncMs: 2,
  crashEveryMs: 0,
  crashAtWriteEveryMs: 0,
  partitionEveryMs: 0,
  holdEveryMs: 0,
  pauseEveryMs: 0,
  slowDiskEveryMs: 0,
  transferEveryMs: 0,
  changeEveryMs: 0,
  clockDrift: 0,
};
/** Somebody always reads, of whoever takes itself for the leader. */
const BUSY_READERS: Partial<Weather> = { ...QUIET, readEveryMs: 2, proposeEveryMs: 5 };
/** For what is planned. */
const STAGED: Partial<Weather> = { ...QUIET, maxDelayMs: 2, maxSyncMs: 0.5, stormMs: 1300 };

interface Bug extends Plant {
  readonly name: string;
  /** The rule that catches it, or one of them. */
  readonly caughtBy: RegExp;
  readonly weather?: Partial<Weather>;
  /** What is done, where chance alone would take too long. */
  readonly plan?: (dice: Dice) => Action[];
}

/** n1 leads; n2, which does not hear it, stands again and again; n3, which does, is restarted again and again. */
function restartsUnderALease(dice: Dice): Action[] {
  const restarts = Array.from({ length: 30 }, (_, i): Action => {
    const atMs = 620 + 20 * i + dice.between(0, 10);
    return { atMs, kind: 'crash', nodes: ['n3'], forMs: dice.between(0.5, 3) };
  });
  const reads = Array.from({ length: 400 }, (_, i): Action => ({ atMs: 500 + 2 * i, kind: 'read', byLease: true }));
  return [
    { atMs: 250, kind: 'transfer', to: 'n1' },
    { atMs: 350, kind: 'transfer', to: 'n1' },
    { atMs: 500, kind: 'cut', links: ['n1>n2', 'n2>n1'], forMs: 800 },
    ...restarts,
    ...reads,
  ];
}

/** n1 is told to lead, and does, in any of the first terms. */
const N1_LEADS: readonly Action[] = [
  { atMs: 250, kind: 'transfer', to: 'n1' },
  { atMs: 350, kind: 'transfer', to: 'n1' },
];

function leaseReads(fromMs: number, toMs: number): Action[] {
  return Array.from({ length: toMs - fromMs }, (_, i) => ({ atMs: fromMs + i, kind: 'read', byLease: true }));
}

/** n1 leads with the vote that n3 lends it; n2, which does not hear it, stands again and again. */
function deafFollower(): Action[] {
  return [...N1_LEADS, { atMs: 500, kind: 'cut', links: ['n1>n2', 'n2>n1'], forMs: 700 }, ...leaseReads(500, 1200)];
}

/** n1 is cut off from all at once; how long its lease is depends on the clocks. */
function cutOffLeader(): Action[] {
  const links = ['n1>n2', 'n2>n1', 'n1>n3', 'n3>n1'];
  return [...N1_LEADS, { atMs: 600, kind: 'cut', links, forMs: 600 }, ...leaseReads(580, 900)];
}

/** The last answers to n1 are long on their way; meanwhile the two others, who hear nothing of it, may agree. */
function lateAnswers(): Action[] {
  return [
    ...N1_LEADS,
    { atMs: 598, kind: 'hold', links: ['n3>n1'], forMs: 97 },
    { atMs: 600, kind: 'cut', links: ['n1>n2', 'n2>n1', 'n1>n3'], forMs: 600 },
    ...leaseReads(550, 900),
  ];
}

/** As before, but so late that n1 has asked more than 64 times since. */
function answersOfLongAgo(dice: Dice): Action[] {
  const reads = Array.from({ length: 370 }, (_, i): Action => ({ atMs: 450 + i, kind: 'read', byLease: false }));
  return [
    ...N1_LEADS,
    { atMs: 450, kind: 'hold', links: ['n3>n1'], forMs: dice.between(465, 500) },
    { atMs: 650, kind: 'cut', links: ['n1>n3'], forMs: 600 },
    { atMs: 800, kind: 'cut', links: ['n1>n2', 'n2>n1'], forMs: 600 },
    ...reads,
    ...leaseReads(820, 1100),
  ];
}

/**
 * n3, which has seen no term so far, hears of n1 when n1 and n2 are cut off from one another, so that n2 stands; before
 * the term is on its disk it is restarted.
 */
function firstTermLost(dice: Dice): Action[] {
  return [
    ...N1_LEADS,
    { atMs: 0, kind: 'cut', links: ['n1>n3', 'n2>n3'], forMs: 440 },
    { atMs: 400, kind: 'cut', links: ['n1>n2', 'n2>n1'], forMs: 600 },
    { atMs: 430, kind: 'crash-at-write', node: 'n3', when: 'lost', forMs: dice.between(0.5, 1) },
    { atMs: 440, kind: 'slow-disk', node: 'n3', forMs: 30 },
    ...leaseReads(450, 900),
  ];
}

/** n1 makes n2 the only voter, which is restarted before it can say that it knows. */
function soleVoterRestarts(dice: Dice): Action[] {
  return [
    ...N1_LEADS,
    { atMs: 500, kind: 'crash-at-write', node: 'n2', when: 'durable', forMs: dice.between(0.5, 2) },
    { atMs: 500.5, kind: 'change', lot: lotOf('{"removed":["n1"]}') },
    ...leaseReads(480, 700),
  ];
}

/** n1 removes n2, which is the only one to keep it. */
function onlyTheRemovedKnows(): Action[] {
  return [
    ...N1_LEADS,
    { atMs: 500, kind: 'crash-at-write', node: 'n1', when: 'lost', forMs: 5 },
    { atMs: 500.5, kind: 'change', lot: lotOf('{"removed":["n2"]}') },
  ];
}

/** What leads to this change in a group of n1 and n2. */
function lotOf(change: string): number {
  const members = foundedBy(['n1', 'n2'].map((id) => ({ id, address: `${id}:1` })));
  for (let lot = 1; lot < 1000; lot++) {
    if (JSON.stringify(drawChange(new Dice(lot), members, ['n1', 'n2'])) === change) return lot;
  }
  throw new Error(`no lot leads to ${change}`);
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
    weather: { ...QUIET, nodes: 5, maxSyncMs: 60, proposeEveryMs: 5, partitionEveryMs: 60, stormMs: 1200 },
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
    caughtBy: /linearizable|^lease/,
    weather: { ...BUSY_READERS, partitionEveryMs: 100, stormMs: 1200 },
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
    weather: { ...QUIET, snapshotEvery: 3, keepEntries: 0, partitionEveryMs: 60, proposeEveryMs: 5 },
  },
  {
    name: 'the commit index is announced beyond what a follower has',
    file: 'core/leading.ts',
    find: 'Math.min(progress.matchIndex, state.commitIndex)',
    replace: 'state.commitIndex',
    caughtBy: /core failed|state machine safety|durable commit/,
  },
  {
    name: 'a follower commits what it has beyond what matches',
    file: 'core/following.ts',
    find: 'if (state.log.termAt(prevIndex) !== prevTerm) {\n',
    replace: `if (state.log.termAt(prevIndex) !== prevTerm) {
      commitTo(state, Math.min(request.commitIndex, state.log.lastIndex));\n`,
    caughtBy: /state machine safety|durable commit|core failed/,
  },
  {
    name: 'no PreVote',
    file: 'core/election.ts',
    find: "if (countVotes(state.configuration, state.votes) === 'won') return startElection(state, false);",
    replace: 'return startElection(state, false);',
    caughtBy: /pre-vote/,
  },
  {
    name: 'no CheckQuorum',
    file: 'core/leading.ts',
    find: 'if (!hearsMajority(state)) return becomeFollower(state, state.term, undefined);',
    replace: '',
    caughtBy: /check quorum/,
  },
  {
    name: 'a lease takes no account of clock drift',
    file: 'core/reading.ts',
    find: '(electionTimeoutMs * (1 - maxClockDrift)) / (1 + maxClockDrift)',
    replace: 'electionTimeoutMs',
    caughtBy: /linearizable|^lease/,
    weather: { ...STAGED, clockDrift: 0.4 },
    plan: cutOffLeader,
  },
  {
    name: 'a lease is relied upon after leadership was handed over',
    file: 'core/state.ts',
    find: 'state.leaseForfeited = true;',
    replace: '',
    caughtBy: /linearizable|^lease/,
    weather: { ...BUSY_READERS, transferEveryMs: 60, loss: 0.1, partitionEveryMs: 60, stormMs: 1200 },
  },
  {
    name: 'a restarted voter forgets the lease it gave',
    file: 'core/state.ts',
    find: 'leaderHeardMs: hardState.term > 0 ? now : Number.NEGATIVE_INFINITY,',
    replace: 'leaderHeardMs: Number.NEGATIVE_INFINITY,',
    caughtBy: /linearizable|^lease/,
    weather: STAGED,
    plan: restartsUnderALease,
  },
  {
    name: 'a lease is taken before the first commit of the term',
    file: 'core/reading.ts',
    find: 'byLease && isReady(state) &&',
    replace: 'byLease &&',
    caughtBy: /linearizable|^lease/,
    weather: { ...BUSY_READERS, transferEveryMs: 60, maxSyncMs: 20 },
  },
  {
    name: 'a lease takes account of the own clock only',
    file: 'core/reading.ts',
    find: '(electionTimeoutMs * (1 - maxClockDrift)) / (1 + maxClockDrift)',
    replace: 'electionTimeoutMs * (1 - maxClockDrift)',
    caughtBy: /linearizable|^lease/,
    weather: { ...STAGED, clockDrift: 0.4 },
    plan: cutOffLeader,
  },
  {
    name: 'a lease runs from the answer instead of the question',
    file: 'core/leading.ts',
    find: 'progress.confirmedMs = state.roundSentMs[response.round % ROUNDS_KEPT] as number;',
    replace: 'progress.confirmedMs = state.now;',
    caughtBy: /linearizable|^lease/,
    weather: STAGED,
    plan: lateAnswers,
  },
  {
    name: 'the time of another question is taken for that of one long ago',
    file: 'core/leading.ts',
    find: 'if (state.round - response.round < ROUNDS_KEPT) {',
    replace: 'if (state.round - response.round >= 0) {',
    caughtBy: /linearizable|^lease/,
    weather: { ...STAGED, maxDelayMs: 1 },
    plan: answersOfLongAgo,
  },
  {
    name: 'a heartbeat is answered before its term is on the disk',
    file: 'core/following.ts',
    find: "after: state.durableTerm === state.term ? 'now' : 'persist' });",
    replace: "after: 'now' });",
    caughtBy: /linearizable|^lease/,
    weather: STAGED,
    plan: firstTermLost,
  },
  {
    name: 'who became the only voter forgets the lease it gave',
    file: 'core/state.ts',
    find: 'const isAlone = configuration.index === 0 && configuration.voters.join() === options.id;',
    replace: 'const isAlone = configuration.voters.join() === options.id;',
    caughtBy: /linearizable|^lease/,
    weather: { ...STAGED, nodes: 2 },
    plan: soleVoterRestarts,
  },
  {
    name: 'a lease binds only as long as its leader is known',
    file: 'core/state.ts',
    find: 'return state.now - state.leaderHeardMs < state.options.electionTimeoutMs;',
    replace:
      'return state.leaderId !== undefined && state.now - state.leaderHeardMs < state.options.electionTimeoutMs;',
    caughtBy: /linearizable|^lease/,
    weather: STAGED,
    plan: restartsUnderALease,
  },
  {
    name: 'votes are given while the lease of a leader runs',
    file: 'core/election.ts',
    find: 'if (leaseHolds(state) && !request.transfer) return;',
    replace: '',
    caughtBy: /linearizable|^lease/,
    weather: STAGED,
    plan: deafFollower,
  },
  {
    name: 'who thinks its leader dead does not wait for the lease to end',
    file: 'core/election.ts',
    find: 'const soonMs = state.leaderHeardMs +',
    replace: 'const soonMs = state.now + 0 *',
    caughtBy: /patience/,
  },
  {
    name: 'a configuration is in force only when it is committed',
    file: 'core/membership.ts',
    find: 'const configuration = state.configurations.at(-1) as Configuration;\n  if',
    replace: 'const configuration = configurationAt(state, state.commitIndex);\n  if',
    caughtBy:
      /elected by a majority|durable commit|election safety|one change at a time|configuration in force|pre-vote/,
    weather: CHANGES,
  },
  {
    name: 'a membership entry is lost by a restart',
    file: 'core/state.ts',
    find: "if (kind === 'config' && index > (snapshot?.index ?? 0))",
    replace: "if (kind !== 'config' && index < 0)",
    caughtBy:
      /elected by a majority|durable commit|election safety|pre-vote|core failed|one change|configuration in force/,
    weather: CHANGES,
  },
  {
    name: 'a snapshot does not hold the members',
    file: 'core/snapshot.ts',
    find: 'configuration: configurationAt(state, index) }',
    replace: 'configuration: undefined }',
    caughtBy:
      /elected by a majority|durable commit|election safety|pre-vote|liveness|one change|configuration in force/,
    weather: { ...CHANGES, snapshotEvery: 3, keepEntries: 0 },
  },
  {
    name: 'an installed snapshot does not change the members',
    file: 'core/snapshot.ts',
    find: 'noteInstalled(state, snapshot, agrees);',
    replace: '',
    caughtBy:
      /elected by a majority|durable commit|election safety|pre-vote|liveness|one change|configuration in force/,
    weather: { ...CHANGES, snapshotEvery: 3, keepEntries: 0 },
  },
  {
    name: 'a membership entry that was cut off stays in force',
    file: 'core/following.ts',
    find: 'noteTruncated(state, first - 1);',
    replace: '',
    caughtBy:
      /elected by a majority|durable commit|election safety|pre-vote|one change|configuration in force|core failed/,
    weather: CHANGES,
  },
  {
    name: 'learners count when it is committed',
    file: 'core/commit.ts',
    find: 'quorumIndex(state.configuration, (id)',
    replace:
      'quorumIndex({ ...state.configuration, voters: [...state.configuration.voters, ...state.configuration.learners] }, (id)',
    caughtBy: /durable commit|commit rule/,
    weather: CHANGES,
  },
  {
    name: 'votes of learners and of those who were removed count',
    file: 'core/election.ts',
    find: 'const verdict = countVotes(state.configuration, state.votes);',
    replace:
      "const verdict = [...state.votes.values()].filter(Boolean).length * 2 > state.configuration.voters.length ? 'won' : 'pending';",
    also: {
      file: 'core/election.ts',
      find: 'if (to !== state.id && isVoter(state.configuration, to) && !state.votes.has(to))',
      replace: 'if (to !== state.id)',
    },
    caughtBy: /elected by a majority|pre-vote|election safety/,
    weather: CHANGES,
  },
  {
    name: 'the former voters have no say in a joint election',
    file: 'core/quorum.ts',
    find: "if (outgoing.length === 0 || verdict === 'lost') return verdict;",
    replace: 'if (voters.length > 0) return verdict;',
    caughtBy: /elected by a majority|pre-vote|election safety/,
    weather: CHANGES,
  },
  {
    name: 'the former voters have no say in a joint commit',
    file: 'core/quorum.ts',
    find: 'return outgoing.length === 0 ? index : Math.min(index, reachedBy(outgoing, indexOf));',
    replace: 'return outgoing.length < 0 ? 0 : index;',
    caughtBy: /durable commit/,
    weather: CHANGES,
  },
  {
    name: 'several voters change without a joint configuration',
    file: 'core/configuration.ts',
    find: 'outgoing: steps > 1 ? now.voters : []',
    replace: 'outgoing: []',
    caughtBy:
      /election safety|leader completeness|no committed entry lost|state machine safety|core failed|majorities meet/,
    weather: CHANGES,
  },
  {
    name: 'a change before anything of the term is committed',
    file: 'core/membership.ts',
    find: "if (!isReady(state)) return 'not-ready';",
    replace: '',
    caughtBy: /one change at a time/,
    weather: CHANGES,
  },
  {
    name: 'two changes at once',
    file: 'core/membership.ts',
    find: "return isJoint(configuration) || configuration.index > commitIndex ? 'in-progress' : undefined;",
    replace: 'return configuration.index > commitIndex + 1e9 ? undefined : undefined;',
    caughtBy: /one change at a time/,
    weather: CHANGES,
  },
  {
    name: 'a leader that is no voter any more stays in office',
    file: 'core/membership.ts',
    find: '} else if (!configuration.voters.includes(state.id)) {',
    replace: '} else if (configuration.voters.length === 0) {',
    caughtBy: /liveness/,
    weather: CHANGES,
  },
  {
    name: 'a member that a configuration leaves out does not stand although that is not committed',
    file: 'core/membership.ts',
    find: 'return configuration.index > commitIndex && before !== undefined && isVoter(before, id);',
    replace: 'return configuration.index > commitIndex && before === undefined;',
    caughtBy: /liveness/,
    weather: { ...STAGED, nodes: 2 },
    plan: onlyTheRemovedKnows,
  },
];

describe('the simulation catches', () => {
  const only = process.env['RAFT_PLANT'];
  it.each(bugs.filter(({ name }) => only === undefined || name.includes(only)))(
    '$name',
    (bug) => {
      const core = plantedCore(bug);
      for (let seed = 1; seed <= SEEDS; seed++) {
        const options = { weather: bug.weather, plan: bug.plan?.(new Dice(seed)), calmMs: CALM_MS };
        const outcome = simulate(seed, { ...options, core });
        if (!outcome.failed || !bug.caughtBy.test(outcome.why)) continue;
        if (only !== undefined) process.stderr.write(`${bug.name}: seed ${seed}: ${outcome.why.slice(0, 200)}\n`);
        expect(simulate(seed, options)).toMatchObject({ failed: false }); // it was the bug
        return;
      }
      throw new Error(`not caught within ${SEEDS} seeds`);
    },
    120_000,
  );
});
