#!/usr/bin/env node
// Stands in for the solc binary that analysers call: the same compiler, from npm. It generates no code, which nobody
// reads here, so that what is analysed is the text alone.
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const solc = require('../node_modules/solc')

const NOTHING = { object: '', sourceMap: '' }

function readImport(path) {
  try {
    return { contents: readFileSync(join(__dirname, '..', path), 'utf8') }
  } catch {
    return { error: `${path} is not here` }
  }
}

function compile(input) {
  input.settings.outputSelection = { '*': { '*': ['abi', 'devdoc', 'userdoc'], '': ['ast'] } }
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readImport }))
  for (const inside of Object.values(output.contracts ?? {})) {
    for (const contract of Object.values(inside)) contract.evm = { bytecode: NOTHING, deployedBytecode: NOTHING }
  }
  return output
}

const said = process.argv.includes('--version')
  ? `Version: ${solc.version()}\n`
  : JSON.stringify(compile(JSON.parse(readFileSync(0, 'utf8'))))
process.stdout.write(said)
