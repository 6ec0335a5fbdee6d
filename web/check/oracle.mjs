// Runs documents that the server has answered through graphql-js, the reference implementation, over the same schema
// and the same rows, and compares: `data` to the letter, the paths that errors made null, and the errors' own paths.
//
//   node oracle.mjs FOLDER     (made by the test `documents_are_written_for_the_reference_implementation`)
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, execute, parse, specifiedRules, validate } from 'graphql'

const folder = process.argv[2]
const schema = buildSchema(readFileSync(join(folder, 'schema.graphql'), 'utf8'))
schema.getType('Node').resolveType = (row) => row.id.split(':')[0]

// The rows of one database by global ID, with their relations.
function world(rows) {
  const byId = new Map()
  const keep = (type, row) => {
    byId.set(row.id, row)
    return Object.assign(row, { __typename: type })
  }
  const edges = (type, list) => list.edges.map(({ cursor, node }) => ({ cursor, node: keep(type, node) }))
  const company = keep('Company', rows.viewer.company)
  const noteTypes = rows.noteTypes.map((row) => keep('NoteType', row))
  const users = edges('User', rows.users)
  const customers = edges('Customer', rows.customers)
  const notes = edges('Note', rows.notes)
  for (const { node: note } of notes) {
    note.ascending = edges('NoteMessage', note.messages)
    for (const assignee of note.assignees) keep('NoteAssignee', assignee)
    note.descending = note.newest.edges.map(({ cursor, node }) => ({ cursor, node: byId.get(node.id) }))
  }
  return { byId, company, noteTypes, users, customers, notes, viewer: rows.viewer }
}

// A page of a list. `count` is a function, as counting is a separate load, which may fail.
function page(edges, { first, last, page: number }, count) {
  const size = first ?? last ?? 20
  const start = last != null ? Math.max(edges.length - size, 0) : ((number ?? 1) - 1) * size
  const shown = edges.slice(start, start + size)
  return {
    edges: shown,
    nodes: shown.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: last == null && start + size < edges.length,
      hasPreviousPage: last != null ? start > 0 : (number ?? 1) > 1,
      startCursor: shown.at(0)?.cursor ?? null,
      endCursor: shown.at(-1)?.cursor ?? null,
    },
    totalCount: (context, info) => count(context, info, edges.length),
    pageNumber: number ?? null,
    pageCount: (context, info) => (number == null ? null : Math.ceil(count(context, info, edges.length) / size)),
  }
}

// A page of messages knows its positions, and so whether there are messages before and after it.
function thread(note, { first, last, direction }, context, info) {
  // Null means the default.
  const ascending = direction !== 'DESC'
  const edges = ascending ? note.ascending : note.descending
  const shown = page(edges, { first, last })
  const start = edges.indexOf(shown.edges[0])
  const end = start + shown.edges.length
  if (shown.edges.length > 0) {
    const [low, high] = ascending ? [start + 1, end] : [edges.length - end + 1, edges.length - start]
    ask('MessagesOf', range(note, low, high), context, info)
    Object.assign(shown.pageInfo, { hasPreviousPage: start > 0, hasNextPage: end < edges.length })
  }
  return { ...shown, totalCount: edges.length }
}

const key = (id) => id.split(':')[1]
const range = (note, low, high) => `MessageRange { note_id: ${key(note.id)}, low: ${low}, high: ${high} }`

// Fails if the server's load for this key failed.
function ask(question, of, context, info) {
  if (!context.failing.has(`${question} ${of}`)) return
  const message = `${question} ${of} fails on purpose.`
  context.failed.add(JSON.stringify([pathOf(info.path), message]))
  throw new Error(message)
}

function pathOf(path) {
  const segments = []
  for (let at = path; at; at = at.prev) segments.unshift(at.key)
  return segments
}

function link(question, id) {
  return (row, _, context, info) => {
    const to = id(row)
    if (to == null) return null
    ask(question, key(to), context, info)
    return context.world.byId.get(to)
  }
}

const user = (field) => link('UserById', (row) => row[field])
const uncounted = (_, __, count) => count
const counted = (question, of) => (context, info, count) => {
  ask(question, of, context, info)
  return count
}
const notesOf = (belongs) => (row, args, { world }) =>
  page(world.notes.filter(({ node }) => belongs(node, row)), args, uncounted)
const company = (_, __, context, info) => {
  ask('CompanyById', key(context.world.company.id), context, info)
  return context.world.company
}
function find(id, context, info) {
  ask(`${id.split(':')[0].replace(/^Note(?=Message|Assignee)/, '')}ById`, key(id), context, info)
  return context.world.byId.get(id) ?? null
}

const byId = (type) => (_, { id }, context, info) =>
  find(id.includes(':') || !type ? id : `${type}:${id}`, context, info)
const counts = {
  totalCount: (connection, _, context, info) =>
    typeof connection.totalCount === 'function' ? connection.totalCount(context, info) : connection.totalCount,
  // These databases are small enough for exact counts; the precision depends on the same load as the count.
  totalCountPrecision: (connection, _, context, info) => {
    connection.totalCount(context, info)
    return 'EXACT'
  },
  pageCount: (connection, _, context, info) => connection.pageCount(context, info),
}

