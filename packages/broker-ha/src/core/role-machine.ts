/** What the controller says: who is master in which epoch. Whatever way it came: answer, poll or notification. */
export interface ControllerWord {
  readonly epoch: number;
  readonly masterId: number | undefined;
  readonly masterAddress: string;
  /** Set and set epoch, when they came along. */
  readonly set?: readonly number[] | undefined;
  readonly setEpoch?: number | undefined;
}

export type Role = 'master' | 'slave' | 'none';

/** The role as it was taken over, with all that belongs to it. */
export interface OwnRole {
  readonly role: Role;
  /** 0: none yet. */
  readonly epoch: number;
  readonly masterId: number | undefined;
  readonly masterAddress: string;
}

/**
 * What to do about a word. Only `become-master` and `become-slave` take time; each is done step by step and the epoch is
 * taken over last, so a step that fails leaves the old epoch, and the next word of the same epoch tries again
 * (`role-before-verdict`).
 */
export type RoleDecision =
  /** Older than what is known, or nothing new. */
  | { readonly kind: 'ignore'; readonly because: 'stale-epoch' | 'known' | 'contradiction' }
  /** Same master, same epoch: take its set if it is newer. */
  | { readonly kind: 'adopt-set' }
  /** There is no master in this epoch: stop acknowledging to the former one, ask for an election. */
  | { readonly kind: 'elect' }
  | { readonly kind: 'become-master' }
  /** Re-elected: writes go on, a new epoch begins at the end of the log (`same-master-new-epoch`). */
  | { readonly kind: 'renew-mastership' }
  | { readonly kind: 'become-slave' }
  /** The master is the same, its epoch or address changed. */
  | { readonly kind: 'follow-on' };

/**
 * The decision table, row by row:
 *
 * | word's epoch | master in the word | own role | decision |
 * |---|---|---|---|
 * | lower | any | any | ignore: stale |
 * | same | none | any | none: elect; else ignore: known |
 * | same | self | master | adopt-set |
 * | same | self | slave | ignore: contradiction |
 * | same | the one followed | slave | same address: ignore, known; else follow-on |
 * | same | another | master, slave | ignore: contradiction |
 * | same | self / another | none | become-master / become-slave |
 * | higher | none | any | elect |
 * | higher | self | master | renew-mastership |
 * | higher | self | slave, none | become-master |
 * | higher | the one followed | slave | follow-on |
 * | higher | another | any | become-slave |
 */
export function decideRole(word: ControllerWord, own: OwnRole, selfId: number): RoleDecision {
  if (word.epoch < own.epoch) return { kind: 'ignore', because: 'stale-epoch' };
  const newer = word.epoch > own.epoch;
  if (word.masterId === undefined) {
    return newer || own.role === 'none' ? { kind: 'elect' } : { kind: 'ignore', because: 'known' };
  }
  const forSelf = word.masterId === selfId;
  if (own.role === 'none') return { kind: forSelf ? 'become-master' : 'become-slave' };
  if (newer) return forNewEpoch(word, own, forSelf);
  if (word.masterId !== own.masterId) return { kind: 'ignore', because: 'contradiction' };
  if (own.role === 'master') return { kind: 'adopt-set' };
  return word.masterAddress === own.masterAddress ? { kind: 'ignore', because: 'known' } : { kind: 'follow-on' };
}

function forNewEpoch(word: ControllerWord, own: OwnRole, forSelf: boolean): RoleDecision {
  if (forSelf) return { kind: own.role === 'master' ? 'renew-mastership' : 'become-master' };
  return { kind: own.role === 'slave' && own.masterId === word.masterId ? 'follow-on' : 'become-slave' };
}

/** Whether a word must stop acknowledgements at once, before anything else is done about it. */
export function mustFence(decision: RoleDecision): boolean {
  switch (decision.kind) {
    case 'become-master':
    case 'become-slave':
    case 'elect':
      return true;
    case 'ignore':
    case 'adopt-set':
    case 'renew-mastership':
    case 'follow-on':
      return false;
    default:
      return decision satisfies never;
  }
}
