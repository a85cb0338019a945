/** Tests run from source: the `@batonmq/source` condition of each package's exports points at src/index.ts. */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['**/src/**/*.spec.ts', '**/test/**/*.spec.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  testEnvironmentOptions: { customExportConditions: ['@batonmq/source', 'node', 'require', 'default'] },
  moduleFileExtensions: ['ts', 'js', 'cjs', 'mjs', 'json', 'node'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/out-tsc/'],
};
