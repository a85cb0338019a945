const preset = require('../jest.preset.cjs');

/** Suites import the built packages, as a user would: no `@batonmq/source` condition here. One at a time: each needs both cores. */
module.exports = {
  ...preset,
  displayName: 'e2e',
  rootDir: __dirname,
  testMatch: ['<rootDir>/harness/**/*.spec.ts', '<rootDir>/suites/**/*.e2e.ts'],
  testEnvironmentOptions: { customExportConditions: ['node', 'require', 'default'] },
  modulePathIgnorePatterns: ['<rootDir>/.cache/'],
  maxWorkers: 1,
};
