// The mint curve as its owner sets it: 256 buckets of equal size, each at the rate 90 * e^(2 * (s / target)^3), where s is the
// bucket's upper bound. Doubles throughout: the cells on chain carry their rounding.
const cells = 256
const wad = 10n ** 18n

/// target and bucketSize in whole DIEM; both tables in units of 1e-18.
export function mintCurve({ target = 38_000, bucketSize = 500 } = {}) {
  const bounds = Array.from({ length: cells }, (_, index) => (index + 1) * bucketSize)
  return {
    diemSupply: bounds.map((bound) => BigInt(bound) * wad),
    diemMintRates: bounds.map((bound) => BigInt(90 * Math.exp(2 * (bound / target) ** 3) * 1e18)),
  }
}
