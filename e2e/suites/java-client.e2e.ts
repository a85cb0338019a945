import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { javaClient, type Client } from '../harness/client-programs';
import type { Cluster } from '../harness/cluster';
import { eventually } from '../harness/deadline';
import { runFailover } from '../harness/failover-run';
import { reportFigures } from '../harness/figures';
import type { JavaArtifacts } from '../harness/java-programs';
import type { LineProgram } from '../harness/line-program';
import { openCluster } from '../harness/open-cluster';
import { removeTemporaryDirectory, temporaryDirectory } from '../harness/paths';
import { expectNothingLost } from './failover-expectations';
import { interopSuite } from './interop-suite';

const MESSAGES = 20_000;
const SETUP_LIMIT_MS = 600_000;
const RUN_LIMIT_MS = 240_000;

interopSuite('the official Java client', ['jdk', 'maven'], () => {
  let directory: string;
  let cluster: Cluster;

  const client = (artifacts: JavaArtifacts): Promise<Client> => {
    const home = join(directory, artifacts);
    mkdirSync(home, { recursive: true });
    return javaClient(artifacts, home);
  };

  beforeAll(async () => {
    directory = await temporaryDirectory('java-client');
    for (const artifacts of ['client-5.4.0', 'client-4.9.8'] as const) await client(artifacts); // compiled before anything is timed
    cluster = await openCluster({ directory: join(directory, 'cluster') });
  }, SETUP_LIMIT_MS);

  afterAll(async () => {
    await cluster?.stop();
    await removeTemporaryDirectory(directory);
  }, 60_000);

  it.each(['client-5.4.0', 'client-4.9.8'] as const)(
    'loses nothing acknowledged when the master is killed (%s)',
    async (artifacts) => {
      const topic = `java-${artifacts.replaceAll('.', '-')}`;
      await cluster.createTopic(topic, 4);
      const plan = { topic, messages: MESSAGES, ratePerSecond: 2000, restartAfterMs: 2000 };
      const outcome = await runFailover(cluster, await client(artifacts), plan);
      reportFigures('java-client', outcome);
      expectNothingLost(outcome, MESSAGES);
    },
    RUN_LIMIT_MS,
  );

  it(
    'may send to a topic that nobody created',
    async () => {
      const java = await client('client-5.4.0');
      const target = { namesrv: cluster.namesrvAddress, topic: 'java-automatic' };
      const sent = { count: 500, rate: 1000, giveUpMs: 20_000 };
      const consumed = new Set<number>();
      const producer = java.producer({ ...target, ...sent, group: 'automatic-p' }, () => {});
      let consumer: LineProgram | undefined;
      try {
        expect(await producer.first('done', 60_000)).toMatchObject({ acked: sent.count, gaveUp: 0 });
        consumer = java.consumer({ ...target, group: 'automatic' }, (event) => {
          if (event.event === 'consumed') consumed.add(Number(event['n']));
        });
        await eventually(60_000, 'all messages', () => consumed.size === sent.count);
        await Promise.all([producer.stop(), consumer.stop()]);
      } finally {
        producer.kill();
        consumer?.kill();
      }
    },
    RUN_LIMIT_MS,
  );
});
