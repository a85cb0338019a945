module.exports = { ...require('../../jest.preset.cjs'), displayName: 'batonmq', rootDir: __dirname };
