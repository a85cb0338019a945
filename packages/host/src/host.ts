/**
 * What a node needs from its machine. Every BatonMQ component is constructed with a Host (or the parts of it that it
 * uses) and reaches the outside through nothing else, so the simulator can run the production code in virtual time, on
 * virtual disks and networks.
 */
export interface Host {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly files: Files;
  readonly network: Network;
  readonly checksums: Checksums;
  readonly compression: Compression;
  readonly machine: Machine;
  readonly log: Logger;
}

export interface Clock {
  /** Milliseconds since an arbitrary origin; never goes back. For leases and timeouts; meaningless on another node. */
  monotonicMs(): number;
  /** Whole milliseconds since the Unix epoch; may jump. Only for stamps that people or the file formats read. */
  wallMs(): number;
}

/** Takes back what was scheduled. Calling it twice, or too late, does nothing. */
export type Cancel = () => void;

export interface Timers {
  /** Runs `task` once, `delayMs` from now, unless cancelled. A pending task does not keep the process alive. */
  after(delayMs: number, task: () => void): Cancel;
  /** Runs `task` every `periodMs`, first after `firstMs` (default: one period). A task that throws is logged and runs again. */
  every(periodMs: number, task: () => void, firstMs?: number): Cancel;
  /**
   * Runs `task` when the input of this turn of the event loop has been handled, before the next turn's.
   * For work shared by all that happened in one turn: one write per log and per socket.
   */
  endOfTurn(task: () => void): void;
}

/**
 * How code gets in between the promise jobs and the turns of the event loop that runs this program. Not part of a Host:
 * only the simulator's own loop needs it.
 */
export interface Turns {
  /** Runs `task` as soon as no promise job is left to run, whatever their number; before any real timer or I/O. */
  afterJobs(task: () => void): void;
  /** Runs `task` after real timers and I/O had their chance. */
  nextTurn(task: () => void): void;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Fresh random bytes. */
  bytes(length: number): Buffer;
}

export interface Checksums {
  /** CRC-32 (IEEE, as zip and java.util.zip), unsigned; `previous` continues an earlier one. */
  crc32(bytes: Buffer, previous?: number): number;
  /** HMAC-SHA1 of `bytes`. */
  hmacSha1(key: Buffer, bytes: Buffer): Buffer;
}

export interface Compression {
  /** Inflates a zlib stream (RFC 1950). @throws HostError COMPRESSION when it is damaged or grows beyond `maxBytes` */
  inflate(bytes: Buffer, maxBytes: number): Buffer;
  /** Deflates into a zlib stream. */
  deflate(bytes: Buffer, level?: number): Buffer;
}

export interface Machine {
  readonly pid: number;
  readonly hostName: string;
  readonly totalMemoryBytes: number;
  readonly homeDir: string;
  /** First IPv4 address other nodes can be expected to reach, else a loopback one. */
  readonly address: string;
  /**
   * Names this run of the operating system: while it is the same, what any process wrote is still in the page cache or on
   * the disk. undefined: the system does not tell.
   */
  readonly bootId: string | undefined;
  /** Resident memory of this process in bytes. */
  residentBytes(): number;
}

export interface Logger {
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
  /** A logger that adds `bindings` to every line. */
  child(bindings: Fields): Logger;
}
export type Fields = Readonly<Record<string, unknown>>;

/** Paths are absolute, with `/`. Methods without a promise block: they are for start-up, and for the page cache. */
export interface Files {
  /** @throws HostError FILE_NOT_FOUND (`read`, `write`), DISK_FULL, FILE_IO */
  open(path: string, mode: OpenMode): OpenFile;
  /** undefined when there is nothing at `path`. */
  stat(path: string): FileStat | undefined;
  /** Names in a directory, sorted; empty when there is no such directory. */
  list(path: string): string[];
  makeDirs(path: string): void;
  /** Removes a file; nothing happens when there is none. */
  remove(path: string): void;
  /** Removes a directory and all below it; nothing happens when there is none. */
  removeTree(path: string): void;
  rename(from: string, to: string): void;
  /** Makes creations, renames and removals in this directory durable. */
  syncDir(path: string): void;
  /** The whole file, or undefined when there is none. */
  readAll(path: string): Buffer | undefined;
  /**
   * Replaces a file so that after a crash either the old or the new content is there, whole: temporary file, sync,
   * rename, sync of the directory.
   */
  replace(path: string, content: Buffer | string): void;
  /**
   * Takes the exclusive lock of a file (made when missing) as other processes see it: POSIX record lock, the kind that
   * Java's FileChannel.tryLock takes. It goes with the process.
   * @throws HostError FILE_LOCKED when another process, or another holder in this one, has it
   */
  lock(path: string): Promise<FileLock>;
  diskUsage(path: string): DiskUsage;
}

