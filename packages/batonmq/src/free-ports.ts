import { createServer, type Server } from 'node:net';
import { ClusterError } from './errors';

const HOST = '127.0.0.1';
/** Below the range that Linux and macOS give to outgoing connections, so that nobody takes a port between test and use. */
const LOWEST = 20_000;
const HIGHEST = 32_000;
/** Given lately, and perhaps not listened to yet: a cluster asks several times before it starts anything. */
const given: number[] = [];
const MAX_GIVEN = 1000;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server: Server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(true)));
  });

/**
 * Finds loopback ports that are free now, and were not among the last thousand that this process was given.
 * @param offsets which ports beside each are needed too: a broker also takes listenPort - 2 and + 1
 * @returns `count` base ports, whose neighbourhoods do not overlap
 */
export async function freePorts(count: number, offsets: readonly number[] = [0]): Promise<number[]> {
  const found: number[] = [];
  const taken = new Set<number>(given);
  for (let tries = 0; found.length < count; tries += 1) {
    if (tries > 1000)
      throw new ClusterError('BAD_OPTION', `no ${count} free ports between ${LOWEST} and ${HIGHEST} on ${HOST}`);
    const base = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - 10)) + 5;
    const needed = offsets.map((offset) => base + offset);
    if (needed.some((port) => taken.has(port))) continue;
    const free = await Promise.all(needed.map(isFree));
    if (free.includes(false)) continue;
    for (const port of needed) taken.add(port);
    found.push(base);
    given.push(...needed);
  }
  given.splice(0, Math.max(0, given.length - MAX_GIVEN));
  return found;
}
