module.exports = { ...require('../../jest.preset.cjs'), displayName: 'namesrv', rootDir: __dirname };
