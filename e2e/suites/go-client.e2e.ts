import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { goClient } from '../harness/client-programs';
import type { Cluster } from '../harness/cluster';
import { runFailover } from '../harness/failover-run';
import { reportFigures } from '../harness/figures';
import { builtGoPrograms } from '../harness/go-programs';
import { clusterMake, openCluster } from '../harness/open-cluster';
import { removeTemporaryDirectory, temporaryDirectory } from '../harness/paths';
import type { Tool } from '../harness/tools';
import { expectNothingLost } from './failover-expectations';
import { interopSuite } from './interop-suite';

const MESSAGES = 20_000;
const SETUP_LIMIT_MS = 600_000;
const RUN_LIMIT_MS = 300_000;
const NEEDS: readonly Tool[] = clusterMake() === 'java' ? ['go', 'jdk', 'maven'] : ['go'];

interopSuite('the official Go client', NEEDS, () => {
  let directory: string;
  let cluster: Cluster;

  beforeAll(async () => {
    directory = await temporaryDirectory('go-client');
    await builtGoPrograms();
    cluster = await openCluster({ directory: join(directory, 'cluster') });
  }, SETUP_LIMIT_MS);

  afterAll(async () => {
    await cluster?.stop();
    await removeTemporaryDirectory(directory);
  }, 60_000);

  it(
    'loses nothing acknowledged when the master is killed, though it asks for routes only every 30 s',
    async () => {
      const home = join(directory, 'client');
      mkdirSync(home);
      await cluster.createTopic('go-failover', 4);
      const plan = { topic: 'go-failover', messages: MESSAGES, ratePerSecond: 2000, restartAfterMs: 2000 };
      const outcome = await runFailover(cluster, await goClient(home), plan);
      reportFigures('go-client', outcome);
      expectNothingLost(outcome, MESSAGES);
    },
    RUN_LIMIT_MS,
  );
});
