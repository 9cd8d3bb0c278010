// The twins on a real anvil (its path in ANVIL_BIN), held against the rules in model.mjs. The tests are one story: each goes
// on from the chain the last one left.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decodeErrorResult, decodeEventLog, decodeFunctionResult, keccak256, parseSignature, toHex, zeroAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { abiOf, encodeCall, startChain } from './chain.mjs'
import { mintCurve } from './curve.mjs'
import { Rewards, inverseQuote, quote } from './model.mjs'

const WAD = 10n ** 18n
const DAY = 86_400

const at = {
  VVV: '0xacfe6019ed1a7dc6f7b508c02d1b04ec88cc21bf',
  Staking: '0x321b7ff75154472b18edb199033ff4d116f340ff',
  StakingV1: '0x417e7e8045aab25dcd703003dd8d7b5f2f11ead8',
  StakingV2: '0xe37a7920dbc11253ac6d031c29f592f71b348dca',
  DIEM: '0xf4d97f2da56e8c3098f3a8d538db630a2606a024',
  Multicall3: '0xca11bde05977b3631167028862be2a173976ca11',
  Treasury: '0x2d8cb8dc596dad0e1e34e2042e7ae6df93b11524',
  Airdrop: '0xf4940c7dee63d885c8fb20123e9c8e5c49a3ef41',
  Pool: '0x01784ef301d79e4b2df3a21ad9a536d4cf09a5ce',
  VaultA: '0xdbf05af4fdaa518ac9c4dc5aa49399b8dd0b4be2',
  VaultB: '0x8065228a8156590a8bfca30678394e9db91f80ee',
  Oracle: '0x00000000000000000000000000000000000a11ce',
  Batcher: '0x00000000000000000000000000000000000ba7c4',
}
const WETH = '0x4200000000000000000000000000000000000006'
const deployer = `0x${'d0'.repeat(20)}`
const operator = `0x${'0b'.repeat(20)}`
const [alice, bob, carol, dave] = ['a1', 'b0', 'ca', 'da'].map((byte) => `0x${byte.repeat(20)}`)
const max = 2n ** 256n - 1n

const yearly = (vvv) => (BigInt(vvv) * WAD) / 31_536_000n
const initialRate = yearly(14_000_000)
const stakingCooldown = BigInt(7 * DAY)
const diemCooldown = BigInt(DAY)
const launchCurve = mintCurve()

/// Which ABI speaks at an address; the proxy's changes with the upgrade.
const twinAt = new Map(Object.entries(at).map(([name, address]) => [address, name]))
for (const safe of [at.Treasury, at.VaultA, at.VaultB]) twinAt.set(safe, 'Safe')
twinAt.set(at.Staking, 'StakingV1')

let chain
/// [deployment block, code contract] of everything placed by deployAt.
const placed = []

before(async () => {
  assert.ok(process.env.ANVIL_BIN, 'ANVIL_BIN names the anvil to test on')
  chain = await startChain(process.env.ANVIL_BIN)
})
after(() => chain?.stop())

const read = async (address, functionName, args = [], block = 'latest') => {
  const name = twinAt.get(address)
  const data = await chain.call(name, address, functionName, args, block)
  return decodeFunctionResult({ abi: abiOf(name), functionName, data })
}

const now = async () => BigInt((await chain.rpc('eth_getBlockByNumber', 'latest', false)).timestamp)
const height = async () => Number(await chain.rpc('eth_blockNumber'))

const queue = (from, to, functionName, args = []) => chain.send(from, to, encodeCall(twinAt.get(to), functionName, args))

/// One transaction in a block of its own; its events as "Twin.Event" with their arguments.
async function act(from, to, functionName, args = [], seconds = 2) {
  const hash = await queue(from, to, functionName, args)
  await chain.mine(seconds)
  return events(hash)
}

async function events(hash) {
  const { status, logs } = await chain.receipt(hash)
  assert.equal(status, '0x1', 'the transaction succeeds')
  return decoded(logs)
}

const decoded = (logs) =>
  logs.map(({ address, topics, data }) => {
    const { eventName, args } = decodeEventLog({ abi: abiOf(twinAt.get(address)), topics, data })
    return { name: `${label(address)}.${eventName}`, address, args: Object.values(args).map(lower) }
  })

const label = (address) => Object.entries(at).find(([, value]) => value === address)[0]
const lower = (value) => (typeof value === 'string' ? value.toLowerCase() : value)
const names = (list) => list.map(({ name }) => name)
const only = (list, name) => list.filter((event) => event.name === name).map(({ args }) => args)

