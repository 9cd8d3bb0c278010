// curves.json: the mint curves that the traffic sets, one after another. The rates carry the rounding of doubles, and another
// language's exp may round otherwise, so the cells are data there. `--check` compares instead of writing.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mintCurve } from './curve.mjs'

const file = join(import.meta.dirname, 'curves.json')
const shapes = [
  { target: 38_000, bucketSize: 500 },
  { target: 39_500, bucketSize: 250 },
  { target: 40_000, bucketSize: 500 },
]

const decimal = (_, value) => (typeof value === 'bigint' ? String(value) : value)
const lines = shapes.map((shape) => JSON.stringify({ ...shape, ...mintCurve(shape) }, decimal))
const text = `[\n${lines.join(',\n')}\n]\n`

if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  console.error('curves.json differs from curve.mjs; run `npm run compile`')
  process.exitCode = 1
}
