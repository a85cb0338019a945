import { RaftError } from '../errors';

/** What is found cannot have been written by this storage. */
export function corrupt(what: string, cause?: unknown): RaftError {
  const hint =
    'this node must not take part with a damaged log: remove its storage directory only if a majority of the others is healthy';
  return new RaftError('CORRUPT', `raft storage is damaged: ${what}`, { hint, cause });
}
