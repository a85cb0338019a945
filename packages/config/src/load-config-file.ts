import { type Files, textOf } from '@batonmq/host';
import { ConfigError } from './config-error';
import { parseProperties } from './properties';

/**
 * Reads a properties file. Text that is not UTF-8 is taken as ISO 8859-1, as Java wrote it before 5.x.
 * @throws ConfigError CONFIG_NOT_FOUND, CONFIG_UNREADABLE
 */
export function loadConfigFile(files: Pick<Files, 'readAll' | 'stat'>, path: string): Map<string, string> {
  const bytes = readBytes(files, path);
  if (bytes.includes(0)) {
    throw new ConfigError('CONFIG_UNREADABLE', `configuration file ${path} is not text: it contains a zero byte`, {
      hint: 'it must be a properties file in UTF-8',
    });
  }
  const utf8 = bytes.toString('utf8');
  return parseProperties(utf8.includes('\uFFFD') ? bytes.toString('latin1') : utf8, path);
}

function readBytes(files: Pick<Files, 'readAll' | 'stat'>, path: string): Buffer {
  let bytes: Buffer | undefined;
  try {
    if (files.stat(path)?.kind === 'directory') throw new Error('it is a directory');
    bytes = files.readAll(path);
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', `configuration file ${path} cannot be read: ${textOf(cause)}`, {
      cause,
    });
  }
  if (bytes !== undefined) return bytes;
  throw new ConfigError('CONFIG_NOT_FOUND', `configuration file ${path} does not exist`, {
    hint: 'check the path given with -c',
  });
}
