import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { E2E_ROOT, cacheDirectory, fingerprint } from './paths';
import { mustRun } from './run-command';

/** A folder of e2e/java with a pom.xml: one set of RocketMQ artifacts in one version. */
export type JavaArtifacts = 'client-5.4.0' | 'client-4.9.8' | 'server-5.4.0' | StoreArtifacts;
export type StoreArtifacts = 'store-5.4.0' | 'store-4.9.7';

/** The programs of e2e/java/programs, and of e2e/java/store for the store's artifacts. */
export type JavaProgram =
  | 'StoreDriver'
  | 'Producer'
  | 'Consumer'
  | 'StoreReader'
  | 'TopicReader'
  | 'HalfwayConsumer'
  | 'DelayedProducer'
  | 'Transactions'
  | 'BenchProducer'
  | 'TimedMessages'
  | 'BatchMessages';

const MAVEN_LIMIT_MS = 480_000;
const JAVAC_LIMIT_MS = 120_000;
const JAVA = join(E2E_ROOT, 'java');
const PACKAGE = join('batonmq', 'e2e');
/** What every program stands on. */
const GROUND = ['Events.java', 'Options.java', 'Program.java', 'Stop.java'];

/** The class path of a set of artifacts; Maven resolves it once, later runs start from the cache. */
export async function javaClassPath(artifacts: JavaArtifacts): Promise<string> {
  const pom = join(E2E_ROOT, 'java', artifacts, 'pom.xml');
  const file = join(cacheDirectory('java'), `${artifacts}-${fingerprint([pom])}.classpath`);
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (known !== '' && known.split(delimiter).every((jar) => existsSync(jar))) return known;
  const fresh = `${file}.${process.pid}`;
  const goal = ['dependency:build-classpath', '-Dmdep.includeScope=runtime', `-Dmdep.outputFile=${fresh}`];
  await mustRun('mvn', ['-q', '-B', '-f', pom, ...goal], { limitMs: MAVEN_LIMIT_MS });
  renameSync(fresh, file);
  return readFileSync(file, 'utf8').trim();
}

/** Our programs compiled against a set of artifacts, and that set: what `java -cp` needs to run one. */
export async function compiledPrograms(artifacts: JavaArtifacts): Promise<string> {
  const classPath = await javaClassPath(artifacts);
  const sources = sourcesFor(artifacts);
  const key = createHash('sha256').update(classPath).update(fingerprint(sources)).digest('hex').slice(0, 16);
  const classes = join(cacheDirectory('java'), `${artifacts}-${key}.classes`);
  if (!existsSync(classes)) {
    const fresh = `${classes}.${process.pid}`;
    rmSync(fresh, { recursive: true, force: true });
    const options = ['-d', fresh, '-cp', classPath, '-proc:none', '-nowarn', '-encoding', 'UTF-8'];
    await mustRun('javac', [...options, ...sources], { limitMs: JAVAC_LIMIT_MS });
    renameSync(fresh, classes);
  }
  return `${classes}${delimiter}${classPath}`;
}

/** Programs of a client use clients only; those of the store use the store, and what differs by version lies beside its pom.xml. */
function sourcesFor(artifacts: JavaArtifacts): string[] {
  const filesIn = (folder: string): string[] =>
    readdirSync(join(JAVA, folder, PACKAGE))
      .filter((name) => name.endsWith('.java'))
      .map((name) => join(JAVA, folder, PACKAGE, name));
  if (!artifacts.startsWith('store-')) return filesIn('programs');
  return [...GROUND.map((name) => join(JAVA, 'programs', PACKAGE, name)), ...filesIn('store'), ...filesIn(artifacts)];
}

/** JVM flags that keep RocketMQ's logs and state in `directory` instead of the home directory, and a small process small. */
export function javaFlags(directory: string, heap = '256m'): string[] {
  return [
    `-Xms64m`,
    `-Xmx${heap}`,
    '-XX:+UseSerialGC',
    '-XX:-UsePerfData',
    `-Duser.home=${directory}`,
    `-Drocketmq.client.logRoot=${directory}`,
    `-Drocketmq.log.dir=${directory}`,
  ];
}
