// The schema of the Node peers: the part of the contract that the work uses.
export const typeDefs = /* GraphQL */ `
  scalar DateTime
  scalar Date
  scalar URL
  scalar BigInt

  enum NoteStatus { OPEN CLOSED }
  enum NoteReferenceType {
    BUSINESS CUSTOMER MEMBERSHIP_CARD ORDER POINT_EARNED SUBSCRIPTION TRANSACTION RESERVATION APPOINTMENT EVENT
  }
  enum ErrorCode { INVALID }

  type Note {
    id: ID!
    version: Int!
    subject: String
    details: String
    status: NoteStatus!
    priority: Boolean!
    confidential: Boolean!
    showOnOverview: Boolean!
    reminder: DateTime
    tags: [String!]!
    referenceType: NoteReferenceType
    referenceId: ID
    messageCount: Int!
    createdOn: DateTime!
    updatedOn: DateTime!
    closedOn: DateTime
    type: NoteType
    company: Company!
    customer: Customer
    user: User
    updatedBy: User
    assignees: [NoteAssignee!]!
    messages(first: Int = 20): NoteMessageConnection!
  }
  type NoteConnection { nodes: [Note!]! }
  type NoteType { id: ID! name: String! }
  type Company { id: ID! name: String! }
  type PhoneNumber { full: String }
  type Customer {
    id: ID!
    fullName: String!
    companyName: String
    companyTitle: String
    email: String
    locale: String
    vip: Boolean!
    isMember: Boolean!
    mobile: PhoneNumber
    birthdate: Date
    createdOn: DateTime!
  }
  type User { id: ID! fullName: String! email: String username: String! }
  type NoteAssignee { createdOn: DateTime! user: User! assignedBy: User }
  type NoteMessageConnection { nodes: [NoteMessage!]! }
  type NoteMessage { id: ID! message: String! createdOn: DateTime! attachment: Attachment postedBy: User }
  type Attachment { url: URL filename: String! contentType: String size: BigInt }

  input NoteStatusFilter { eq: NoteStatus }
  input IDFilter { eq: ID }
  input NoteFilter { status: NoteStatusFilter customerId: IDFilter }

  type Query {
    note(id: ID!): Note
    notes(filter: NoteFilter!, first: Int = 20): NoteConnection!
  }

  input NoteCreateInput {
    customerId: ID!
    typeId: ID!
    subject: String!
    details: String!
    tags: [String!]!
    assigneeIds: [ID!]!
  }
  input NotePatch { subject: String! priority: Boolean! }
  input NotePatchInput { id: ID! patch: NotePatch! }
  type UserError { code: ErrorCode! message: String! }
  type NoteCreatePayload { note: Note userErrors: [UserError!]! }
  enum NoteField { SUBJECT PRIORITY }
  type NotePatchPayload { note: Note changedFields: [NoteField!]! userErrors: [UserError!]! }
  type Mutation {
    noteCreate(input: NoteCreateInput!): NoteCreatePayload!
    notePatch(input: NotePatchInput!): NotePatchPayload!
  }
`;
