// Compares which documents and variables the server and graphql-js, the reference implementation, accept and refuse, and
// in which step they refuse them: as no document, as an invalid one, for its operation or for its variables.
//
//   node verdicts.mjs FOLDER     (made by the test `verdicts_are_written_for_the_reference_implementation`)
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  GraphQLError, TypeInfo, buildSchema, getArgumentValues, getOperationAST, getVariableValues, parse,
  separateOperations, specifiedRules, validate, visit, visitWithTypeInfo,
} from 'graphql'

const folder = process.argv[2]
const schema = buildSchema(readFileSync(join(folder, 'verdicts.graphql'), 'utf8'))

// The scalars of the schema, as their specifications define them.
// The beginning of a day, if the calendar has it.
const calendar = (year, month, day) => {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date : undefined
}
const scalars = {
  Date: (text) => {
    const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []
    return year !== undefined && +year > 0 && calendar(+year, +month, +day) !== undefined
  },
  DateTime: (text) => {
    const form = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/
    const [, year, month, day, hour, minute, second, sign, offset = '0', rest = '0'] = form.exec(text) ?? []
    const time = year === undefined ? undefined : calendar(+year, +month, +day)
    if (time === undefined) return false
    if (+hour > 23 || +minute > 59 || +second > 60 || +offset > 23 || +rest > 59) return false
    time.setUTCHours(+hour, +minute + (sign === '-' ? 1 : -1) * (60 * +offset + +rest))
    // Leap seconds end June and December in UTC (RFC 3339, section 5.7).
    if (+second === 60 && !/-(06-30|12-31)T23:59/.test(time.toISOString())) return false
    // Responses are in UTC, and have years of four digits.
    time.setUTCSeconds(+second)
    return time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9999
  },
  BigInt: (text) => /^(0|-?[1-9]\d*)$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text),
  URL: (text) => {
    const plain = text.length <= 2000 && !/[\s\\\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(text)
    return plain && /^https?:\/\/(?!\/)/i.test(text) && URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)
  },
}
for (const [name, takes] of Object.entries(scalars)) {
  const type = schema.getType(name)
  const check = (text) => {
    if (typeof text !== 'string' || !takes(text)) throw new GraphQLError(`no ${name}`)
    return text
  }
  type.coerceInputValue = type.parseValue = check
  type.coerceInputLiteral = (node) => check(node.kind === 'StringValue' ? node.value : undefined)
  type.parseLiteral = type.coerceInputLiteral
}

// Finds arguments that graphql-js would refuse only when their field runs; this server refuses them before it runs any.
function wrongArgument(document, operation, variables) {
  const typeInfo = new TypeInfo(schema)
  let wrong
  const values = (definition, node) => {
    try {
      return definition ? getArgumentValues(definition, node, variables) : {}
    } catch (error) {
      wrong ??= error.message
      return {}
    }
  }
  // A skipped selection has no arguments; if @skip skips it, @include is not evaluated.
  const isSelected = (node) =>
    ['skip', 'include'].every((name) => {
      const directive = node.directives?.find((one) => one.name.value === name)
      return !directive || values(schema.getDirective(name), directive).if !== (name === 'skip')
    })
  const { definitions } = separateOperations(document)[operation.name?.value ?? '']
  const reached = new Set(definitions.filter(({ kind }) => kind === 'OperationDefinition'))
  const visitor = {
    Field: (node) => (isSelected(node) ? void values(typeInfo.getFieldDef(), node) : false),
    InlineFragment: (node) => (isSelected(node) ? undefined : false),
    FragmentSpread: (node) => {
      if (!isSelected(node)) return false
      const named = ({ kind, name }) => kind === 'FragmentDefinition' && name.value === node.name.value
      reached.add(definitions.find(named))
    },
  }
  // The loop also visits definitions that are added to the set meanwhile.
  for (const definition of reached) visit(definition, visitWithTypeInfo(typeInfo, visitor))
  return wrong
}

function theirs({ document, operationName, variables }) {
  let parsed
  try {
    // The specification does not allow empty selections.
    parsed = parse(document, { allowEmptySelectionSets: false })
  } catch (error) {
    return { verdict: 'syntax', messages: [error.message], locations: error.locations }
  }
  const invalid = validate(schema, parsed, RULES, OPTIONS)
  if (invalid.length > 0) {
    return { verdict: 'invalid', messages: invalid.map((error) => error.message), locations: invalid[0].locations }
  }
  const operation = getOperationAST(parsed, operationName)
  if (!operation) return { verdict: 'operation', messages: [] }
  const inputs = JSON.parse(variables)
  const { errors, variableValues } = getVariableValues(schema, operation.variableDefinitions ?? [], inputs, OPTIONS)
  if (errors) return { verdict: 'variables', messages: errors.map((error) => error.message), locations: errors[0].locations }
  const wrong = wrongArgument(parsed, operation, variableValues)
  return wrong ? { verdict: 'variables', messages: [wrong] } : { verdict: 'taken', messages: [] }
}

