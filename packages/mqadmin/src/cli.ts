#!/usr/bin/env node
import { textOf } from '@batonmq/host';
import { CommanderError } from 'commander';
import { mqadmin } from './commands';

// RocketMQ's tools take two letters after one dash for the broker name.
const argv = process.argv.map((argument) => (argument === '-bn' ? '--brokerName' : argument));

mqadmin((line) => void process.stdout.write(`${line}\n`))
  .parseAsync(argv)
  .then(
    () => process.exit(0),
    (error: unknown) => {
      if (error instanceof CommanderError) process.exit(error.exitCode);
      process.stderr.write(`mqadmin: ${textOf(error)}\n`);
      process.exit(1);
    },
  );
