import type { Prng } from '../prng';
import { Content, lossOf } from './content';

/** A regular file, whatever its names. */
export class FileNode {
  readonly content = new Content();
  /** When its last sync under way completes: syncs of one file do so in order. */
  syncedAtMs = 0;
  constructor(public modifiedMs: number) {}
}

export class DirectoryNode {
  /** Names as processes see them, and as they are on the disk. */
  entries = new Map<string, Node>();
  readonly durable = new Map<string, Node>();
  constructor(readonly modifiedMs: number) {}
}

export type Node = FileNode | DirectoryNode;

interface Change {
  readonly directory: DirectoryNode;
  readonly name: string;
  /** undefined: the name goes. */
  readonly node: Node | undefined;
}

/** All names of a disk, and the operations on them that no syncDir has made durable yet. */
export class Tree {
  readonly root = new DirectoryNode(0);
  /** Each operation is atomic: a rename never leaves both names, or none. */
  private pending: Change[][] = [];

  find(path: string): Node | undefined {
    let node: Node = this.root;
    for (const name of split(path)) {
      const next: Node | undefined = node instanceof DirectoryNode ? node.entries.get(name) : undefined;
      if (next === undefined) return undefined;
      node = next;
    }
    return node;
  }

  /** The directory that holds the last name of `path`, and that name. undefined when there is no such directory. */
  locate(path: string): { directory: DirectoryNode; name: string } | undefined {
    const names = split(path);
    const name = names.pop();
    const directory = this.find(names.join('/'));
    return name !== undefined && directory instanceof DirectoryNode ? { directory, name } : undefined;
  }

  /** One atomic operation: takes effect at once, is durable later. */
  change(...changes: Change[]): void {
    for (const { directory, name, node } of changes) {
      if (node === undefined) directory.entries.delete(name);
      else directory.entries.set(name, node);
    }
    this.pending.push(changes);
  }

  /**
   * Makes durable what happened in the directory, and the directory itself: as ext4 and XFS do, syncing a new directory
   * also brings the entries that lead to it.
   */
  sync(path: string): void {
    const directory = this.find(path);
    const onTheWay = new Map<DirectoryNode, string>();
    let above: Node | undefined = this.root;
    for (const name of split(path)) {
      if (above instanceof DirectoryNode) onTheWay.set(above, name);
      above = above instanceof DirectoryNode ? above.entries.get(name) : undefined;
    }
    const reached = new Set(
      this.pending.filter((changes) =>
        changes.some(
          (one) =>
            one.directory === directory ||
            (onTheWay.get(one.directory) === one.name && one.node instanceof DirectoryNode),
        ),
      ),
    );
    this.addEarlierOnes(reached);
    for (const changes of this.pending) if (reached.has(changes)) apply(changes);
    this.pending = this.pending.filter((changes) => !reached.has(changes));
  }

  /** What happened to a name is never durable before what happened to it earlier: a journal keeps its order. */
  private addEarlierOnes(reached: Set<Change[]>): void {
    const names = new Map<DirectoryNode, Set<string>>();
    for (let index = this.pending.length - 1; index >= 0; index--) {
      const changes = this.pending[index] as Change[];
      if (changes.some(({ directory, name }) => names.get(directory)?.has(name) === true)) reached.add(changes);
      if (!reached.has(changes)) continue;
      for (const { directory, name } of changes) {
        const known = names.get(directory);
        if (known === undefined) names.set(directory, new Set([name]));
        else known.add(name);
      }
    }
  }

  /** Power loss: of the pending operations none, all, the first ones or any subset have reached the disk. */
  crash(prng: Prng): void {
    const keepRate = lossOf(prng);
    const first = prng.chance(0.5) ? Math.round(keepRate * this.pending.length) : undefined;
    this.pending.forEach((changes, at) => {
      if (first === undefined ? keepRate === 1 || prng.next() < keepRate : at < first) apply(changes);
    });
    this.pending = [];
    restore(this.root, prng, new Set());
  }
}

function apply(changes: readonly Change[]): void {
  for (const { directory, name, node } of changes) {
    if (node === undefined) directory.durable.delete(name);
    else directory.durable.set(name, node);
  }
}

function restore(directory: DirectoryNode, prng: Prng, done: Set<Node>): void {
  directory.entries = new Map(directory.durable);
  for (const node of directory.entries.values()) {
    if (done.has(node)) continue;
    done.add(node);
    if (node instanceof FileNode) node.content.crash(prng);
    else restore(node, prng, done);
  }
}

export function split(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