async function reverts(reason, from, to, functionName, args = []) {
  const name = twinAt.get(to)
  await assert.rejects(chain.call(name, to, functionName, args, 'latest', from), ({ data }) => {
    assert.equal(decodeErrorResult({ abi: [...abiOf(name), ...abiOf('DIEM')], data }).errorName, reason)
    return true
  })
}

/// Through a Safe, as its owner does it.
const asSafe = (safe, target, functionName, args = [], seconds = 2) =>
  act(operator, safe, 'exec', [target, encodeCall(twinAt.get(target), functionName, args)], seconds)

async function deploy(creations) {
  await chain.deployAt(deployer, creations)
  const block = await height()
  for (const { address } of creations) placed.push({ address, block })
  const logs = await chain.rpc('eth_getLogs', { fromBlock: `0x${block.toString(16)}`, toBlock: `0x${block.toString(16)}` })
  return decoded(logs)
}

const fund = async (account, amount) => {
  await asSafe(at.Treasury, at.VVV, 'transfer', [account, amount])
  await act(account, at.VVV, 'approve', [at.Staking, max])
}

test('constructors run at the real addresses and announce no parameter', async () => {
  const first = await deploy([
    { name: 'VVV', address: at.VVV, args: [deployer, at.Treasury] },
    { name: 'StakingV1', address: at.StakingV1 },
    { name: 'Safe', address: at.Treasury, args: [[operator]] },
    { name: 'Oracle', address: at.Oracle, args: [WAD / 4n] },
    { name: 'Multicall3', address: at.Multicall3 },
    { name: 'Batcher', address: at.Batcher },
    { name: 'Pool', address: at.Pool, args: [at.VVV, WETH] },
    { name: 'Airdrop', address: at.Airdrop, args: [at.VVV, operator] },
    { name: 'Safe', address: at.VaultA, args: [[operator, at.Batcher]] },
    { name: 'Safe', address: at.VaultB, args: [[operator, at.Batcher]] },
  ])
  assert.deepEqual(first.map(({ name, args }) => [name, ...args]), [
    ['VVV.OwnershipTransferred', zeroAddress, deployer],
    ['VVV.Transfer', zeroAddress, at.Treasury, 100_000_000n * WAD],
    ['StakingV1.Initialized', 2n ** 64n - 1n],
  ])

  const initialize = encodeCall('StakingV1', 'initialize', [
    at.VVV, at.Treasury, at.Oracle, at.Treasury, initialRate, stakingCooldown,
  ])
  const second = await deploy([{ name: 'ERC1967Proxy', address: at.Staking, args: [at.StakingV1, initialize] }])
  assert.deepEqual(second.map(({ name, args }) => [name, ...args]), [
    ['Staking.Upgraded', at.StakingV1],
    ['Staking.OwnershipTransferred', zeroAddress, at.Treasury],
    ['Staking.Transfer', zeroAddress, at.Staking, WAD],
    ['Staking.Initialized', 1n],
  ])
  assert.equal(await read(at.Staking, 'emissionRatePerSecond'), initialRate)
  assert.equal(await read(at.Staking, 'cooldownDuration'), stakingCooldown)
  assert.equal(lower(await read(at.Staking, 'treasury')), at.Treasury)

  const owned = await act(deployer, at.VVV, 'transferOwnership', [at.Staking])
  assert.deepEqual(owned.map(({ name, args }) => [name, ...args]), [['VVV.OwnershipTransferred', deployer, at.Staking]])
})

test('the block of a deployment answers calls as a block with runtime code', async () => {
  for (const { address, block } of placed) {
    const code = await chain.rpc('eth_getCode', address, 'latest')
    assert.equal(await chain.rpc('eth_getCode', address, `0x${block.toString(16)}`), code)
    const question = { to: address, data: encodeCall('VVV', 'totalSupply') }
    assert.equal(await chain.rpc('eth_call', question, `0x${(block - 1).toString(16)}`), '0x', 'no answer before it')
  }
  const { block } = placed.find(({ address }) => address === at.VVV)
  assert.equal(await read(at.VVV, 'totalSupply', [], `0x${block.toString(16)}`), 100_000_000n * WAD)
})

