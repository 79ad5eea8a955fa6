//! JSON files with a version in them, written whole or not at all.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result, platform};

/// The text of a file; `None` if there is no such file.
pub(crate) fn read_if_present(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::file(path, e)),
    }
}

/// The text of a file that has to be there.
pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| Error::file(path, e))
}

/// Reads a document whose `schema` has to be `schema`.
pub(crate) fn from_json<T: DeserializeOwned>(path: &Path, text: &str, schema: &str) -> Result<T> {
    let parse_error = |source| Error::Format {
        path: path.into(),
        what: "not understood".into(),
        source: Some(source),
    };
    // the version first, so that a file of a later version is not called damaged
    let value: serde_json::Value = serde_json::from_str(text).map_err(parse_error)?;
    match value.get("schema").and_then(serde_json::Value::as_str) {
        Some(found) if found == schema => {}
        Some(found) => {
            let what = format!("its schema is {found:?}, this version reads {schema:?}");
            return Err(Error::format(path, what));
        }
        None => return Err(Error::format(path, format!("it has no schema {schema:?}"))),
    }
    serde_json::from_value(value).map_err(parse_error)
}

/// Writes a document beside `path` and renames it, so that a reader sees the old or the new one.
/// Only the owner may read it.
pub(crate) fn write_json<T: Serialize>(path: &Path, document: &T) -> Result<()> {
    let mut text = serde_json::to_string_pretty(document).map_err(|source| Error::Format {
        path: path.into(),
        what: "cannot be put into JSON".into(),
        source: Some(source),
    })?;
    text.push('\n');
    let name = path
        .file_name()
        .ok_or_else(|| Error::misuse("a file needs a name"))?;
    let mut beside = name.to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(beside);
    let written = platform::create_private(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| std::fs::rename(&beside, path));
    renamed.map_err(|e| {
        // the file beside is of no use to anybody; that it cannot be removed adds nothing
        let _ = std::fs::remove_file(&beside);
        Error::file(path, e)
    })
}