// All intended differences, each with its reason; at most three. What only this server bounds is not given to graphql-js,
// which may take very long for it. `without` names rules, and `options` sets options, of graphql-js.
const MEANT = [
  {
    reason: 'bounds, of which the specification has none: those of this server, and the depth of introspection of graphql-js',
    without: ['MaxIntrospectionDepthRule'],
    is: ({ ours }) => ours.verdict === 'too much',
  },
  {
    reason: 'the introspection of the draft after September 2025, which this server does not have',
    is: ({ document, ours }, their) =>
      /isDeprecated|deprecationReason|includeDeprecated/.test(document) && /directives/.test(document) &&
      their.verdict === 'taken' && ours.verdict === 'invalid' &&
      ours.messages.every((message) => /^(Unknown argument|Cannot query field) /.test(message)),
  },
  {
    reason: 'the errors of requests that both refuse: this server suggests no similar names, and does not read type definitions, ' +
      'which no request may contain, to their end',
    options: { hideSuggestions: true },
    is: ({ ours }, their) =>
      their.verdict === 'syntax' && ours.verdict === 'invalid' &&
      ours.messages.some((message) => /^The ".*" definition is not executable\.$/.test(message)),
  },
]
if (MEANT.length > 3) throw new Error('at most three differences are intended')
const OPTIONS = Object.assign({}, ...MEANT.map(({ options }) => options))
const WITHOUT = MEANT.flatMap(({ without = [] }) => without)
const RULES = specifiedRules.filter(({ name }) => !WITHOUT.includes(name))
if (RULES.length !== specifiedRules.length - WITHOUT.length) throw new Error(`graphql-js has no rule ${WITHOUT.join(' or ')}`)

// At most this share of the requests may be refused for bounds, as nothing is compared for them; of those that both
// refuse with one error, at least these shares have the same words and the same places.
const MOST_BOUNDED = 0.005
const LEAST_WORDED = 0.95
const LEAST_PLACED = 0.97

const places = ({ locations }) => (locations ?? []).map(({ line, column }) => `${line}:${column}`).join(' ')

const tally = { documents: 0, taken: 0, syntax: 0, invalid: 0, operation: 0, variables: 0 }
const meant = new Map(MEANT.map(({ reason }) => [reason, 0]))
const worded = { alone: 0, equal: 0, placed: 0 }
const differences = []
const others = new Map()
for (const line of readFileSync(join(folder, 'verdicts.ndjson'), 'utf8').trimEnd().split('\n')) {
  const asked = JSON.parse(line)
  const { ours } = asked
  tally.documents += 1
  const their = ours.verdict === 'too much' ? undefined : theirs(asked)
  if (their) tally[their.verdict] += 1
  if (!their || ours.verdict !== their.verdict) {
    const known = MEANT.find(({ is }) => is(asked, their))
    if (known) meant.set(known.reason, meant.get(known.reason) + 1)
    else differences.push({ ...asked, their })
  } else if (ours.messages.length === 1 && their.messages.length === 1) {
    worded.alone += 1
    const [our, other] = [ours.messages[0].replace(/ \((in|at) .*\)$/, ''), their.messages[0]]
    worded.equal += our === other
    worded.placed += places(ours) === places(their)
    const kind = (message) => message.replace(/"(\\.|[^"])*"/g, '"..."').slice(0, 90)
    if (our !== other) others.set(`${kind(our)}  |  ${kind(other)}`, (others.get(`${kind(our)}  |  ${kind(other)}`) ?? 0) + 1)
  }
}
if (process.env.NOTEGRAPH_ORACLE_WORDS) {
  for (const [words, count] of [...others].sort((a, b) => b[1] - a[1]).slice(0, 40)) console.log(count, words)
}
if (differences.length > 0 || tally.documents === 0) {
  differences.sort((a, b) => a.document.length - b.document.length)
  console.log(`${differences.length} of ${tally.documents} verdicts differ; the shortest:`)
  for (const difference of differences.slice(0, Number(process.env.NOTEGRAPH_ORACLE_SHOWN ?? 3))) console.log(JSON.stringify(difference))
  process.exit(1)
}
const bounded = meant.get(MEANT[0].reason) / tally.documents
const short = [
  bounded > MOST_BOUNDED && `${bounded} of the verdicts are bounds; at most ${MOST_BOUNDED} may be`,
  worded.equal < LEAST_WORDED * worded.alone && `only ${worded.equal} of ${worded.alone} messages have the same words`,
  worded.placed < LEAST_PLACED * worded.alone && `only ${worded.placed} of ${worded.alone} errors have the same places`,
].filter(Boolean)
if (short.length > 0) {
  console.log(`${short.join('; ')}. NOTEGRAPH_ORACLE_WORDS=1 shows the words.`)
  process.exit(1)
}
const { documents, taken, syntax, invalid, operation, variables } = tally
console.log(`graphql-js: ${documents} verdicts, all equal: ${taken} taken; refused: ${syntax} as no documents, ${invalid} as invalid, ` +
  `${operation} for their operation, ${variables} for their variables`)
for (const [reason, count] of meant) console.log(`${count} differ as intended: ${reason}`)
console.log(`of ${worded.alone} with one error, ${worded.equal} have the same words and ${worded.placed} the same places`)
