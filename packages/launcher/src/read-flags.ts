import { Command, CommanderError } from 'commander';

/** RocketMQ's flags, the same for all its programs (ServerUtil). */
export interface Flags {
  readonly configFile?: string;
  readonly namesrvAddr?: string;
  readonly printConfigItem?: boolean;
  readonly printImportantConfig?: boolean;
}

export type FlagsOutcome =
  { readonly kind: 'run'; readonly flags: Flags } | { readonly kind: 'exit'; readonly code: number };

/** Prints usage or what is wrong by itself. @param argv as in process.argv */
export function readFlags(program: string, description: string, argv: readonly string[]): FlagsOutcome {
  const command = new Command(program)
    .description(description)
    .option('-c, --configFile <file>', 'properties file')
    .option('-n, --namesrvAddr <list>', 'name servers, host:port;host:port')
    .option('-p, --printConfigItem', 'print all configuration items and exit')
    .option('-m, --printImportantConfig', 'print the configuration items that matter most and exit')
    .exitOverride()
    .allowExcessArguments(false);
  try {
    command.parse(argv);
  } catch (error) {
    if (error instanceof CommanderError) return { kind: 'exit', code: error.exitCode === 0 ? 0 : 1 };
    throw error;
  }
  return { kind: 'run', flags: command.opts<Flags>() };
}
