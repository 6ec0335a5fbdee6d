// Resolvers over rows. Fields that a row does not have under their own name are written out; relations are in
// dataloaders.mjs.
import * as statements from "./statements.mjs";

// The one value that the table spells without an underscore.
const referenceType = (text) => (text === "membershipCard" ? "MEMBERSHIP_CARD" : text.toUpperCase());

const key = (id) => id.slice(id.indexOf(":") + 1);

const fields = {
  Note: {
    id: (note) => `Note:${note.id}`,
    status: (note) => (note.status === "open" ? "OPEN" : "CLOSED"),
    showOnOverview: (note) => note.show_on_overview,
    referenceType: (note) => note.reference_type && referenceType(note.reference_type),
    referenceId: (note) => note.reference_id,
    messageCount: (note) => note.message_count,
    createdOn: (note) => note.created_on,
    updatedOn: (note) => note.updated_on,
    closedOn: (note) => note.closed_on,
  },
  NoteType: { id: (row) => `NoteType:${row.id}` },
  Company: { id: (row) => `Company:${row.id}` },
  Customer: {
    id: (customer) => `Customer:${customer.id}`,
    fullName: (customer) => customer.full_name,
    companyName: (customer) => customer.company_name,
    companyTitle: (customer) => customer.company_title,
    isMember: (customer) => customer.is_member,
    mobile: (customer) => (customer.mobile_full === null ? null : { full: customer.mobile_full }),
    createdOn: (customer) => customer.created_on,
  },
  User: { id: (user) => `User:${user.id}`, fullName: (user) => user.full_name },
  NoteAssignee: { createdOn: (assignment) => assignment.created_on },
  NoteMessage: {
    id: (message) => `NoteMessage:${message.id}`,
    createdOn: (message) => message.created_on,
    attachment: (message) => (message.attachment_filename === null ? null : message),
  },
  Attachment: {
    url: (message) => message.attachment_url,
    filename: (message) => message.attachment_filename,
    contentType: (message) => message.attachment_content_type,
    size: (message) => message.attachment_size,
  },
};

const roots = {
  Query: {
    note: (_, { id }) => statements.note(key(id)),
    notes: async (_, { filter, first }) => {
      const customer = filter.customerId?.eq;
      if (customer) return { nodes: await statements.ofCustomer(key(customer), first) };
      if (filter.status?.eq !== "OPEN") throw new Error("filter by a customer, or by the status OPEN");
      return { nodes: await statements.newestOpen(first) };
    },
  },
  Mutation: {
    noteCreate: async (_, { input }) => {
      const { customerId, typeId, assigneeIds, ...rest } = input;
      const new_ = { customerId: key(customerId), typeId: key(typeId), assigneeIds: assigneeIds.map(key), ...rest };
      return { note: await statements.create(new_), userErrors: [] };
    },
    notePatch: async (_, { input }) => {
      const { note, changedFields } = await statements.patch(key(input.id), input.patch);
      return { note, changedFields: changedFields.map((field) => field.toUpperCase()), userErrors: [] };
    },
  },
};

export const resolvers = { ...fields, ...roots };
