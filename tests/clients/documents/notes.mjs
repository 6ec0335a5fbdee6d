// The documents of a front end, as the client preset of GraphQL Code Generator finds them.
export const notes = graphql(/* GraphQL */ `
  query Notes($first: Int, $filter: NoteFilter) {
    notes(first: $first, filter: $filter) {
      totalCount
      nodes {
        id
        subject
        status
        ...Author
      }
    }
  }
`);

export const author = graphql(/* GraphQL */ `
  fragment Author on Note {
    createdOn
    user {
      fullName
    }
  }
`);

export const create = graphql(/* GraphQL */ `
  mutation Create($input: NoteCreateInput!) {
    noteCreate(input: $input) {
      note {
        id
      }
      userErrors {
        code
        path
      }
    }
  }
`);
