module.exports = { ...require('../../jest.preset.cjs'), displayName: 'mqnamesrv', rootDir: __dirname };