const resolvers = {
  Query: {
    node: byId(),
    nodes: (_, { ids }, context, info) => ids.map((id) => find(id, context, info)),
    note: byId('Note'),
    customer: byId('Customer'),
    user: byId('User'),
    viewer: (_, __, { world }) => world.viewer,
    noteTypes: (_, __, { world }) => world.noteTypes,
    notes: (_, args, { world }) => page(world.notes, args, uncounted),
    customers: (_, args, { world }) => page(world.customers, args, counted('CustomerTotal', 'None')),
    users: (_, args, { world }) => {
      const { status } = args
      const named = status == null ? 'None' : `Some(${status[0]}${status.slice(1).toLowerCase()})`
      const found = world.users.filter(({ node }) => status == null || node.status === status)
      return page(found, args, counted('UserTotal', `UserListFilter { status: ${named}, search: None }`))
    },
  },
  Viewer: { user: link('UserById', (viewer) => viewer.user.id), company },
  Note: {
    company,
    type: link('NoteTypeById', (note) => note.type?.id),
    customer: link('CustomerById', (note) => note.customerId),
    user: user('userId'),
    updatedBy: link('UserById', (note) => note.updatedBy?.id),
    assignees: (note, _, context, info) => {
      ask('AssigneesOf', key(note.id), context, info)
      return note.assignees
    },
    messages: thread,
    lastMessage: (note, _, context, info) => {
      const last = note.ascending.length
      if (last === 0) return null
      ask('MessagesOf', range(note, last, last), context, info)
      return note.ascending[last - 1].node
    },
  },
  NoteMessage: { note: link('NoteById', (message) => message.noteId), postedBy: user('postedById') },
  NoteAssignee: { user: user('userId'), assignedBy: link('UserById', (assignee) => assignee.assignedBy?.id) },
  Customer: { notes: notesOf((note, customer) => note.customerId === customer.id) },
  User: {
    createdNotes: notesOf((note, row) => note.userId === row.id),
    assignedNotes: notesOf((note, row) => note.assignees.some((assignee) => assignee.userId === row.id)),
  },
  NoteConnection: counts,
  NoteMessageConnection: { totalCount: counts.totalCount },
  CustomerConnection: counts,
  UserConnection: counts,
}

// Every resolver is asynchronous, so that a failing one does not keep its siblings from running.
const fieldResolver = async (row, args, context, info) => {
  const resolve = resolvers[info.parentType.name]?.[info.fieldName]
  return resolve ? resolve(row, args, context, info) : row[info.fieldName]
}

// The paths that errors made null, with the message if the error belongs to the field itself.
function nulls(data, errors) {
  const found = errors.map(({ path, message }) => {
    let value = data
    let length = 0
    while (value !== null && length < path.length) value = value?.[path[length++]]
    if (value !== null) return [JSON.stringify(path), 'is not null']
    return [JSON.stringify(path.slice(0, length)), length === path.length ? message : 'below']
  })
  return JSON.stringify([...new Map(found)].sort())
}

async function difference(world, { document, variables, failing, data, errors }) {
  const parsed = parse(document)
  const invalid = validate(schema, parsed, specifiedRules)
  if (invalid.length > 0) return `graphql-js refuses it: ${invalid.map((error) => error.message).join('; ')}`
  const contextValue = { world, failing: new Set(failing), failed: new Set() }
  const theirs = await execute({ schema, document: parsed, variableValues: variables, contextValue, fieldResolver })
  // Let the siblings of a failed field finish.
  await new Promise((resolve) => setImmediate(resolve))
  const expected = JSON.stringify(theirs.data)
  if (theirs.data === undefined) return `graphql-js does not run it: ${theirs.errors}`
  if (JSON.stringify(JSON.parse(data)) !== expected) return `data\n  ours:   ${data}\n  theirs: ${expected}`
  const theirErrors = (theirs.errors ?? []).map(({ path, message }) => ({ path, message }))
  const [our, their] = [nulls(theirs.data, errors), nulls(theirs.data, theirErrors)]
  if (our !== their) return `nulls\n  ours:   ${our}\n  theirs: ${their}\n  data: ${data}`
  const seen = new Set()
  for (const { path, message } of errors) {
    const error = JSON.stringify([path, message])
    if (!contextValue.failed.has(error)) return `an error of ours that graphql-js has not: ${error}`
    if (seen.has(error)) return `an error of ours twice: ${error}`
    seen.add(error)
  }
  return null
}

let documents = 0
let failures = 0
const seeds = []
const wrong = []
for (const file of readdirSync(folder).filter((file) => file.endsWith('.jsonl'))) {
  const seed = file.replace('.jsonl', '')
  seeds.push(Number(seed))
  const rows = world(JSON.parse(readFileSync(join(folder, `${seed}.rows.json`), 'utf8')))
  for (const line of readFileSync(join(folder, file), 'utf8').trim().split('\n')) {
    const asked = JSON.parse(line)
    documents += 1
    failures += asked.failing.length
    const message = await difference(rows, asked)
    if (message) wrong.push({ seed, message, ...asked })
  }
}
if (wrong.length > 0 || documents === 0) {
  // Report the shortest one, which is the easiest to understand.
  wrong.sort((a, b) => a.document.length - b.document.length)
  const [{ seed, message, document, variables, failing } = {}] = wrong
  console.log(`${wrong.length} of ${documents} documents differ; the shortest, seed ${seed}: ${message}`)
  console.log(`${document}\nvariables: ${JSON.stringify(variables)}\nfailing: ${JSON.stringify(failing)}`)
  process.exit(1)
}
const chosen = `seeds ${Math.min(...seeds)} to ${Math.max(...seeds)}`
console.log(`graphql-js: ${documents} documents (${chosen}), all equal, ${failures} failures on purpose among them`)
