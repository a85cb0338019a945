import { masterOf, type Cluster } from '../harness/cluster';
import { eventually } from '../harness/deadline';
import { reportFigures } from '../harness/figures';
import { javaClientCluster, type JavaClientCluster } from '../harness/java-client-cluster';
import type { ProgramEvent } from '../harness/line-program';
import { interopSuite } from './interop-suite';

const PROPERTIES = { transactionTimeOut: '1000', transactionCheckInterval: '1000' };
const TOPIC = 'paid';
const COUNT = 900;

const numbersOf = (events: readonly ProgramEvent[], kind: string): number[] =>
  events.filter(({ event }) => event === kind).map(({ n }) => Number(n));

interopSuite('transactions of the Java client 5.4.0', ['jdk', 'maven'], () => {
  let all: JavaClientCluster;
  let cluster: Cluster;
  let start: JavaClientCluster['start'];

  beforeAll(async () => {
    all = await javaClientCluster('transactions', PROPERTIES);
    ({ cluster, start } = all);
  }, 600_000);

  afterAll(() => all?.stop(), 60_000);

  const readNumbers = async (): Promise<number[]> => {
    const numbers: number[] = [];
    const reader = start(
      'TopicReader',
      { namesrv: cluster.namesrvAddress, group: 'tx-reader', topic: TOPIC },
      (event) => {
        if (event.event === 'message') numbers.push(Number(String(event['body']).split('|')[0]));
      },
    );
    await reader.first('done', 30_000);
    await reader.stop();
    return numbers.sort((a, b) => a - b);
  };

  it('are carried out, once each, through the death of the master; what was rolled back never shows', async () => {
    await cluster.createTopic(TOPIC, 4);
    const events: ProgramEvent[] = [];
    const args = { namesrv: cluster.namesrvAddress, topic: TOPIC, group: 'tellers', count: COUNT, rate: 100 };
    const program = start('Transactions', args, (event) => events.push(event));
    try {
      await eventually(60_000, 'the first transactions', () => numbersOf(events, 'half').length > COUNT / 4);
      await cluster.kill((await masterOf(cluster)).name, 'SIGKILL');
      await program.first('sent', 60_000);
      const halves = events.filter(({ event }) => event === 'half');
      const wanted = halves.filter(({ commit }) => commit === true).map(({ n }) => Number(n));
      let numbers: number[] = [];
      await eventually(60_000, 'all that was committed', async () => {
        numbers = await readNumbers();
        return wanted.every((n) => numbers.includes(n));
      });
      expect(numbers).toEqual([...wanted].sort((a, b) => a - b));
      const asked = events.filter(({ event }) => event === 'asked');
      expect(new Set(asked.map(({ topic }) => topic))).toEqual(new Set([TOPIC]));
      expect(halves.length).toBeGreaterThan(COUNT / 2);
      reportFigures('transactions', {
        halves: halves.length,
        committed: numbers.length,
        refused: numbersOf(events, 'refused').length,
        asked: asked.length,
      });
    } finally {
      program.kill();
    }
  }, 240_000);
});
