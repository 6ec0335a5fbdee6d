// The API of notegraph, which the peers written by hand serve, too.
import { documents as finding } from "../finding.mjs";

const PERSON = "id fullName";

const documents = {
  ...finding,
  q1: `query Whole($id: ID!) {
  note(id: $id) {
    id version subject details status priority confidential showOnOverview reminder tags referenceType referenceId
    messageCount createdOn updatedOn closedOn
    type { id name }
    company { id name }
    customer {
      id fullName companyName companyTitle email locale vip isMember mobile { full } birthdate createdOn
    }
    user { ${PERSON} email username }
    updatedBy { ${PERSON} }
    assignees { createdOn user { ${PERSON} email } assignedBy { ${PERSON} } }
    messages(first: 100) {
      nodes { id message createdOn attachment { url filename contentType size } postedBy { ${PERSON} } }
    }
  }
}`,
  q2: `query Newest {
  notes(first: 50, filter: { status: { eq: OPEN } }) {
    nodes {
      id subject details status priority tags createdOn updatedOn
      customer { ${PERSON} companyName }
      user { ${PERSON} }
      assignees { user { ${PERSON} } }
      messages(first: 10) { nodes { id message createdOn postedBy { ${PERSON} } } }
    }
  }
}`,
  q3: `query OfCustomer($id: ID!) {
  notes(first: 20, filter: { customerId: { eq: $id } }) {
    nodes {
      id version subject details status priority confidential showOnOverview reminder tags referenceType referenceId
      messageCount createdOn updatedOn closedOn
    }
  }
}`,
  m1: `mutation Create($input: NoteCreateInput!) {
  noteCreate(input: $input) {
    note {
      id version subject details status tags createdOn updatedOn
      type { id name }
      customer { ${PERSON} companyName }
      user { ${PERSON} }
      assignees { user { ${PERSON} } }
      messages(first: 10) { nodes { id message createdOn postedBy { ${PERSON} } } }
    }
    userErrors { message }
  }
}`,
  m2: `mutation Patch($input: NotePatchInput!) {
  notePatch(input: $input) {
    note { id version subject priority updatedOn }
    changedFields
    userErrors { message }
  }
}`,
};

const variables = {
  q1: ({ id }) => ({ id }),
  q2: () => ({}),
  q3: ({ id }) => ({ id }),
  m1: ({ customer, type, subject, details, tags, assignees }) => ({
    input: { customerId: customer, typeId: type, subject, details, tags, assigneeIds: assignees },
  }),
  m2: ({ id, subject, priority }) => ({ input: { id, patch: { subject, priority } } }),
};

export const contract = {
  request: (work, parameters) => ({
    method: "POST",
    path: "/graphql",
    body: { query: documents[work], variables: variables[work]?.(parameters) ?? parameters },
  }),
  /** The response already has the shape of the contract. */
  translate: (work, data) => data,
};
