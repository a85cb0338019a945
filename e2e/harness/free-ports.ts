import { createServer, type Server } from 'node:net';

const taken = new Set<number>();

/**
 * The first port of `count` neighbouring ones that are free on loopback, never given twice by this process.
 * They lie below the kernel's range for outgoing connections, so that no connection takes one in the meantime, and below those
 * that a local cluster takes.
 */
export async function freePorts(count = 1): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    const first = 12_000 + Math.floor(Math.random() * 7_900);
    const ports = Array.from({ length: count }, (_, i) => first + i);
    if (ports.some((port) => taken.has(port))) continue;
    if (!(await areFree(ports))) continue;
    for (const port of ports) taken.add(port);
    return first;
  }
  throw new Error(`no ${count} neighbouring free ports found`);
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  for (const port of ports) {
    const free = await new Promise<boolean>((resolve) => {
      const server: Server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (!free) return false;
  }
  return true;
}
