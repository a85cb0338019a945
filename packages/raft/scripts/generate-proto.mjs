// Compiles src/proto/raft.proto with protobufjs-cli into src/proto/raft.gen.ts: a JSON descriptor in a TypeScript file,
// so that the same source runs under jest, tsc and in the published package. Usage: npm run generate
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const pbjs = createRequire(import.meta.url).resolve('protobufjs-cli/bin/pbjs');
const json = execFileSync(process.execPath, [pbjs, '-t', 'json', at('src/proto/raft.proto')], { encoding: 'utf8' });
const text = `// Made from raft.proto by scripts/generate-proto.mjs (npm run generate). Not for editing.
// prettier-ignore
export const raftDescriptor = ${json.trim()};
`;
writeFileSync(at('src/proto/raft.gen.ts'), text);
