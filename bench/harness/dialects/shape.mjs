// From generated schemas, which show columns, to the shape of the contract.

export const present = (translate) => (value) => (value === null ? null : translate(value));

export const globalId = (kind, id) => `${kind}:${id}`;

/** As the contract spells it: `membershipCard` is the one with two words written together. */
export const enumeration = present((text) => text.replace(/(?<=[a-z])(?=[A-Z])/, "_").toUpperCase());

export const named = (kind, row) => present(({ rowId, id, name }) => ({ id: globalId(kind, rowId ?? id), name }))(row);

/** The telephone as an object of its own. */
export const mobile = present(({ mobileFull, ...rest }) => ({
  ...rest,
  mobile: present((full) => ({ full }))(mobileFull),
}));

export const assignee = ({ createdOn }, user, assignedBy) => ({ createdOn, user, assignedBy });

export const attachment = (row) =>
  row.attachmentFilename === null
    ? null
    : {
        url: row.attachmentUrl,
        filename: row.attachmentFilename,
        contentType: row.attachmentContentType,
        size: present(String)(row.attachmentSize),
      };