test('a burn of VVV credits 0x0 and leaves the supply', async () => {
  await asSafe(at.Treasury, at.VVV, 'transfer', [at.Pool, 1_000n * WAD])
  const swap = await act(operator, at.Pool, 'swap', [0n, 0n, 7n * WAD, 0n, zeroAddress])
  assert.deepEqual(only(swap, 'VVV.Transfer'), [[at.Pool, zeroAddress, 7n * WAD]])
  assert.equal(await read(at.VVV, 'balanceOf', [zeroAddress]), 7n * WAD)
  assert.equal(await read(at.VVV, 'totalSupply'), 100_000_000n * WAD)

  await asSafe(at.Treasury, at.VVV, 'transfer', [at.Airdrop, 1_000n * WAD])
  await act(operator, at.Airdrop, 'setClaimable', [[alice], 10n * WAD])
  const claim = await chain.send(alice, at.Airdrop, encodeCall('Airdrop', 'claim'))
  await chain.mine()
  const { logs } = await chain.receipt(claim)
  assert.equal(logs[1].topics[0], '0x528937b330082d892a98d4e428ab2dcca7844b51d227a1c0ae67f0b5261acbd9')
  assert.equal(BigInt(`0x${logs[1].data.slice(2 + 128)}`), 10n * WAD)
  await act(operator, at.Airdrop, 'burnUnclaimed')
  assert.equal(await read(at.VVV, 'balanceOf', [zeroAddress]), 997n * WAD)
  await reverts('NotOwner', deployer, at.VVV, 'mint', [deployer, 1n])
})

test('VVV takes permits signed for its real address', async () => {
  const holder = privateKeyToAccount(`0x${'11'.repeat(32)}`)
  const deadline = (await now()) + 3_600n
  const types = {
    Permit: ['address owner', 'address spender', 'uint256 value', 'uint256 nonce', 'uint256 deadline']
      .map((field) => field.split(' '))
      .map(([type, name]) => ({ type, name })),
  }
  const domain = { name: 'Venice Token', version: '1', chainId: 8453, verifyingContract: at.VVV }
  const message = { owner: holder.address, spender: bob, value: 5n, nonce: 0n, deadline }
  const signature = await holder.signTypedData({ domain, types, primaryType: 'Permit', message })
  const { r, s, v } = parseSignature(signature)
  const permit = [holder.address, bob, 5n, deadline, Number(v), r, s]
  await act(dave, at.VVV, 'permit', permit)
  assert.equal(await read(at.VVV, 'allowance', [holder.address, bob]), 5n)
  await reverts('InvalidSigner', dave, at.VVV, 'permit', permit)
})

test('V1 pays stakers by one accumulator and the treasury by the oracle', async () => {
  for (const user of [alice, bob, carol]) await fund(user, 100_000n * WAD)
  const start = await read(at.Staking, 'lastRewardTimestamp')
  const staked = await act(alice, at.Staking, 'stake', [alice, 1_000n * WAD])
  assert.deepEqual(only(staked, 'Staking.Staked'), [[alice, 1_000n * WAD]])
  const emitted = ((await now()) - start) * initialRate
  const [[, toProxy, stakers], [, toTreasury, treasury]] = only(staked, 'VVV.Transfer')
  assert.deepEqual([toProxy, toTreasury], [at.Staking, at.Treasury])
  assert.equal(treasury, emitted / 4n)
  assert.equal(stakers, emitted - emitted / 4n)

  const gift = await act(bob, at.Staking, 'stake', [carol, 500n * WAD])
  assert.deepEqual(only(gift, 'Staking.Staked'), [[carol, 500n * WAD]], 'the recipient, not the payer')
  assert.equal(await read(at.Staking, 'balanceOf', [bob]), 0n)

  await chain.mine(600)
  const pending = await read(at.Staking, 'pendingRewards', [alice])
  assert.ok(pending > 0n)
  const claimed = only(await act(alice, at.Staking, 'claim'), 'Staking.Claimed')
  const perSecond = (initialRate * 3n * 1_000n) / 4n / 1_501n
  assert.ok(claimed[0][1] - pending - 2n * perSecond < 10n)
  await act(carol, at.Staking, 'initiateUnstake', [100n * WAD])
  await reverts('UnstakePending', carol, at.Staking, 'initiateUnstake', [1n])
  await reverts('CooldownNotOver', carol, at.Staking, 'finalizeUnstake')
  await reverts('NotTransferable', carol, at.Staking, 'transfer', [bob, 1n])
})

