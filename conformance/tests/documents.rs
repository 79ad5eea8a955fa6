//! The generated documents are what the catalogue says.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use scep_conformance::documents;
use scep_failures::Catalogue;

#[test]
fn generated_documents_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let write = std::env::var_os("SCEP_WRITE_DOCS").is_some();
    let mut stale = Vec::new();
    for document in documents::all(Catalogue::builtin()) {
        let path = root.join(document.path);
        if write {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &document.content).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != document.content {
            stale.push(document.path);
        }
    }
    assert!(
        stale.is_empty(),
        "{stale:?} differ from the catalogue; write them anew with SCEP_WRITE_DOCS=1"
    );
}
