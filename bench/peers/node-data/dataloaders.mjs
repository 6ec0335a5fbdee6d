// Relations through DataLoader, as the guides of GraphQL Yoga and Apollo Server recommend: each request has its own
// loaders, kept in its context.
import DataLoader from "dataloader";
import { byKey, grouped } from "./batches.mjs";
import { company } from "./settings.mjs";
import * as statements from "./statements.mjs";

export function loaders() {
  const one = (ask) => new DataLoader(async (keys) => byKey(keys, await ask(keys)));
  const messages = new Map();
  return {
    customer: one(statements.customers),
    user: one(statements.users),
    type: one(statements.noteTypes),
    company: one(statements.companies),
    assignments: new DataLoader(async (notes) => grouped(notes, await statements.assignments(notes))),
    /** One loader for each size of page. */
    messages: (first) => {
      let loader = messages.get(first);
      if (!loader) {
        loader = new DataLoader(async (notes) => grouped(notes, await statements.messages(notes, first)));
        messages.set(first, loader);
      }
      return loader;
    },
  };
}

const link = (loader, id) => (id === null ? null : loader.load(id));

export const relations = {
  Note: {
    type: (note, _, { loaders }) => link(loaders.type, note.type_id),
    company: (_, __, { loaders }) => loaders.company.load(company),
    customer: (note, _, { loaders }) => link(loaders.customer, note.customer_id),
    user: (note, _, { loaders }) => link(loaders.user, note.user_id),
    updatedBy: (note, _, { loaders }) => link(loaders.user, note.updated_by_id),
    assignees: (note, _, { loaders }) => loaders.assignments.load(note.id),
    messages: async (note, { first }, { loaders }) => ({ nodes: await loaders.messages(first).load(note.id) }),
  },
  NoteAssignee: {
    user: (assignment, _, { loaders }) => loaders.user.load(assignment.user_id),
    assignedBy: (assignment, _, { loaders }) => link(loaders.user, assignment.assigned_by_id),
  },
  NoteMessage: {
    postedBy: (message, _, { loaders }) => link(loaders.user, message.posted_by_id),
  },
};