test('the upgrade keeps every stake and announces only itself', async () => {
  const kept = async () => {
    const views = ['totalSupply', 'emissionRatePerSecond', 'cooldownDuration', 'lastRewardTimestamp', 'accRewardPerShare',
      'owner', 'treasury', 'oracle', 'venice']
    const accounts = [alice, carol, at.Staking].flatMap((user) => [['balanceOf', [user]], ['stakes', [user]]])
    return Promise.all([...views.map((view) => [view]), ...accounts].map(([name, args]) => read(at.Staking, name, args)))
  }
  const diem = await deploy([
    { name: 'DIEM', address: at.DIEM, args: [operator, at.Staking, diemCooldown] },
    { name: 'StakingV2', address: at.StakingV2 },
  ])
  assert.deepEqual(names(diem), ['DIEM.RoleGranted', 'DIEM.RoleGranted', 'StakingV2.Initialized'])

  const before = await kept()
  await reverts('NotOwner', operator, at.Staking, 'upgradeToAndCall', [at.StakingV2, '0x'])
  await reverts('InvalidImplementation', at.Treasury, at.Staking, 'upgradeToAndCall', [at.VVV, '0x'])
  const { diemSupply, diemMintRates } = launchCurve
  const data = encodeCall('StakingV2', 'initializeV2', [at.DIEM, WAD / 5n, WAD / 10n, diemSupply, diemMintRates])
  const upgrade = await asSafe(at.Treasury, at.Staking, 'upgradeToAndCall', [at.StakingV2, data])
  twinAt.set(at.Staking, 'StakingV2')
  assert.deepEqual(names(upgrade), ['Staking.Upgraded', 'Staking.Initialized', 'Treasury.ExecutionSuccess'])
  assert.deepEqual(only(upgrade, 'Staking.Initialized'), [[2n]])
  assert.deepEqual(await kept(), before)

  const slot = await chain.rpc('eth_getStorageAt', at.Staking,
    '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc', 'latest')
  assert.equal(`0x${slot.slice(26)}`, at.StakingV2)
  assert.equal(await read(at.Staking, 'veniceEmissionsPercentage'), WAD / 5n)
  assert.equal(await read(at.Staking, 'veniceEmissionsPercentageWhenLocked'), WAD / 10n)
  assert.equal(await read(at.Staking, 'diemMintRates', [255n]), diemMintRates[255])
  await assert.rejects(read(at.Staking, 'diemSupply', [256n]))
  await reverts('AlreadyInitialized', at.Treasury, at.Staking, 'initializeV2',
    [at.DIEM, 0n, 0n, diemSupply, diemMintRates])
})

test('the curve reproduces the cells seen on mainnet', () => {
  const mainnet = mintCurve({ target: 40_000, bucketSize: 500 })
  assert.equal(mainnet.diemSupply[0], 500n * WAD)
  assert.equal(mainnet.diemSupply[255], 128_000n * WAD)
  assert.equal(mainnet.diemMintRates[0], 90000351563186634752n)
  assert.equal(mainnet.diemMintRates[1], 90002812543945768960n)
  const rounded = { 78: 617.5396420419053, 79: 665.0150489037585, 80: 717.4843076907099, 255: 2.6071479398659465e30 }
  for (const [index, rate] of Object.entries(rounded)) assert.equal(Number(mainnet.diemMintRates[index]) / 1e18, rate)
  assert.equal(Number(launchCurve.diemMintRates[19]) / 1e18, 93.34087662385478)
})

test('quotes round as written, in one bucket and across many', async () => {
  await act(operator, at.DIEM, 'grantRole', [await read(at.DIEM, 'MINTER_BURNER_ROLE'), operator])
  const direct = await act(operator, at.DIEM, 'mint', [operator, 10_000n * WAD + 12_345n])
  assert.deepEqual(names(direct), ['DIEM.Transfer'], 'a direct mint has no partner event')
  const supply = await read(at.DIEM, 'totalSupply')

  const curves = [launchCurve, holed(launchCurve), { ...launchCurve, diemSupply: launchCurve.diemSupply.map((b) => b + 7n) }]
  for (const curve of curves) {
    const { diemSupply, diemMintRates } = curve
    const set = await asSafe(at.Treasury, at.Staking, 'setDiemMintCurve', [diemSupply, diemMintRates])
    assert.deepEqual(names(set), ['Staking.DiemMintRatesUpdated', 'Treasury.ExecutionSuccess'])
    for (const svvv of [0n, 1n, 89n, 94n, WAD, 46_687n * WAD, 46_688n * WAD, 123_456_789n, 10n ** 24n + 7n, 10n ** 26n]) {
      assert.equal(await read(at.Staking, 'getDiemAmountOut', [svvv]), quote(curve, supply, svvv), `quote of ${svvv}`)
    }
    for (const diem of [1n, WAD / 3n, 499n * WAD, 500n * WAD, 7_777n * WAD + 1n]) {
      const least = inverseQuote(curve, supply, diem)
      assert.ok((await read(at.Staking, 'getDiemAmountOut', [least])) >= diem)
      assert.ok((await read(at.Staking, 'getDiemAmountOut', [least - 1n])) < diem)
    }
    const everything = inverseQuote(curve, supply, diemSupply[255] - supply)
    assert.equal(await read(at.Staking, 'getDiemAmountOut', [everything]), quote(curve, supply, everything))
    await reverts('MintCurveExhausted', alice, at.Staking, 'getDiemAmountOut', [everything + 1n])
  }
  const { diemSupply, diemMintRates } = launchCurve
  await asSafe(at.Treasury, at.Staking, 'setDiemMintCurve', [diemSupply, diemMintRates])
})

