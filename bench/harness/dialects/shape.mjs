// Converts rows of generated schemas, which expose columns, to the shape of the contract.

export const present = (translate) => (value) => (value === null ? null : translate(value));

export const globalId = (kind, id) => `${kind}:${id}`;

/** Spells an enum value as the contract does: `membershipCard` is the one with two words written together. */
export const enumeration = present((text) => text.replace(/(?<=[a-z])(?=[A-Z])/, "_").toUpperCase());

export const named = (kind, row) => present(({ rowId, id, name }) => ({ id: globalId(kind, rowId ?? id), name }))(row);

/** Moves the telephone number into its own object. */
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
