module.exports = { ...require('../../jest.preset.cjs'), displayName: 'mqcontroller', rootDir: __dirname };