/// A curve with buckets that are not for sale.
function holed({ diemSupply, diemMintRates }) {
  return { diemSupply, diemMintRates: diemMintRates.map((rate, index) => (index % 7 === 4 ? 0n : rate)) }
}

test('rewards and positions follow the model through a long random traffic', async () => {
  const users = [alice, bob, carol]
  const model = await modelFromChain([...users, at.Staking])
  const random = generator(20_250_820)
  const kinds = new Set()
  const mintedBefore = await read(at.VVV, 'totalSupply')
  let claimed = 0

  for (let round = 0; round < 220; round++) {
    const user = users[Number(random() % 3n)]
    const seconds = [2, 2, 40, 7_200, DAY][Number(random() % 5n)]
    const time = (await now()) + BigInt(seconds)
    const step = plan(model, user, time, random)
    const supply = await read(at.DIEM, 'totalSupply')
    kinds.add(step.name)

    const list = step.byOwner
      ? await asSafe(at.Treasury, at.Staking, step.name, step.args, seconds)
      : await act(user, at.Staking, step.name, step.args, seconds)
    assert.equal(await now(), time)
    const paid = step.apply(time, supply)
    const claims = paid > 0n ? [[step.recipient ?? user, paid]] : []
    assert.deepEqual(only(list, 'Staking.Claimed'), claims, 'Claimed only if something was pending')
    claimed += claims.length
    await equalsModel(model, [...users, at.Staking])
  }
  assert.equal(kinds.size, 10, `every action came up: ${[...kinds]}`)
  assert.ok(claimed > 100)
  assert.equal((await read(at.VVV, 'totalSupply')) - mintedBefore, model.minted.stakers + model.minted.treasury)
})

async function modelFromChain(addresses) {
  const accounts = await Promise.all(
    addresses.map(async (address) => {
      const [debt, cooldownEnd] = await read(at.Staking, 'stakes', [address])
      const balance = await read(at.Staking, 'balanceOf', [address])
      return [address, { balance, locked: 0n, outstanding: 0n, debt, cooldownEnd }]
    }),
  )
  return new Rewards({
    timestamp: await read(at.Staking, 'lastRewardTimestamp'),
    rate: await read(at.Staking, 'emissionRatePerSecond'),
    share: await read(at.Staking, 'veniceEmissionsPercentage'),
    shareLocked: await read(at.Staking, 'veniceEmissionsPercentageWhenLocked'),
    accumulator: await read(at.Staking, 'accRewardPerShare'),
    supply: await read(at.Staking, 'totalSupply'),
    accounts,
  })
}

