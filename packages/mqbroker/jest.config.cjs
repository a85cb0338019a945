module.exports = { ...require('../../jest.preset.cjs'), displayName: 'mqbroker', rootDir: __dirname };
