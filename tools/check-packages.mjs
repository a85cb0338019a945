// Packs every published package, installs the archives into an empty project, and uses them from there: require, import, bins.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const directory = mkdtempSync(join(tmpdir(), 'batonmq-pack-'));
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
try {
  const packages = readdirSync('packages')
    .map((name) => ({
      folder: resolve('packages', name),
      manifest: JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8')),
    }))
    .filter(({ manifest }) => manifest.private !== true);
  for (const { folder, manifest } of packages) {
    for (const needed of ['README.md', 'dist/index.js', 'dist/index.d.ts']) {
      if (!existsSync(join(folder, needed))) throw new Error(`${manifest.name} lacks ${needed}`);
    }
    if (!manifest.description) throw new Error(`${manifest.name} has no description`);
    run('npm', ['pack', '--silent', '--pack-destination', directory], folder);
  }
  const archives = readdirSync(directory).filter((name) => name.endsWith('.tgz'));
  const stray = archives.flatMap((name) =>
    run('tar', ['-tzf', join(directory, name)], '.')
      .split('\n')
      .filter((file) => /tsbuildinfo|\.spec\./.test(file)),
  );
  if (stray.length > 0) throw new Error(`archives contain ${stray.join(', ')}`);
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'user', private: true }));
  run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', ...archives.map((name) => `./${name}`)],
    directory,
  );
  const names = packages.map(({ manifest }) => manifest.name);
  const check = names.map(
    (name) =>
      `if (Object.keys(require(${JSON.stringify(name)})).length === 0) throw new Error(${JSON.stringify(name)} + ' exports nothing');`,
  );
  writeFileSync(join(directory, 'use.cjs'), check.join('\n'));
  run(process.execPath, ['use.cjs'], directory);
  writeFileSync(
    join(directory, 'use.mjs'),
    names.map((name, index) => `import * as p${index} from ${JSON.stringify(name)};\nvoid p${index};`).join('\n'),
  );
  run(process.execPath, ['use.mjs'], directory);
  for (const { manifest } of packages) {
    for (const bin of Object.keys(manifest.bin ?? {}))
      run(join(directory, 'node_modules/.bin', bin), ['--help'], directory);
  }
  console.log(`${archives.length} packages packed, installed and used`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
