// The handwritten handler: one path for each kind of work, the same responses.
const requests = {
  q1: ({ id }) => ({ method: "GET", path: `/note/${id}` }),
  q2: () => ({ method: "GET", path: "/notes" }),
  q3: ({ id }) => ({ method: "GET", path: `/customer/${id}/notes` }),
  m1: ({ customer, type, subject, details, tags, assignees }) => ({
    method: "POST",
    path: "/note",
    body: { customerId: +customer, typeId: +type, subject, details, tags, assigneeIds: assignees.map(Number) },
  }),
  m2: ({ id, subject, priority }) => ({ method: "PATCH", path: `/note/${id}`, body: { subject, priority } }),
};

export const rest = {
  request: (work, parameters) => requests[work](parameters),
  translate: (work, data) => data,
};
