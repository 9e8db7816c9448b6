#!/usr/bin/env node
/** The `shoal` command. */

import '../polyfill.js'
import { runProgram } from './program.js'

// a reader that has gone, as head does, is no failure; what goes on printing ends by itself
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.exitCode = await runProgram(process.argv.slice(2))
