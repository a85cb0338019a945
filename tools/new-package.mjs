// Makes the files every package has: node tools/new-package.mjs <folder> <type> [@batonmq dependencies...]
// Existing files are left alone, so it also adds what an older package lacks.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const [folder, type, ...dependencies] = process.argv.slice(2);
if (!folder || !/^(ground|engine|service|app|testkit|world)$/.test(type ?? '')) {
  console.error(
    'usage: node tools/new-package.mjs <folder> <ground|engine|service|app|testkit|world> [dependency folders...]',
  );
  process.exit(2);
}
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const root = `packages/${folder}`;
const write = (name, content) => {
  const file = `${root}/${name}`;
  if (existsSync(file)) return;
  mkdirSync(file.slice(0, file.lastIndexOf('/')), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
};
const isApp = type === 'app';
write('package.json', {
  name: isApp && folder === 'batonmq' ? 'batonmq' : `@batonmq/${folder}`,
  version,
  description: '',
  license: 'Apache-2.0',
  type: 'commonjs',
  main: './dist/index.js',
  types: './dist/index.d.ts',
  ...(isApp ? { bin: { [folder]: './dist/cli.js' } } : {}),
  exports: {
    '.': { '@batonmq/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
    './package.json': './package.json',
  },
  files: ['dist', '!**/*.tsbuildinfo'],
  engines: { node: '>=20.19' },
  dependencies: Object.fromEntries(dependencies.map((name) => [`@batonmq/${name}`, version])),
  publishConfig: { access: 'public' },
  nx: { tags: [`type:${type}`] },
});
write('tsconfig.json', {
  extends: '../../tsconfig.base.json',
  files: [],
  include: [],
  references: [{ path: './tsconfig.lib.json' }, { path: './tsconfig.spec.json' }],
});
write('tsconfig.lib.json', {
  extends: '../../tsconfig.base.json',
  compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/tsconfig.lib.tsbuildinfo' },
  include: ['src/**/*.ts'],
  exclude: ['src/**/*.spec.ts'],
  references: dependencies.map((name) => ({ path: `../${name}/tsconfig.lib.json` })),
});
write('tsconfig.spec.json', {
  extends: '../../tsconfig.base.json',
  compilerOptions: { outDir: 'out-tsc/spec', types: ['node', 'jest'] },
  include: ['src/**/*.spec.ts', 'test/**/*.ts'],
  references: [{ path: './tsconfig.lib.json' }],
});
write(
  'jest.config.cjs',
  `module.exports = { ...require('../../jest.preset.cjs'), displayName: '${folder}', rootDir: __dirname };\n`,
);
write('src/index.ts', `export {};\n`);
write('README.md', `# @batonmq/${folder}\n`);
