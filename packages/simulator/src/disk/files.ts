import {
  HostError,
  type DiskUsage,
  type FileLock,
  type FileStat,
  type Files,
  type OpenFile,
  type OpenMode,
} from '@batonmq/host';
import { DirectoryNode, FileNode, split } from './directory';
import { SimOpenFile, syncError, type DiskUser } from './open-file';

/** The files of a machine for one of its processes. */
export class SimFiles implements Files {
  constructor(private readonly user: DiskUser) {}

  open(path: string, mode: OpenMode): OpenFile {
    this.check('open', path);
    const node = this.tree.find(path);
    if (node instanceof DirectoryNode) throw failure('FILE_IO', 'open', path, 'it is a directory');
    if (node === undefined && mode !== 'create') throw missing('open', path);
    return new SimOpenFile(path, node ?? this.make(path), mode, this.user);
  }

  stat(path: string): FileStat | undefined {
    this.check('stat', path);
    const node = this.tree.find(path);
    if (node === undefined) return undefined;
    if (node instanceof DirectoryNode) return { kind: 'directory', bytes: 4096, modifiedMs: node.modifiedMs };
    return { kind: 'file', bytes: node.content.size, modifiedMs: node.modifiedMs };
  }

  list(path: string): string[] {
    this.check('list', path);
    const node = this.tree.find(path);
    if (node instanceof FileNode) throw failure('FILE_IO', 'list', path, 'it is not a directory');
    return node === undefined ? [] : [...node.entries.keys()].sort();
  }

  makeDirs(path: string): void {
    this.check('make directory', path);
    let directory = this.tree.root;
    for (const name of split(path)) {
      let next = directory.entries.get(name);
      if (next instanceof FileNode) throw failure('FILE_IO', 'make directory', path, `${name} is a file`);
      if (next === undefined) {
        next = new DirectoryNode(this.user.wallMs());
        this.tree.change({ directory, name, node: next });
      }
      directory = next;
    }
  }

  remove(path: string): void {
    this.check('remove', path);
    const node = this.tree.find(path);
    if (node instanceof DirectoryNode) throw failure('FILE_IO', 'remove', path, 'it is a directory');
    if (node !== undefined) this.unlink(path);
  }

  removeTree(path: string): void {
    this.check('remove', path);
    if (this.tree.find(path) !== undefined) this.unlink(path);
  }

  rename(from: string, to: string): void {
    this.check('rename', from);
    const node = this.tree.find(from);
    const source = this.tree.locate(from);
    const target = this.tree.locate(to);
    if (node === undefined || source === undefined || target === undefined) throw missing('rename', from);
    const inTheWay = target.directory.entries.get(target.name);
    if (inTheWay === node) return;
    if (inTheWay instanceof DirectoryNode && (node instanceof FileNode || inTheWay.entries.size > 0)) {
      throw failure('FILE_IO', 'rename', from, `${to} is a directory`);
    }
    if (inTheWay instanceof FileNode && node instanceof DirectoryNode) {
      throw failure('FILE_IO', 'rename', from, `${to} is a file`);
    }
    this.tree.change({ ...source, node: undefined }, { ...target, node });
  }

  syncDir(path: string): void {
    this.check('sync', path);
    if (!(this.tree.find(path) instanceof DirectoryNode)) throw missing('open', path);
    if (this.user.disk.syncFails(path)) throw syncError(path);
    this.tree.sync(path);
  }

  readAll(path: string): Buffer | undefined {
    if (this.stat(path) === undefined) return undefined;
    const file = this.open(path, 'read');
    const bytes = Buffer.alloc(file.bytes());
    file.readSync(bytes, 0, bytes.length, 0);
    return bytes;
  }

  replace(path: string, content: Buffer | string): void {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    const temporary = `${path}.new`;
    const file = this.open(temporary, 'create');
    file.truncateSync(0);
    if (bytes.length > 0) file.writeSync(bytes, 0, bytes.length, 0);
    file.datasyncSync();
    file.close();
    this.rename(temporary, path);
    this.syncDir(path.slice(0, path.lastIndexOf('/')) || '/');
  }

  lock(path: string): Promise<FileLock> {
    const { loop, process, disk } = this.user;
    return new Promise((resolve, reject) => {
      if (!process.alive) return;
      loop.after(disk.delay(), process, () => {
        try {
          this.makeDirs(path.slice(0, path.lastIndexOf('/')));
          const node = this.tree.find(path) ?? this.make(path);
          if (node instanceof DirectoryNode) throw failure('FILE_IO', 'lock', path, 'it is a directory');
          const lock = disk.lock(node, process);
          if (lock !== undefined) return resolve(lock);
          const hint = 'stop the other process, or choose another directory';
          reject(new HostError('FILE_LOCKED', `${path} is locked by another process`, { hint }));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  diskUsage(path: string): DiskUsage {
    this.check('ask for disk use of', path);
    const totalBytes = this.user.disk.capacityBytes;
    return { totalBytes, availableBytes: Math.max(totalBytes - this.user.disk.usedBytes(), 0) };
  }

  private get tree() {
    return this.user.disk.tree;
  }

  private make(path: string): FileNode {
    const place = this.tree.locate(path);
    if (place === undefined) throw missing('open', path);
    const fault = this.user.disk.failingWrite(path, 1);
    if (fault !== undefined) throw fault.error;
    const node = new FileNode(this.user.wallMs());
    this.tree.change({ ...place, node });
    return node;
  }

  private unlink(path: string): void {
    const place = this.tree.locate(path);
    if (place !== undefined) this.tree.change({ ...place, node: undefined });
  }

  private check(what: string, path: string): void {
    if (!this.user.process.alive) throw failure('FILE_IO', what, path, 'the process is dead');
    if (!path.startsWith('/')) throw failure('FILE_IO', what, path, 'the path is not absolute');
  }
}

function failure(code: 'FILE_IO' | 'FILE_NOT_FOUND', what: string, path: string, text: string): HostError {
  return new HostError(code, `cannot ${what} ${path}: ${text}`);
}

function missing(what: string, path: string): HostError {
  return failure('FILE_NOT_FOUND', what, path, 'it does not exist');
}
