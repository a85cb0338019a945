module.exports = {
  ...require('../../jest.preset.cjs'),
  displayName: 'testing',
  rootDir: __dirname,
  // Jest leaves one core of two idle otherwise; the seeds are split for two.
  maxWorkers: 2,
};
