import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { javaProgram } from './client-programs';
import type { Cluster } from './cluster';
import { openCluster } from './open-cluster';
import { removeTemporaryDirectory, temporaryDirectory } from './paths';

/** A cluster, and programs on the Java client 5.4.0 to use it, in one directory that goes with them. */
export interface JavaClientCluster {
  readonly directory: string;
  readonly cluster: Cluster;
  readonly start: Awaited<ReturnType<typeof javaProgram>>;
  stop(): Promise<void>;
}

/** Compiling and starting takes minutes on a slow machine: give it ten. */
export async function javaClientCluster(
  purpose: string,
  brokerProperties: Record<string, string>,
): Promise<JavaClientCluster> {
  const directory = await temporaryDirectory(purpose);
  const home = join(directory, 'client');
  mkdirSync(home);
  const start = await javaProgram('client-5.4.0', home);
  const cluster = await openCluster({ directory: join(directory, 'cluster'), brokerProperties });
  const stop = async (): Promise<void> => {
    await cluster.stop();
    await removeTemporaryDirectory(directory);
  };
  return { directory, cluster, start, stop };
}
