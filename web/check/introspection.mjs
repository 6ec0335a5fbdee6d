// Compares the server's answer to the introspection query with that of graphql-js, the reference implementation, over
// the schema that the server prints; and the lines with directives of that schema with those that graphql-js prints.
//
//   node introspection.mjs FOLDER     (made by the test `documents_are_written_for_the_reference_implementation`)
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  buildSchema, getIntrospectionQuery, graphqlSync, printSchema, specifiedDirectives, specifiedScalarTypes,
} from 'graphql'

const folder = process.argv[2]
const sdl = readFileSync(join(folder, 'schema.graphql'), 'utf8')
const schema = buildSchema(sdl)

// The query that the test sends: with all options of the specification of September 2025.
const options = {
  descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true,
  inputValueDeprecation: true, oneOf: true,
}
const words = (text) => text.split(/\s+/).filter(Boolean).join(' ')
const query = getIntrospectionQuery(options)
const sent = readFileSync(new URL('../../tests/it/oracle/introspection.graphql', import.meta.url), 'utf8')
if (words(sent) !== words(query)) {
  console.log(`tests/it/oracle/introspection.graphql is not the query of graphql-js:\n${query}`)
  process.exit(1)
}

// The order of lists means nothing.
function sorted(value) {
  if (Array.isArray(value)) {
    const key = (one) => one.name ?? JSON.stringify(one)
    return value.map(sorted).sort((a, b) => (key(a) < key(b) ? -1 : 1))
  }
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, below]) => [name, sorted(below)]).sort())
}

// The differences of two values, each with its path.
function differences(ours, theirs, path, found = []) {
  if (ours === theirs) return found
  const both = [ours, theirs]
  if (both.some((one) => one === null || typeof one !== 'object') || Array.isArray(ours) !== Array.isArray(theirs)) {
    found.push(`${path}: ours ${JSON.stringify(ours)}, theirs ${JSON.stringify(theirs)}`)
    return found
  }
  const named = (value) =>
    Array.isArray(value) ? Object.fromEntries(value.map((one) => [one.name ?? JSON.stringify(one), one])) : value
  const [our, their] = both.map(named)
  for (const name of new Set([...Object.keys(our), ...Object.keys(their)])) {
    differences(our[name], their[name], `${path}.${name}`, found)
  }
  if (Array.isArray(ours) && ours.length !== theirs.length) found.push(`${path}: ours ${ours.length}, theirs ${theirs.length}`)
  return found
}

// The specification does not say how the types, scalars and directives that it defines are described.
const standard = new Set([...specifiedDirectives, ...specifiedScalarTypes].map(({ name }) => name))
const undescribed = (value) =>
  JSON.parse(JSON.stringify(value), (key, below) => (key === 'description' ? undefined : below))
const plain = (one) => (one.name.startsWith('__') || standard.has(one.name) ? undescribed(one) : one)

// What graphql-js has of the draft after September 2025: deprecated directives, and variables of fragments.
const DRAFT = ['DIRECTIVE_DEFINITION', 'FRAGMENT_VARIABLE_DEFINITION']
function withoutDraft(schema) {
  const type = (name) => schema.types.find((one) => one.name === name)
  const directive = type('__Directive')
  directive.fields = directive.fields.filter(({ name }) => !['isDeprecated', 'deprecationReason'].includes(name))
  const directives = type('__Schema').fields.find(({ name }) => name === 'directives')
  directives.args = directives.args.filter(({ name }) => name !== 'includeDeprecated')
  const location = type('__DirectiveLocation')
  location.enumValues = location.enumValues.filter(({ name }) => !DRAFT.includes(name))
  for (const one of schema.directives) one.locations = one.locations.filter((name) => !DRAFT.includes(name))
  return schema
}

const comparable = ({ types, directives, ...rest }) =>
  sorted({ ...rest, types: types.map(plain), directives: directives.map(plain) })

const ours = comparable(JSON.parse(readFileSync(join(folder, 'introspection.json'), 'utf8')).__schema)
const { data, errors } = graphqlSync({ schema, source: query })
if (errors) throw errors[0]
const theirs = comparable(withoutDraft(JSON.parse(JSON.stringify(data)).__schema))
const found = differences(ours, theirs, '__schema')

const marked = (text) =>
  text.split('\n').map((line) => line.trim()).filter((line) => /@(deprecated|oneOf|specifiedBy)\b/.test(line)).sort()
const [ourLines, theirLines] = [marked(sdl), marked(printSchema(schema))]
for (const line of ourLines.filter((line) => !theirLines.includes(line))) found.push(`only ours: ${line}`)
for (const line of theirLines.filter((line) => !ourLines.includes(line))) found.push(`only theirs: ${line}`)
if (ourLines.length !== theirLines.length) found.push(`ours has ${ourLines.length} lines with directives, theirs ${theirLines.length}`)
if (ourLines.length === 0) found.push('no line has a directive')

if (found.length > 0) {
  console.log(`${found.length} differences of introspection:\n${found.slice(0, 40).join('\n')}`)
  process.exit(1)
}
console.log(`graphql-js: introspection equal: ${ours.types.length} types; ${ourLines.length} lines with directives`)
