module.exports = { ...require('../../jest.preset.cjs'), displayName: 'remoting', rootDir: __dirname };
