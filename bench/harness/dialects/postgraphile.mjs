// The schema that PostGraphile generates from the tables.
import { assignee, attachment, enumeration, globalId, mobile, named, present } from "./shape.mjs";

const SCALARS =
  "rowId version subject details status priority confidential showOnOverview reminder tags referenceType referenceId " +
  "messageCount createdOn updatedOn closedOn";
const PERSON = "rowId fullName";
const LISTED = `
      customerByCompanyIdAndCustomerId { ${PERSON} companyName }
      userByCompanyIdAndUserId { ${PERSON} }
      assignmentsByCompanyIdAndNoteId(orderBy: POSITION_ASC) {
        nodes { userByCompanyIdAndUserId { ${PERSON} } }
      }
      messagesByCompanyIdAndNoteId(first: 10, orderBy: POSITION_ASC) {
        nodes { rowId message createdOn userByCompanyIdAndPostedById { ${PERSON} } }
      }`;

const documents = {
  q1: `query Whole($company: BigInt!, $id: BigInt!) {
  noteByCompanyIdAndRowId(companyId: $company, rowId: $id) {
    ${SCALARS}
    noteTypeByCompanyIdAndTypeId { rowId name }
    companyByCompanyId { rowId name }
    customerByCompanyIdAndCustomerId {
      ${PERSON} companyName companyTitle email locale vip isMember mobileFull birthdate createdOn
    }
    userByCompanyIdAndUserId { ${PERSON} email username }
    userByCompanyIdAndUpdatedById { ${PERSON} }
    assignmentsByCompanyIdAndNoteId(orderBy: POSITION_ASC) {
      nodes {
        createdOn
        userByCompanyIdAndUserId { ${PERSON} email }
        userByCompanyIdAndAssignedById { ${PERSON} }
      }
    }
    messagesByCompanyIdAndNoteId(first: 100, orderBy: POSITION_ASC) {
      nodes {
        rowId message createdOn attachmentUrl attachmentFilename attachmentContentType attachmentSize
        userByCompanyIdAndPostedById { ${PERSON} }
      }
    }
  }
}`,
  q2: `query Newest($company: BigInt!) {
  allNotes(first: 50, condition: { companyId: $company, status: "open" }, orderBy: [CREATED_ON_DESC, ROW_ID_DESC]) {
    nodes {
      rowId subject details status priority tags createdOn updatedOn
      ${LISTED}
    }
  }
}`,
  q3: `query OfCustomer($company: BigInt!, $id: BigInt!) {
  allNotes(first: 20, condition: { companyId: $company, customerId: $id }, orderBy: [CREATED_ON_DESC, ROW_ID_DESC]) {
    nodes { ${SCALARS} }
  }
}`,
  m1: `mutation Create($input: BenchPostgraphileNoteMakeInput!) {
  benchPostgraphileNoteMake(input: $input) {
    result {
      rowId version subject details status tags createdOn updatedOn
      noteTypeByCompanyIdAndTypeId { rowId name }
      ${LISTED}
    }
  }
}`,
  m2: `mutation Patch($input: BenchPostgraphileNoteChangeInput!) {
  benchPostgraphileNoteChange(input: $input) {
    result { rowId version subject priority updatedOn changedFields }
  }
}`,
};

const scalars = ({ rowId, status, referenceType, ...rest }) => ({
  id: globalId("Note", rowId),
  status: enumeration(status),
  referenceType: enumeration(referenceType),
  ...rest,
});
const person = present(({ rowId, ...rest }) => ({ id: globalId("User", rowId), ...rest }));
const customer = present(({ rowId, ...rest }) => ({ id: globalId("Customer", rowId), ...rest }));
const message = ({ rowId, message, createdOn, userByCompanyIdAndPostedById }) => ({
  id: globalId("NoteMessage", rowId),
  message,
  createdOn,
  postedBy: person(userByCompanyIdAndPostedById),
});

const listed = (node) => {
  const {
    customerByCompanyIdAndCustomerId,
    userByCompanyIdAndUserId,
    assignmentsByCompanyIdAndNoteId,
    messagesByCompanyIdAndNoteId,
    noteTypeByCompanyIdAndTypeId,
    rowId,
    status,
    ...rest
  } = node;
  return {
    id: globalId("Note", rowId),
    status: enumeration(status),
    ...rest,
    ...("noteTypeByCompanyIdAndTypeId" in node ? { type: named("NoteType", noteTypeByCompanyIdAndTypeId) } : {}),
    customer: customer(customerByCompanyIdAndCustomerId),
    user: person(userByCompanyIdAndUserId),
    assignees: assignmentsByCompanyIdAndNoteId.nodes.map((row) => ({ user: person(row.userByCompanyIdAndUserId) })),
    messages: { nodes: messagesByCompanyIdAndNoteId.nodes.map(message) },
  };
};

const translations = {
  q1: ({ noteByCompanyIdAndRowId: note }) => {
    const {
      noteTypeByCompanyIdAndTypeId,
      companyByCompanyId,
      customerByCompanyIdAndCustomerId,
      userByCompanyIdAndUserId,
      userByCompanyIdAndUpdatedById,
      assignmentsByCompanyIdAndNoteId,
      messagesByCompanyIdAndNoteId,
      ...rest
    } = note;
    return {
      note: {
        ...scalars(rest),
        type: named("NoteType", noteTypeByCompanyIdAndTypeId),
        company: named("Company", companyByCompanyId),
        customer: customer(mobile(customerByCompanyIdAndCustomerId)),
        user: person(userByCompanyIdAndUserId),
        updatedBy: person(userByCompanyIdAndUpdatedById),
        assignees: assignmentsByCompanyIdAndNoteId.nodes.map((row) =>
          assignee(row, person(row.userByCompanyIdAndUserId), person(row.userByCompanyIdAndAssignedById)),
        ),
        messages: {
          nodes: messagesByCompanyIdAndNoteId.nodes.map((row) => ({ ...message(row), attachment: attachment(row) })),
        },
      },
    };
  },
  q2: ({ allNotes }) => ({ notes: { nodes: allNotes.nodes.map(listed) } }),
  q3: ({ allNotes }) => ({ notes: { nodes: allNotes.nodes.map(scalars) } }),
  m1: ({ benchPostgraphileNoteMake }) => ({
    noteCreate: { note: listed(benchPostgraphileNoteMake.result), userErrors: [] },
  }),
  m2: ({ benchPostgraphileNoteChange }) => {
    const { rowId, changedFields, ...note } = benchPostgraphileNoteChange.result;
    const fields = changedFields.map((field) => field.toUpperCase());
    return { notePatch: { note: { id: globalId("Note", rowId), ...note }, changedFields: fields, userErrors: [] } };
  },
};

/** Every request names `company` and `actor`, as the schema covers the whole database. */
export function postgraphile({ company, actor }) {
  const variables = {
    q1: ({ id }) => ({ company, id }),
    q2: () => ({ company }),
    q3: ({ id }) => ({ company, id }),
    m1: ({ customer, type, ...rest }) => ({ input: { company, actor, customer, type, ...rest } }),
    m2: ({ id, subject, priority }) => ({ input: { company, actor, note: id, subject, priority } }),
  };
  return {
    request: (work, parameters) => ({
      method: "POST",
      path: "/graphql",
      body: { query: documents[work], variables: variables[work](parameters) },
    }),
    translate: (work, data) => translations[work](data),
  };
}
