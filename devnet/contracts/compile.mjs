// Compiles src/ into artifacts/. With --check nothing is written: exits 1 naming each artifact that differs from what the
// sources give, and each event or function of the repository's abi/ that its twin lacks or declares otherwise.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import solc from 'solc'

const here = import.meta.dirname
const artifactsDir = join(here, 'artifacts')

const deployed = [
  'VVV', 'StakingV1', 'StakingV2', 'ERC1967Proxy', 'DIEM', 'Multicall3',
  'helpers/Safe', 'helpers/Batcher', 'helpers/Pool', 'helpers/Airdrop', 'helpers/Oracle',
]

const twinOfAbi = { 'vvv.json': 'VVV', 'diem.json': 'DIEM', 'staking_v1.json': 'StakingV1', 'staking_v2.json': 'StakingV2' }

// evmVersion is below what the chain runs, so that a change of its hardfork changes no artifact.
const settings = {
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 200 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
}

// 2519: a parameter shadows a declaration (names in the ABI are given). 3628: a proxy has a payable fallback and no receive.
// 5740: unreachable code (sVVV refuses every transfer).
const expectedWarnings = ['2519', '3628', '5740']

function sources(dir = join(here, 'src')) {
  return readdirSync(dir, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? sources(join(dir, entry.name)) : [join(dir, entry.name)]))
    .sort()
}

function compile() {
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(sources().map((path) => [relative(here, path), { content: readFileSync(path, 'utf8') }])),
    settings: { ...settings, outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input)))
  const complaints = (output.errors ?? []).filter((error) => !expectedWarnings.includes(error.errorCode))
  if (complaints.length > 0) {
    for (const complaint of complaints) console.error(complaint.formattedMessage)
    process.exit(1)
  }
  return output.contracts
}

function artifact(contracts, path) {
  const contractName = path.split('/').at(-1)
  const sourceName = `src/${path}.sol`
  const { abi, evm } = contracts[sourceName][contractName]
  const fields = { contractName, sourceName, compiler: { version: solc.version(), settings } }
  return { ...fields, abi, bytecode: `0x${evm.bytecode.object}` }
}

/// One line per ABI entry: the file stays short, and a changed signature is a changed line.
function render({ abi, ...rest }) {
  const lines = abi.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n')
  const fields = Object.entries(rest).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
  return `{\n${[...fields.slice(0, -1), `  "abi": [\n${lines}\n  ]`, fields.at(-1)].join(',\n')}\n}\n`
}

const parameters = (list) =>
  list.map(({ type, name, indexed }) => `${type}${indexed ? ' indexed' : ''} ${name}`.trim()).join(', ')

function declaration({ type, name, inputs, outputs, stateMutability, anonymous }) {
  if (type === 'event') return `event ${name}(${parameters(inputs)})${anonymous ? ' anonymous' : ''}`
  return `function ${name}(${parameters(inputs)}) ${stateMutability} returns (${parameters(outputs)})`
}

function abiFailures(artifacts) {
  return Object.entries(twinOfAbi).flatMap(([file, twin]) => {
    const wanted = JSON.parse(readFileSync(join(here, '../../abi', file), 'utf8'))
    const { abi } = artifacts.find(({ contractName }) => contractName === twin)
    const offered = new Set(abi.filter(({ type }) => type === 'event' || type === 'function').map(declaration))
    return wanted.map(declaration).filter((line) => !offered.has(line)).map((line) => `abi/${file}: ${twin} lacks ${line}`)
  })
}

function artifactFailures(artifacts) {
  const expected = new Map(artifacts.map((artifact) => [`${artifact.contractName}.json`, render(artifact)]))
  const present = readdirSync(artifactsDir)
  const strays = present.filter((file) => !expected.has(file)).map((file) => `artifacts/${file}: has no source`)
  const stale = [...expected]
    .filter(([file, text]) => !present.includes(file) || readFileSync(join(artifactsDir, file), 'utf8') !== text)
    .map(([file]) => `artifacts/${file}: differs from its source (node compile.mjs)`)
  return [...strays, ...stale]
}

const contracts = compile()
const artifacts = deployed.map((path) => artifact(contracts, path))
const check = process.argv.includes('--check')
if (!check) {
  for (const each of artifacts) writeFileSync(join(artifactsDir, `${each.contractName}.json`), render(each))
}
const failures = [...(check ? artifactFailures(artifacts) : []), ...abiFailures(artifacts)]
for (const failure of failures) console.error(failure)
if (failures.length > 0) process.exit(1)
console.log(`${artifacts.length} artifacts ${check ? 'equal their sources' : 'written'}; the twins cover abi/`)
