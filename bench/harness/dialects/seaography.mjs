// The schema that Seaography generates from the entities, with the custom fields of the peer.
import { assignee, attachment, enumeration, globalId, mobile, named, present } from "./shape.mjs";

const SCALARS =
  "id version subject details status priority confidential showOnOverview reminder tags referenceType referenceId " +
  "messageCount createdOn updatedOn closedOn";
const PERSON = "id fullName";
const LISTED = `
    customer { ${PERSON} companyName }
    user { ${PERSON} }
    assignees(orderBy: { position: ASC }) { nodes { user { ${PERSON} } } }
    messages(orderBy: { position: ASC }, pagination: { offset: { offset: 0, limit: 10 } }) {
      nodes { id message createdOn postedBy { ${PERSON} } }
    }`;

const documents = {
  q1: `query Whole($id: Int!) {
  note_by_key(id: $id) {
    ${SCALARS}
    type { id name }
    company { id name }
    customer { ${PERSON} companyName companyTitle email locale vip isMember mobileFull birthdate createdOn }
    user { ${PERSON} email username }
    updatedBy { ${PERSON} }
    assignees(orderBy: { position: ASC }) {
      nodes { createdOn user { ${PERSON} email } assignedBy { ${PERSON} } }
    }
    messages(orderBy: { position: ASC }, pagination: { offset: { offset: 0, limit: 100 } }) {
      nodes {
        id message createdOn attachmentUrl attachmentFilename attachmentContentType attachmentSize
        postedBy { ${PERSON} }
      }
    }
  }
}`,
  q2: `query Newest {
  notes_newest_open(first: 50) {
    id subject details status priority tags createdOn updatedOn
    ${LISTED}
  }
}`,
  q3: `query OfCustomer($id: Int!) {
  notes_of_customer(id: $id, first: 20) { ${SCALARS} }
}`,
  m1: `mutation Create(
  $customer: Int!, $type: Int!, $subject: String!, $details: String!, $tags: String!, $assignees: String!
) {
  note_make(
    customer_id: $customer, type_id: $type, subject: $subject, details: $details, tags: $tags, assignee_ids: $assignees
  ) {
    id version subject details status tags createdOn updatedOn
    type { id name }
    ${LISTED}
  }
}`,
  m2: `mutation Patch($id: Int!, $subject: String!, $priority: Boolean!) {
  note_change(id: $id, subject: $subject, priority: $priority) {
    note { id version subject priority updatedOn }
    changed_fields
  }
}`,
};

const variables = {
  q1: ({ id }) => ({ id: +id }),
  q2: () => ({}),
  q3: ({ id }) => ({ id: +id }),
  // Lists are JSON text, as custom fields take no lists of scalars.
  m1: ({ customer, type, tags, assignees, ...rest }) => ({
    customer: +customer,
    type: +type,
    tags: JSON.stringify(tags),
    assignees: JSON.stringify(assignees.map(Number)),
    ...rest,
  }),
  m2: ({ id, ...rest }) => ({ id: +id, ...rest }),
};

// JSON columns come as JSON or as text, depending on the version.
const json = (value) => (typeof value === "string" ? JSON.parse(value) : value);
const note = (row) => ({
  ...row,
  id: globalId("Note", row.id),
  ...("status" in row ? { status: enumeration(row.status) } : {}),
  ...("referenceType" in row ? { referenceType: enumeration(row.referenceType) } : {}),
  ...("tags" in row ? { tags: json(row.tags) } : {}),
});
const person = present((row) => ({ ...row, id: globalId("User", row.id) }));
const customer = present((row) => ({ ...row, id: globalId("Customer", row.id) }));
const message = ({ id, message, createdOn, postedBy }) => ({
  id: globalId("NoteMessage", id),
  message,
  createdOn,
  postedBy: person(postedBy),
});
const listed = (row) => ({
  ...note(row),
  ...("type" in row ? { type: named("NoteType", row.type) } : {}),
  customer: customer(row.customer),
  user: person(row.user),
  assignees: row.assignees.nodes.map(({ user }) => ({ user: person(user) })),
  messages: { nodes: row.messages.nodes.map(message) },
});

const translations = {
  q1: ({ note_by_key: row }) => ({
    note: {
      ...note(row),
      type: named("NoteType", row.type),
      company: named("Company", row.company),
      customer: customer(mobile(row.customer)),
      user: person(row.user),
      updatedBy: person(row.updatedBy),
      assignees: row.assignees.nodes.map((one) => assignee(one, person(one.user), person(one.assignedBy))),
      messages: { nodes: row.messages.nodes.map((one) => ({ ...message(one), attachment: attachment(one) })) },
    },
  }),
  q2: ({ notes_newest_open: rows }) => ({ notes: { nodes: rows.map(listed) } }),
  q3: ({ notes_of_customer: rows }) => ({ notes: { nodes: rows.map(note) } }),
  m1: ({ note_make: row }) => ({ noteCreate: { note: listed(row), userErrors: [] } }),
  m2: ({ note_change: { note: row, changed_fields } }) => ({
    notePatch: { note: note(row), changedFields: json(changed_fields).map((field) => field.toUpperCase()), userErrors: [] },
  }),
};

export const seaography = {
  request: (work, parameters) => ({
    method: "POST",
    path: "/graphql",
    body: { query: documents[work], variables: variables[work](parameters) },
  }),
  translate: (work, data) => translations[work](data),
};
