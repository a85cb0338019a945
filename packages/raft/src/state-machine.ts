/**
 * What the group agrees on. Deterministic: the same entries in the same order give the same state and the same results
 * on every member, so time, chance and whatever else differs between members must be inside `data`. Called one at a
 * time. An exception stops the node.
 */
export interface StateMachine {
  /** @returns the result for whoever proposed; may be empty. `data` may be kept, not changed. */
  apply(data: Buffer, index: number): Buffer;
  /** The whole state, to be kept; `restore` of it on another member gives the same state. */
  snapshot(): Buffer;
  /** Forgets everything and becomes `snapshot`. */
  restore(snapshot: Buffer): void;
}
