#!/usr/bin/env node
/** The `shoal` command. Small, because it is compiled before the engine can be told to keep compiled code. */

import '../polyfill.js'
import { keepCompiledCode } from './compiled-code.js'

// a reader that has gone, as head does, is no failure; what goes on printing ends by itself
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

keepCompiledCode(process.env)
const { runProgram } = await import('./program.js')
process.exitCode = await runProgram(process.argv.slice(2))