/// The next thing a user or the owner does; apply() does the same to the model and returns the rewards it pays.
function plan(model, user, time, random) {
  const account = model.account(user)
  const unlocked = account.balance - account.locked
  const half = (amount) => (amount * (1n + (random() % 49n))) / 100n + 1n
  const action = (name, args, change, recipient = user) => ({
    name,
    args,
    recipient,
    apply: (now, supply) => model.settle(recipient, now, (it, pending) => change(it, pending, supply)),
  })
  const setting = (name, field, value) => ({
    name,
    args: [value],
    byOwner: true,
    apply: (now) => {
      model.update(now)
      model[field] = value
      return 0n
    },
  })

  const kind = Number(random() % 12n)
  if (kind === 0) return action('claim', [], () => {})
  if (kind === 1) return action('claimAndStake', [], (it, pending) => (it.balance += pending))
  if (kind === 2 && account.cooldownEnd === 0n && unlocked > WAD) {
    const amount = half(unlocked)
    const change = (it) => {
      it.balance -= amount
      it.cooldownEnd = time + stakingCooldown
    }
    return action('initiateUnstake', [amount], change)
  }
  if (kind <= 3 && account.cooldownEnd > 0n && account.cooldownEnd <= time) {
    const apply = () => {
      account.cooldownEnd = 0n
      return 0n
    }
    return { name: 'finalizeUnstake', args: [], apply }
  }
  if (kind >= 3 && kind <= 5 && unlocked > WAD) {
    const amount = half(unlocked)
    const change = (it, _, supply) => {
      it.locked += amount
      it.outstanding += quote(launchCurve, supply, amount)
    }
    return action('mintDiem', [amount, 0n], change)
  }
  if (kind <= 7 && account.outstanding > 0n) {
    const amount = random() % 5n === 0n ? account.outstanding : half(account.outstanding)
    const change = (it) => {
      it.locked -= (amount * it.locked) / it.outstanding
      it.outstanding -= amount
    }
    return action('burnDiem', [amount], change)
  }
  if (kind === 8) return setting('setEmissionRate', 'rate', (random() % 5n) * yearly(3_000_000))
  if (kind === 9) return setting('setVeniceEmissionsPercentage', 'share', (random() % 11n) * (WAD / 10n))
  if (kind === 10) return setting('setVeniceEmissionsPercentageWhenLocked', 'shareLocked', (random() % 11n) * (WAD / 10n))
  const amount = WAD + (random() % (300n * WAD))
  const recipient = random() % 4n === 0n ? carol : user
  return action('stake', [recipient, amount], (it) => (it.balance += amount), recipient)
}

async function equalsModel(model, addresses) {
  assert.equal(await read(at.Staking, 'accRewardPerShare'), model.accumulator)
  assert.equal(await read(at.Staking, 'accRewardPerShareLocked'), model.accumulatorLocked)
  assert.equal(await read(at.Staking, 'lastRewardTimestamp'), model.timestamp)
  assert.equal(await read(at.Staking, 'totalSupply'), model.supply)
  assert.equal(await read(at.Staking, 'totalLockedStakedVVV'), model.lockedTotal)
  for (const address of addresses) {
    const account = model.account(address)
    assert.equal(await read(at.Staking, 'pendingRewards', [address]), model.pendingAt(address, await now()))
    assert.equal(await read(at.Staking, 'balanceOfUnlocked', [address]), account.balance - account.locked)
    assert.equal((await read(at.Staking, 'stakes', [address]))[0], account.debt)
    assert.deepEqual(await read(at.Staking, 'lockedStakes', [address]), [account.locked, account.outstanding])
  }
}

/// Deterministic randomness, so that a failure comes back.
function generator(seed) {
  let state = BigInt(seed)
  return () => {
    state = BigInt(keccak256(toHex(state, { size: 32 })))
    return state >> 64n
  }
}

test('pending rewards seen in a block are what an action in it is paid, and it updates once', async () => {
  await asSafe(at.Treasury, at.Staking, 'setVeniceEmissionsPercentage', [WAD / 10n])
  await asSafe(at.Treasury, at.Staking, 'setEmissionRate', [yearly(10_000_000)])
  const claim = await queue(alice, at.Staking, 'claim')
  const later = await queue(bob, at.Staking, 'claim')
  await chain.mine(3_600)
  const before = `0x${((await height()) - 1).toString(16)}`
  const data = encodeCall('StakingV2', 'pendingRewards', [alice])
  const seen = await chain.rpc('eth_call', { to: at.Staking, data }, before, {}, { time: `0x${(await now()).toString(16)}` })
  assert.deepEqual(only(await events(claim), 'Staking.Claimed'), [[alice, BigInt(seen)]])
  assert.equal(await read(at.Staking, 'pendingRewards', [alice]), 0n)
  const mints = async (hash) => only(await events(hash), 'VVV.Transfer').filter(([from]) => from === zeroAddress)
  assert.deepEqual((await mints(claim)).map(([, to]) => to), [at.Staking, at.Treasury])
  assert.deepEqual(await mints(later), [])
  assert.deepEqual(await act(bob, at.Staking, 'claim', [], 0), [], 'a claim of nothing leaves no trace')
})

