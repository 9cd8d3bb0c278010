// A private anvil and the way the twins come to stand at given addresses on it.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { concatHex, encodeAbiParameters, encodeFunctionData } from 'viem'

export const flags = [
  '--network', 'optimism',
  '--chain-id', '8453',
  '--slots-in-an-epoch', '10',
  '--no-mining',
  '--order', 'fifo',
  '--gas-limit', '240000000',
  '--block-base-fee-per-gas', '0',
  '--auto-impersonate',
]

/// Enough for the largest transaction, the upgrade that writes 512 curve cells (about 12 million).
const gas = '0xf42400'

export const artifact = (name) => JSON.parse(readFileSync(join(import.meta.dirname, 'artifacts', `${name}.json`), 'utf8'))

export const hex = (number) => `0x${BigInt(number).toString(16)}`

/// Starts anvil and waits for its first answer.
export async function startChain(binary, extraFlags = []) {
  const port = await freePort()
  const child = spawn(binary, ['--port', String(port), '--quiet', ...flags, ...extraFlags], { stdio: 'ignore' })
  const stopped = new Promise((resolve) => child.once('exit', resolve))
  const failed = new Promise((_, reject) => child.once('error', reject))
  const chain = new Chain(`http://127.0.0.1:${port}`)
  chain.stop = async () => {
    child.kill('SIGTERM')
    await stopped
  }
  await Promise.race([failed, chain.ready()])
  return chain
}

class Chain {
  constructor(url) {
    this.url = url
  }

  async rpc(method, ...params) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const response = await fetch(this.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const { result, error } = await response.json()
    if (error) throw Object.assign(new Error(`${method}: ${error.message}`), { data: error.data })
    return result
  }

  async ready() {
    for (let attempt = 0; attempt < 200; attempt++) {
      try {
        return await this.rpc('eth_chainId')
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    }
    throw new Error(`no answer from ${this.url}`)
  }

  /// Queues a transaction; a later mine() puts it on the chain, in the order of sending.
  send(from, to, data = '0x') {
    return this.rpc('eth_sendTransaction', { from, to, data, gas, gasPrice: '0x0' })
  }

  /// Mines everything queued into one block, `seconds` after the last one.
  async mine(seconds = 2) {
    const { timestamp } = await this.rpc('eth_getBlockByNumber', 'latest', false)
    await this.rpc('evm_setNextBlockTimestamp', hex(Number(timestamp) + seconds))
    await this.rpc('evm_mine')
  }

  receipt(hash) {
    return this.rpc('eth_getTransactionReceipt', hash)
  }

  /// Runs the constructors of several contracts in one block, each in the context of its given address, so that storage,
  /// immutables and events are that address's.
  async deployAt(deployer, creations) {
    const queued = []
    for (const { name, address, args = [] } of creations) {
      const inputs = abiOf(name).find(({ type }) => type === 'constructor')?.inputs ?? []
      const creation = concatHex([artifact(name).bytecode, encodeAbiParameters(inputs, args)])
      const runtime = await this.rpc('eth_call', { from: deployer, to: address, gas }, 'latest', { [address]: { code: creation } })
      const scratch = `0xc0de${address.slice(6)}`
      await this.rpc('anvil_setCode', scratch, creation)
      await this.rpc('anvil_setCode', address, constructorStub(scratch))
      queued.push({ name, address, scratch, runtime, hash: await this.send(deployer, address) })
    }
    await this.mine()
    for (const { name, address, scratch, runtime, hash } of queued) {
      const { status } = await this.receipt(hash)
      if (status !== '0x1') throw new Error(`the constructor of ${name} reverted at ${address}`)
      await this.rpc('anvil_setCode', address, runtime)
      await this.rpc('anvil_setCode', scratch, '0x')
    }
  }

  call(name, address, functionName, args = [], block = 'latest', from = undefined) {
    return this.rpc('eth_call', { from, to: address, data: encodeCall(name, functionName, args) }, block)
  }
}

/// Code that runs the creation code at `scratch` when called without data, and answers any other call as an account without
/// code does: anvil counts what is set before a block as the state of the block before.
function constructorStub(scratch) {
  return concatHex([
    '0x36602957', //             if calldatasize: goto done
    '0x5f5f5f5f',
    concatHex(['0x73', scratch]),
    '0x5af4', //                 delegatecall(gas, scratch, 0, 0, 0, 0)
    '0x3d5f5f3e', //             returndatacopy(0, 0, returndatasize)
    '0x602957', //               if it succeeded: goto done
    '0x3d5ffd', //               revert(0, returndatasize)
    '0x5b00', //                 done: stop
  ])
}

const abis = {}

export function abiOf(name) {
  return (abis[name] ??= artifact(name).abi)
}

export const encodeCall = (name, functionName, args = []) => encodeFunctionData({ abi: abiOf(name), functionName, args })

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
