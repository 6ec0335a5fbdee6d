use std::path::PathBuf;

use clap::Args;

use crate::http::{DocumentsMode, PersistedDocumentSettings};

/// Which GraphQL documents the server accepts.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Stored documents")]
pub struct DocumentArgs {
    /// Files with persisted documents, which clients request by id, as written by GraphQL Code Generator, Relay or
    /// Apollo. All are read and checked at the start. Give several, or separate them by commas. None by default.
    #[arg(long, env = "NOTEGRAPH_DOCUMENTS", value_name = "FILE", num_args = 1.., value_delimiter = ',')]
    pub documents: Vec<PathBuf>,

    /// Which documents are accepted: `off`, only texts; `allow`, texts, ids of --documents, and ids that clients have
    /// registered; `only`, only documents of --documents.
    #[arg(long, env = "NOTEGRAPH_DOCUMENTS_MODE", value_enum, value_name = "MODE", default_value_t = DocumentsMode::Allow)]
    pub documents_mode: DocumentsMode,
}

impl DocumentArgs {
    /// The settings, without the documents themselves, which are read later.
    ///
    /// # Errors
    /// If no document would be accepted.
    pub fn settings(&self) -> Result<PersistedDocumentSettings, String> {
        if self.documents_mode == DocumentsMode::Only && self.documents.is_empty() {
            return Err(
                "--documents-mode only requires --documents: without a file, no document would be accepted".to_owned()
            );
        }
        Ok(PersistedDocumentSettings { mode: self.documents_mode, ..PersistedDocumentSettings::default() })
    }

    /// The files to read.
    pub fn files(&self) -> &[PathBuf] {
        if self.documents_mode == DocumentsMode::Off { &[] } else { &self.documents }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        documents: DocumentArgs,
    }

    fn args(args: &[&str]) -> DocumentArgs {
        Program::parse_from([&["program"], args].concat()).documents
    }

    #[test]
    fn document_files_can_be_repeated_or_separated_by_commas() {
        assert!(args(&[]).files().is_empty());
        for named in [&["--documents", "a", "b"][..], &["--documents", "a,b"], &["--documents=a", "--documents=b"]] {
            assert_eq!(args(named).files().len(), 2, "{named:?}");
        }
        assert!(args(&["--documents", "a", "--documents-mode", "off"]).files().is_empty());
    }

    #[test]
    fn at_least_one_kind_of_document_is_accepted() {
        assert_eq!(args(&[]).settings().unwrap().mode, DocumentsMode::Allow);
        assert!(args(&["--documents-mode", "only"]).settings().is_err_and(|message| message.contains("--documents")));
        let only = args(&["--documents-mode", "only", "--documents", "a"]).settings().unwrap();
        assert_eq!(only.mode, DocumentsMode::Only);
    }
}