test('DIEM is minted and burned by position, also twice in one transaction', async () => {
  for (const vault of [at.VaultA, at.VaultB]) {
    await act(bob, at.VVV, 'approve', [at.Staking, max])
    await act(bob, at.Staking, 'stake', [vault, 2_000n * WAD])
  }
  const through = (vault, functionName, args) => ({
    target: vault,
    data: encodeCall('Safe', 'exec', [at.Staking, encodeCall('StakingV2', functionName, args)]),
  })
  const supply = await read(at.DIEM, 'totalSupply')
  const first = quote(launchCurve, supply, 900n * WAD)
  const second = quote(launchCurve, supply + first, 900n * WAD)
  const calls = [through(at.VaultA, 'mintDiem', [900n * WAD, first]), through(at.VaultB, 'mintDiem', [900n * WAD, 0n])]
  const minted = await act(dave, at.Batcher, 'run', [calls])
  const legs = minted.filter(({ name }) => name === 'DIEM.Transfer' || name === 'Staking.DiemMinted')
  assert.deepEqual(legs.map(({ name, args }) => [name, ...args]), [
    ['DIEM.Transfer', zeroAddress, at.VaultA, first],
    ['Staking.DiemMinted', 900n * WAD, first],
    ['DIEM.Transfer', zeroAddress, at.VaultB, second],
    ['Staking.DiemMinted', 900n * WAD, second],
  ])
  assert.equal(await read(at.Staking, 'balanceOf', [at.VaultA]), 2_000n * WAD, 'locked sVVV stays in the balance')

  await reverts('TooLittleDiemOut', at.VaultA, at.Staking, 'mintDiem', [WAD, WAD])
  await reverts('InsufficientUnlocked', at.VaultA, at.Staking, 'mintDiem', [1_100n * WAD + 1n, 0n])
  await reverts('InsufficientUnlocked', at.VaultA, at.Staking, 'initiateUnstake', [1_100n * WAD + 1n])
  await reverts('MoreThanOutstanding', operator, at.Staking, 'burnDiem', [1n])
  await reverts('MoreThanOutstanding', at.VaultA, at.Staking, 'burnDiem', [first + 1n])

  const third = first / 3n
  const burned = await asSafe(at.VaultA, at.Staking, 'burnDiem', [third])
  const unlocked = (third * 900n * WAD) / first
  assert.deepEqual(only(burned, 'DIEM.Transfer'), [[at.VaultA, zeroAddress, third]])
  assert.deepEqual(only(burned, 'Staking.DiemBurned'), [[unlocked, third]])
  const direct = await act(operator, at.DIEM, 'burn', [operator, WAD])
  assert.deepEqual(names(direct), ['DIEM.Transfer'])
  await reverts('MissingRole', dave, at.DIEM, 'burn', [operator, 1n])
  await reverts('ZeroAddress', operator, at.DIEM, 'transfer', [zeroAddress, 1n])
})

test('unstaking sVVV burns it at once and pays VVV when the cooldown is over', async () => {
  const supply = await read(at.Staking, 'totalSupply')
  const started = await asSafe(at.VaultB, at.Staking, 'initiateUnstake', [300n * WAD])
  assert.deepEqual(only(started, 'Staking.Transfer'), [[at.VaultB, zeroAddress, 300n * WAD]])
  assert.deepEqual(only(started, 'Staking.UnstakeInitiated'), [[at.VaultB, 300n * WAD]])
  assert.equal(await read(at.Staking, 'totalSupply'), supply - 300n * WAD)
  const [, end, amount] = await read(at.Staking, 'stakes', [at.VaultB])
  assert.deepEqual([end, amount], [(await now()) + stakingCooldown, 300n * WAD])
  await reverts('UnstakePending', at.VaultB, at.Staking, 'initiateUnstake', [1n])
  await chain.mine(Number(stakingCooldown) - 2)
  await reverts('CooldownNotOver', at.VaultB, at.Staking, 'finalizeUnstake')
  const paid = await asSafe(at.VaultB, at.Staking, 'finalizeUnstake')
  assert.deepEqual(names(paid), ['VVV.Transfer', 'Staking.UnstakeFinalized', 'VaultB.ExecutionSuccess'])
  await reverts('NothingCooling', at.VaultB, at.Staking, 'finalizeUnstake')
})