/** `read`: existing file; `write`: existing file, read and write; `create`: as write, made when missing. */
export type OpenMode = 'read' | 'write' | 'create';

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other';
  readonly bytes: number;
  readonly modifiedMs: number;
  /** What it takes on the disk: less than `bytes` when it has holes. undefined: not known. */
  readonly allocatedBytes?: number | undefined;
}

export interface FileLock {
  release(): Promise<void>;
}

export interface DiskUsage {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

export interface OpenFile {
  readonly path: string;
  bytes(): number;
  /** Reads up to `length` bytes into `target`; fewer only at the end of the file. @returns bytes read */
  readSync(target: Buffer, targetStart: number, length: number, position: number): number;
  /** The same through the thread pool, for cold data that may wait for the disk: fills one buffer after another. */
  read(targets: readonly Buffer[], position: number): Promise<number>;
  /** Writes all of `length` bytes, into the page cache. @throws HostError DISK_FULL, FILE_IO */
  writeSync(source: Buffer, sourceStart: number, length: number, position: number): void;
  /** Sets the length; growing adds zeros (a hole). */
  truncateSync(bytes: number): void;
  /**
   * Resolves when everything written before the call is on the disk. A failed sync is final for what it covered:
   * the kernel may have dropped the pages, so a later success says nothing about them.
   */
  datasync(): Promise<void>;
  datasyncSync(): void;
  close(): void;
}

export interface Network {
  /**
   * Listens. `port` 0 takes a free one. Errors of a single connection never reach the listener.
   * @throws HostError ADDRESS_IN_USE, NETWORK
   */
  listen(address: ListenAddress, onConnection: (connection: Connection) => void): Promise<Listener>;
  /** @throws HostError CONNECT_FAILED, CONNECT_TIMEOUT */
  connect(address: ConnectAddress): Promise<Connection>;
}

export interface ListenAddress {
  readonly host?: string;
  readonly port: number;
  readonly tls?: TlsServerOptions;
}
export interface ConnectAddress {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly tls?: TlsClientOptions;
}
/** PEM texts. */
export interface TlsServerOptions {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  readonly requireClientCertificate?: boolean;
}
export interface TlsClientOptions {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Stops accepting; established connections stay. */
  close(): Promise<void>;
}

/**
 * One TCP connection. Nothing is read before the first `receive`. Writes of one event-loop turn leave together.
 */
export interface Connection {
  /** `ip:port` of the other end. */
  readonly remote: string;
  readonly local: string;
  readonly closed: boolean;
  /** Bytes written but not yet taken by the kernel: the caller's measure for back-pressure. */
  readonly bufferedBytes: number;
  /**
   * Sets who receives. May be called again to hand the connection over (together with `unread` for what was looked at).
   * A handler that throws closes this connection, with the error as reason, and no other.
   */
  receive(handlers: ConnectionHandlers): void;
  /** Puts bytes back: the next receiver gets them first. */
  unread(bytes: Buffer): void;
  /** The bytes may not be changed afterwards. Does nothing on a closed connection. */
  write(bytes: Buffer): void;
  pause(): void;
  resume(): void;
  /** Sends what is buffered, then closes. */
  end(): void;
  /** Closes at once; `reason` reaches the own close handler. */
  destroy(reason?: Error): void;
}

export interface ConnectionHandlers {
  /**
   * Nobody writes to `bytes` again, so slices of them may be kept. Each keeps all of them alive, up to 64 KiB: copy what is
   * small and stays for long.
   */
  data(bytes: Buffer): void;
  /** Called once. No reason: the peer, or this side, ended it in good order. */
  close(reason: Error | undefined): void;
  /** The send buffer has become empty after it was not. */
  drain?(): void;
}

/** What all that is started and stopped has in common. */
export interface Lifecycle {
  /** Resolves when the component serves. */
  start(): Promise<void>;
  /** Idempotent; releases everything. */
  stop(): Promise<void>;
}
