// The rules of rewards and of the mint curve once more, in BigInt and from the written rules alone: what the twins are held
// against. Nothing here reads a contract.

const WAD = 10n ** 18n
const SCALE = 10n ** 36n

/// Amount of DIEM that an amount of sVVV buys at a DIEM supply; null where the curve is exhausted.
export function quote({ diemSupply, diemMintRates }, supply, svvv) {
  let bought = 0n
  for (const [index, bound] of diemSupply.entries()) {
    const rate = diemMintRates[index]
    if (rate === 0n || supply >= bound) continue
    const cost = ceilDiv(rate * (bound - supply), WAD)
    if (svvv <= cost) return bought + (svvv * WAD) / rate
    svvv -= cost
    bought += bound - supply
    supply = bound
  }
  return null
}

/// The least amount of sVVV whose quote reaches an amount of DIEM.
export function inverseQuote({ diemSupply, diemMintRates }, supply, diem) {
  let cost = 0n
  for (const [index, bound] of diemSupply.entries()) {
    const rate = diemMintRates[index]
    if (rate === 0n || supply >= bound) continue
    const left = bound - supply
    if (diem <= left) return cost + ceilDiv(rate * diem, WAD)
    cost += ceilDiv(rate * left, WAD)
    diem -= left
    supply = bound
  }
  return null
}

/// Rewards and positions under StakingV2. Every action begins with settle().
export class Rewards {
  constructor({ timestamp, rate, share, shareLocked, accumulator, accumulatorLocked = 0n, supply, accounts }) {
    Object.assign(this, { timestamp, rate, share, shareLocked, accumulator, accumulatorLocked, supply })
    this.lockedTotal = 0n
    this.minted = { stakers: 0n, treasury: 0n }
    this.accounts = new Map(accounts)
  }

  account(address) {
    if (!this.accounts.has(address)) this.accounts.set(address, { balance: 0n, locked: 0n, outstanding: 0n, debt: 0n })
    return this.accounts.get(address)
  }

  update(now) {
    if (now === this.timestamp) return
    const emitted = (now - this.timestamp) * this.rate
    const venice = (emitted * this.share) / WAD
    const raw = emitted - venice
    const rawLocked = (raw * this.lockedTotal) / this.supply
    const unlockedTotal = this.supply - this.lockedTotal
    const veniceLocked = (rawLocked * this.shareLocked) / WAD
    const rise = unlockedTotal > 0n ? ((raw - rawLocked) * SCALE) / unlockedTotal : 0n
    const riseLocked = this.lockedTotal > 0n ? ((rawLocked - veniceLocked) * SCALE) / this.lockedTotal : 0n
    this.accumulator += rise
    this.accumulatorLocked += riseLocked
    this.minted.stakers += (rise * unlockedTotal) / SCALE + (riseLocked * this.lockedTotal) / SCALE
    this.minted.treasury += venice + veniceLocked
    this.timestamp = now
  }

  earned({ balance, locked }) {
    return ((balance - locked) * this.accumulator) / SCALE + (locked * this.accumulatorLocked) / SCALE
  }

  pending(address) {
    return this.earned(this.account(address)) - this.account(address).debt
  }

  /// What the account could claim at a later time if nobody acted before.
  pendingAt(address, now) {
    const later = Object.assign(Object.create(Rewards.prototype), this, { minted: { ...this.minted } })
    later.update(now)
    return later.pending(address)
  }

  /// Returns the rewards paid, applies the change to the account and sets its debt.
  settle(address, now, change = () => {}) {
    this.update(now)
    const account = this.account(address)
    const paid = this.pending(address)
    const before = { ...account }
    change(account, paid)
    this.supply += account.balance - before.balance
    this.lockedTotal += account.locked - before.locked
    account.debt = this.earned(account)
    return paid
  }
}

const ceilDiv = (a, b) => (a + b - 1n) / b
