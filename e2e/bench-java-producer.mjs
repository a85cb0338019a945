// Send rate of the official Java producer; run `npm run build` first. --help tells the rest.
import { benchJavaProducer } from './dist/bench-java-producer.js';

process.exitCode = await benchJavaProducer(process.argv.slice(2));
