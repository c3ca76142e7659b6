// Compiles every contract here with the real solc.
//
//   compile.mjs                 src/ and test/ into out/, one JSON file a contract: abi, bytecode, size of what is deployed
//   compile.mjs --abi [FOLDER]  the faces of what others call into chains/abi, or into a folder to compare them with
//   compile.mjs FILE FOLDER     one file of Solidity from elsewhere (a verifier that was written from a key) into a folder
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import solc from 'solc'

const HERE = dirname(fileURLToPath(import.meta.url))
const LIMIT_OF_DEPLOYED_CODE = 24576
const CALLED = ['AttestationGate', 'CollateralEscrow', 'ProofGate', 'RootBoard']

function readImport(path) {
  try {
    return { contents: readFileSync(join(HERE, 'node_modules', path), 'utf8') }
  } catch {
    return { error: `${path} is not here` }
  }
}

function listSources() {
  const folders = ['src', 'test']
  return folders.flatMap((folder) =>
    readdirSync(join(HERE, folder), { recursive: true })
      .filter((name) => name.endsWith('.sol'))
      .map((name) => join(folder, name))
  )
}

function compile(sources, wanted = ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object']) {
  const input = {
    language: 'Solidity',
    sources,
    settings: {
      optimizer: { enabled: true, runs: 1_000 },
      viaIR: true, // so that no function has too many variables for the stack; and what comes of it takes less gas
      evmVersion: 'prague',
      outputSelection: { '*': { '*': wanted } }
    }
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readImport }))
  const complaints = (output.errors ?? []).map((each) => each.formattedMessage)
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
  return output.contracts
}

function write(folder, contracts, wanted) {
  mkdirSync(folder, { recursive: true })
  for (const [file, inside] of Object.entries(contracts)) {
    for (const [name, { abi, evm }] of Object.entries(inside)) {
      const size = evm.deployedBytecode.object.length / 2
      if (!wanted(file) || size === 0) continue
      if (size > LIMIT_OF_DEPLOYED_CODE) throw new Error(`${name} has ${size} bytes, more than can be deployed`)
      const said = { name, abi, bytecode: `0x${evm.bytecode.object}`, size }
      writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(said, null, 1)}\n`)
    }
  }
}

function writeFaces(folder, contracts) {
  mkdirSync(folder, { recursive: true })
  for (const name of CALLED) {
    const { abi } = contracts[join('src', `${name}.sol`)][name]
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(abi, null, 1)}\n`)
  }
}

function readSources() {
  return Object.fromEntries(listSources().map((name) => [name, { content: readFileSync(join(HERE, name), 'utf8') }]))
}

const [file, folder] = process.argv.slice(2)
if (file === undefined) {
  const out = join(HERE, 'out')
  rmSync(out, { recursive: true, force: true })
  const sources = readSources()
  write(out, compile(sources), (name) => name in sources)
} else if (file === '--abi') {
  writeFaces(folder ?? join(HERE, '..', 'chains', 'abi'), compile(readSources(), ['abi']))
} else {
  write(folder, compile({ [basename(file)]: { content: readFileSync(file, 'utf8') } }), () => true)
}
