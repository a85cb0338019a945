module.exports = { ...require('../../jest.preset.cjs'), displayName: 'broker-ha', rootDir: __dirname };
