module.exports = { ...require('../../jest.preset.cjs'), displayName: 'mqadmin', rootDir: __dirname };
