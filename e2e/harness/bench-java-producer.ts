import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { javaProgram } from './client-programs';
import { openCluster } from './open-cluster';
import { withTemporaryDirectory } from './paths';

const USAGE = `usage: node e2e/bench-java-producer.mjs [--servers batonmq|java] [--seconds 20] [--warm-up 5] [--threads 16] [--bytes 1024]
       or, for a cluster that runs already: --namesrv host:port[;...] --topic NAME
`;

interface Load {
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly threads: number;
  readonly bodyBytes: number;
}

/**
 * One official Java producer with many threads against a replicated group; prints one JSON line with what it measured.
 * @returns the exit code
 */
export async function benchJavaProducer(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      servers: { type: 'string', default: 'batonmq' },
      seconds: { type: 'string', default: '20' },
      'warm-up': { type: 'string', default: '5' },
      threads: { type: 'string', default: '16' },
      bytes: { type: 'string', default: '1024' },
      namesrv: { type: 'string' },
      topic: { type: 'string', default: 'bench' },
      help: { type: 'boolean', default: false },
    },
  });
  const { servers, namesrv, topic } = values;
  if (values.help || (servers !== 'batonmq' && servers !== 'java')) {
    process.stderr.write(USAGE);
    return values.help ? 0 : 2;
  }
  const load: Load = {
    seconds: Number(values.seconds),
    warmUpSeconds: Number(values['warm-up']),
    threads: Number(values.threads),
    bodyBytes: Number(values.bytes),
  };
  await withTemporaryDirectory('bench', async (directory) => {
    if (namesrv !== undefined) return print('given', await measure(directory, namesrv, topic, load), load);
    const cluster = await openCluster({ directory: join(directory, 'cluster') }, servers);
    try {
      await cluster.createTopic(topic, 8);
      print(servers, await measure(directory, cluster.namesrvAddress, topic, load), load);
    } finally {
      await cluster.stop();
    }
  });
  return 0;
}

async function measure(directory: string, namesrv: string, topic: string, load: Load): Promise<object> {
  const home = join(directory, 'client');
  mkdirSync(home);
  const start = await javaProgram('client-5.4.0', home);
  const producer = start('BenchProducer', { namesrv, topic, group: 'bench', ...load });
  try {
    const { event: _event, ...figures } = await producer.first(
      'result',
      (load.seconds + load.warmUpSeconds + 60) * 1000,
    );
    return figures;
  } finally {
    producer.kill();
  }
}

function print(servers: string, figures: object, load: Load): void {
  process.stdout.write(`${JSON.stringify({ servers, ...load, ...figures })}\n`);
}