test('staked DIEM cools as a whole and counts as staked until it is withdrawn', async () => {
  await act(operator, at.DIEM, 'transfer', [at.DIEM, 5n * WAD])
  assert.equal(await read(at.DIEM, 'totalStaked'), 0n, 'a plain transfer is no stake')
  const staked = await act(operator, at.DIEM, 'stake', [10n * WAD])
  assert.deepEqual(staked.map(({ name, args }) => [name, ...args]), [
    ['DIEM.Transfer', operator, at.DIEM, 10n * WAD],
    ['DIEM.Staked', operator, 10n * WAD],
  ])
  assert.deepEqual(names(await act(operator, at.DIEM, 'initiateUnstake', [4n * WAD])), ['DIEM.UnstakeInitiated'])
  await act(operator, at.DIEM, 'initiateUnstake', [1n * WAD], DAY - 2)
  const reset = (await now()) + diemCooldown
  assert.deepEqual(await read(at.DIEM, 'stakedInfos', [operator]), [5n * WAD, reset, 5n * WAD])
  assert.equal(await read(at.DIEM, 'totalStaked'), 10n * WAD)
  await chain.mine(10)
  await reverts('CooldownNotOver', operator, at.DIEM, 'unstake')
  const paid = await act(operator, at.DIEM, 'unstake', [], DAY)
  assert.deepEqual(paid.map(({ name, args }) => [name, ...args]), [
    ['DIEM.Transfer', at.DIEM, operator, 5n * WAD],
    ['DIEM.Unstaked', operator, 5n * WAD],
  ])
  assert.deepEqual(await read(at.DIEM, 'stakedInfos', [operator]), [5n * WAD, 0n, 0n])
  assert.equal(await read(at.DIEM, 'totalStaked'), 5n * WAD)
  await reverts('NothingCooling', operator, at.DIEM, 'unstake')
  await reverts('InsufficientStake', operator, at.DIEM, 'initiateUnstake', [5n * WAD + 1n])
})

test('parameters changed later announce themselves', async () => {
  const changes = [
    ['setCooldownDuration', 'CooldownDurationUpdated', 60n],
    ['setTreasury', 'TreasuryUpdated', bob],
    ['setEmissionRate', 'EmissionRateUpdated', yearly(6_000_000)],
    ['setVeniceEmissionsPercentage', 'VeniceEmissionsPercentageUpdated', 0n],
    ['setVeniceEmissionsPercentageWhenLocked', 'VeniceEmissionsPercentageWhenLockedUpdated', WAD / 5n],
  ]
  for (const [setter, event, value] of changes) {
    assert.deepEqual(only(await asSafe(at.Treasury, at.Staking, setter, [value]), `Staking.${event}`), [[value]])
    await reverts('NotOwner', operator, at.Staking, setter, [value])
  }
  const diem = await act(operator, at.DIEM, 'setCooldownDuration', [60n])
  assert.deepEqual(only(diem, 'DIEM.CooldownDurationUpdated'), [[60n]])
})

test('the proxy holds what it owes, but for the 1 sVVV of the initialiser', async () => {
  const held = await read(at.VVV, 'balanceOf', [at.Staking])
  const accounts = [alice, bob, carol, at.VaultA, at.VaultB, at.Staking]
  const sum = async (figure) => (await Promise.all(accounts.map(figure))).reduce((a, b) => a + b, 0n)
  const pending = await sum((user) => read(at.Staking, 'pendingRewards', [user]))
  const cooling = await sum(async (user) => (await read(at.Staking, 'stakes', [user]))[2])
  const unmined = await emittedSince()
  const unexplained = held + unmined - (await read(at.Staking, 'totalSupply')) - cooling - pending
  assert.ok(unexplained + WAD < 1_000n && unexplained + WAD > -1_000n, `unexplained: ${unexplained}`)
})

/// What an update in the latest block would mint to the proxy.
async function emittedSince() {
  const [rate, last, locked, supply, share] = await Promise.all(
    ['emissionRatePerSecond', 'lastRewardTimestamp', 'totalLockedStakedVVV', 'totalSupply',
      'veniceEmissionsPercentageWhenLocked'].map((view) => read(at.Staking, view)),
  )
  const raw = ((await now()) - last) * rate
  return raw - (((raw * locked) / supply) * share) / WAD
}

test('Multicall3 reports failures and the block it runs in', async () => {
  const target = (address, functionName, args = []) => encodeCall(twinAt.get(address), functionName, args)
  const calls = [
    { target: at.Multicall3, allowFailure: false, callData: target(at.Multicall3, 'getBlockNumber') },
    { target: at.Multicall3, allowFailure: false, callData: target(at.Multicall3, 'getCurrentBlockTimestamp') },
    { target: at.Staking, allowFailure: true, callData: target(at.Staking, 'diemSupply', [256n]) },
  ]
  const results = await read(at.Multicall3, 'aggregate3', [calls])
  assert.deepEqual(results.map(({ success }) => success), [true, true, false])
  assert.equal(BigInt(results[0].returnData), BigInt(await height()))
  assert.equal(BigInt(results[1].returnData), await now())
  await reverts('CallFailed', dave, at.Multicall3, 'aggregate3', [[{ ...calls[2], allowFailure: false }]])
})
