// Compares which documents and variables the server and graphql-js, the reference implementation, accept and refuse.
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
const calendar = (year, month, day) => {
  const date = new Date(Date.UTC(2000, month - 1, day))
  date.setUTCFullYear(year, month - 1, day)
  return year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}
const scalars = {
  Date: (text) => {
    const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []
    return year !== undefined && calendar(+year, +month, +day)
  },
  DateTime: (text) => {
    const form = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-](\d\d):(\d\d))$/
    const [, year, month, day, hour, minute, second, , , offset = '0', rest = '0'] = form.exec(text) ?? []
    if (year === undefined || !calendar(+year, +month, +day)) return false
    if (+hour > 23 || +minute > 59 || +second > 60 || +offset > 23 || +rest > 59) return false
    // Leap seconds end June and December (RFC 3339, section 5.7).
    return +second < 60 || /-(06-30|12-31)T23:59:59/.test(new Date(text.toUpperCase().replace(':60', ':59')).toISOString())
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
  // The specification does not limit how deep an introspection may nest.
  const rules = specifiedRules.filter((rule) => rule.name !== 'MaxIntrospectionDepthRule')
  const invalid = validate(schema, parsed, rules, { hideSuggestions: true })
  if (invalid.length > 0) {
    return { verdict: 'invalid', messages: invalid.map((error) => error.message), locations: invalid[0].locations }
  }
  const operation = getOperationAST(parsed, operationName)
  if (!operation) return { verdict: 'operation', messages: [] }
  const inputs = JSON.parse(variables)
  const { errors, variableValues } = getVariableValues(schema, operation.variableDefinitions ?? [], inputs, {
    hideSuggestions: true,
  })
  if (errors) return { verdict: 'variables', messages: errors.map((error) => error.message), locations: errors[0].locations }
  const wrong = wrongArgument(parsed, operation, variableValues)
  return wrong ? { verdict: 'variables', messages: [wrong] } : { verdict: 'taken', messages: [] }
}

// Intended differences, each with its reason; at most three.
const MEANT = [
  {
    reason: 'the introspection of the draft after September 2025, which this server does not have',
    is: ({ document }) => /isDeprecated|deprecationReason|includeDeprecated/.test(document) && /directives/.test(document),
  },
]

const places = ({ locations }) => (locations ?? []).map(({ line, column }) => `${line}:${column}`).join(' ')

const tally = { documents: 0, taken: 0, syntax: 0, invalid: 0, operation: 0, variables: 0, bounded: 0, meant: 0 }
const worded = { alone: 0, equal: 0, placed: 0 }
const differences = []
const others = new Map()
for (const line of readFileSync(join(folder, 'verdicts.ndjson'), 'utf8').trimEnd().split('\n')) {
  const asked = JSON.parse(line)
  const { ours } = asked
  tally.documents += 1
  if (ours.verdict === 'too much') {
    tally.bounded += 1
    continue
  }
  const their = theirs(asked)
  tally[their.verdict] += 1
  if ((ours.verdict === 'taken') !== (their.verdict === 'taken')) {
    if (MEANT.some(({ is }) => is(asked))) tally.meant += 1
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
const { documents, taken, syntax, invalid, operation, variables, bounded, meant } = tally
console.log(`graphql-js: ${documents} verdicts, all equal: ${taken} taken; refused: ${syntax} as no documents, ${invalid} as invalid, ` +
  `${operation} for their operation, ${variables} for their variables; ${bounded} refused by bounds alone; ${meant} differ as meant`)
console.log(`of ${worded.alone} with one error, ${worded.equal} have the same words and ${worded.placed} the same places`)
