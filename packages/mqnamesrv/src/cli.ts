#!/usr/bin/env node
import { launch } from '@batonmq/launcher';
import { program } from './program';

void launch(program).then((code) => process.exit(code));
