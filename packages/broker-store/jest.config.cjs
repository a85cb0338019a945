module.exports = { ...require('../../jest.preset.cjs'), displayName: 'broker-store', rootDir: __dirname };
