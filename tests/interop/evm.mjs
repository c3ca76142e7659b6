// Compiles contracts with the real solc and calls them in a real EVM.
//
//   evm.mjs <file>    {"contracts": {name: source}, "calls": [{"contract": name, "data": "0x..."}]}
//
// Answers with what each call returned or reverted with, the gas that it took to execute, and the size of each contract.
import { readFileSync } from 'node:fs'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { Address, bytesToHex, hexToBytes } from '@ethereumjs/util'
import solc from 'solc'

const GAS = 30_000_000n

function compile(sources) {
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [`${name}.sol`, { content }])),
    settings: {
      optimizer: { enabled: true, runs: 200 },
      evmVersion: 'prague',
      outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.deployedBytecode.object'] } }
    }
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input)))
  const complaints = (output.errors ?? []).map((each) => each.formattedMessage)
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
  return Object.fromEntries(
    Object.keys(sources).map((name) => [name, Object.values(output.contracts[`${name}.sol`])[0].evm])
  )
}

const task = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const evm = await createEVM({ common: new Common({ chain: Mainnet, hardfork: Hardfork.Prague }) })
const deployed = {}
const sizes = {}
for (const [name, compiled] of Object.entries(compile(task.contracts))) {
  const made = await evm.runCall({ data: hexToBytes(`0x${compiled.bytecode.object}`), gasLimit: GAS })
  if (made.execResult.exceptionError) throw new Error(`${name}: ${made.execResult.exceptionError.error}`)
  deployed[name] = made.createdAddress
  sizes[name] = compiled.deployedBytecode.object.length / 2
}
const calls = []
for (const call of task.calls) {
  const { execResult } = await evm.runCall({ to: deployed[call.contract], data: hexToBytes(call.data), gasLimit: GAS })
  const error = execResult.exceptionError?.error ?? null
  calls.push({ error, returned: bytesToHex(execResult.returnValue), gas: Number(execResult.executionGasUsed) })
}
process.stdout.write(JSON.stringify({ sizes, calls }))
