import nx from '@nx/eslint-plugin';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import prettier from 'eslint-config-prettier';
import * as jsonc from 'jsonc-eslint-parser';

const nodeBuiltins = [{ group: ['node:*'], message: 'Only host and the apps touch the machine; ask the Host for it.' }];
const bareBuiltins = [
  'fs',
  'fs/promises',
  'net',
  'tls',
  'dns',
  'timers',
  'timers/promises',
  'os',
  'path',
  'worker_threads',
  'child_process',
  'crypto',
  'zlib',
  'http',
  'https',
  'cluster',
  'stream',
  'events',
  'util',
  'perf_hooks',
  'buffer',
];

/** What would let time, chance or the machine into code that the simulator must be able to run (docs/decisions/0001-host.md). */
const throughTheHost = {
  'no-restricted-imports': ['error', { patterns: nodeBuiltins, paths: bareBuiltins }],
  'no-restricted-globals': [
    'error',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'clearTimeout',
    'clearInterval',
    'clearImmediate',
    'performance',
    'fetch',
    'process',
    'crypto',
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: 'Use host.clock.' },
    { object: 'Math', property: 'random', message: 'Use host.random.' },
    { object: 'AbortSignal', property: 'timeout', message: 'A hidden timer: use host.timers.' },
  ],
  'no-restricted-syntax': [
    'error',
    { selector: "MemberExpression[object.name='globalThis']", message: 'Goes around the Host.' },
    { selector: 'ImportExpression', message: 'Goes around the import rules.' },
    { selector: "CallExpression[callee.name='Date']", message: 'Use host.clock.' },
    { selector: "CallExpression[callee.name='require']", message: 'Goes around the import rules.' },
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Use host.clock.' },
  ],
};

export default [
  {
    ignores: ['**/dist', '**/node_modules', '**/out-tsc', '**/jest.config.cjs', '**/*.gen.js', '**/*.gen.d.ts', '.nx'],
  },
  ...[js.configs.recommended, ...tseslint.configs.recommended].map((config) => ({
    ...config,
    files: ['**/*.ts', '**/*.mjs'],
  })),
  { ...prettier, files: ['**/*.ts', '**/*.mjs'] },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        clearTimeout: 'readonly',
        clearInterval: 'readonly',
        setImmediate: 'readonly',
        performance: 'readonly',
      },
    },
  },
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          banTransitiveDependencies: true,
          depConstraints: [
            { sourceTag: 'type:ground', onlyDependOnLibsWithTags: ['type:ground', 'type:testkit'] },
            { sourceTag: 'type:engine', onlyDependOnLibsWithTags: ['type:ground', 'type:testkit'] },
            { sourceTag: 'type:service', onlyDependOnLibsWithTags: ['type:ground', 'type:testkit', 'type:engine'] },
            {
              sourceTag: 'type:app',
              onlyDependOnLibsWithTags: ['type:ground', 'type:testkit', 'type:engine', 'type:service', 'type:app'],
            },
            { sourceTag: 'type:testkit', onlyDependOnLibsWithTags: ['type:ground'] },
            { sourceTag: 'type:world', onlyDependOnLibsWithTags: ['*'] },
          ],
        },
      ],
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    ignores: ['packages/host/**', 'packages/mq*/**', 'packages/batonmq/**', 'packages/launcher/**', '**/*.spec.ts'],
    rules: throughTheHost,
  },
  {
    files: ['packages/*/package.json'],
    plugins: { '@nx': nx },
    languageOptions: { parser: jsonc },
    rules: {
      '@nx/dependency-checks': [
        'error',
        {
          // Started as programs, not imported.
          ignoredDependencies: ['@batonmq/mqnamesrv', '@batonmq/mqbroker'],
          ignoredFiles: ['{projectRoot}/**/*.spec.ts', '{projectRoot}/test/**', '{projectRoot}/jest.config.*'],
        },
      ],
    },
  },
];
