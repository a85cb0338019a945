/** Takes a lock with this package's source, in a process of its own: says `held` or the error's code, holds until stdin ends. */
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, file) => {
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    filename: file,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  module._compile(code, file);
};

const { lockFile } = require('../../src/node/lock.ts');
lockFile(process.argv[2]).then(
  () => console.log('held'),
  (error) => console.log(error.code),
);
process.stdin.on('end', () => process.exit()).resume();
