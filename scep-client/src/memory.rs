//! The last healthy look at a server, kept for the day on which it does not answer.
//!
//! When NDES fails to start, its certificates cannot be asked for any more; the remembered ones
//! then tell whether one of them has expired or which CRL it needs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scep_core::crypto::{CryptoProvider, DigestAlgorithm};
use scep_failures::observation::Memory;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, file};

/// Where healthy looks are kept.
pub trait MemoryStore: Send + Sync {
    /// What is remembered of `url`.
    ///
    /// # Errors
    /// `File` or `Format` if there is something that cannot be read.
    fn load(&self, url: &str) -> Result<Option<Memory>>;

    /// Remembers the look at `url` in place of the one before.
    ///
    /// # Errors
    /// `File` if it cannot be written.
    fn save(&self, url: &str, memory: &Memory) -> Result<()>;
}

/// One JSON file for each URL, in one folder.
#[derive(Clone, Debug)]
pub struct FileMemory {
    folder: PathBuf,
    provider: Arc<dyn CryptoProvider>,
}

const SCHEMA: &str = "scep-memory/1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    url: String,
    memory: Memory,
}

impl FileMemory {
    /// A store in `folder`, which is made when something is saved. The provider hashes URLs to
    /// file names.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, provider: Arc<dyn CryptoProvider>) -> Self {
        Self {
            folder: folder.into(),
            provider,
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that `url` has: its name is a hash, because URLs hold characters that file names
    /// must not.
    fn path(&self, url: &str) -> Result<PathBuf> {
        let hash = self
            .provider
            .digest(DigestAlgorithm::Sha256, url.as_bytes())
            .map_err(|e| Error::scep("making a file name", e))?;
        let mut name = String::new();
        for octet in hash.iter().take(16) {
            // writing to a String cannot fail
            let _ = write!(name, "{octet:02x}");
        }
        Ok(self.folder.join(name + ".json"))
    }
}

impl MemoryStore for FileMemory {
    fn load(&self, url: &str) -> Result<Option<Memory>> {
        let path = self.path(url)?;
        let Some(text) = file::read_if_present(&path)? else {
            return Ok(None);
        };
        let found: File = file::from_json(&path, &text, SCHEMA)?;
        Ok((found.url == url).then_some(found.memory))
    }

    fn save(&self, url: &str, memory: &Memory) -> Result<()> {
        let path = self.path(url)?;
        std::fs::create_dir_all(&self.folder).map_err(|e| Error::file(&self.folder, e))?;
        file::write_json(
            &path,
            &File {
                schema: SCHEMA.into(),
                url: url.into(),
                memory: memory.clone(),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, FileMemory) {
        let folder = tempfile::tempdir().unwrap();
        let store = FileMemory::new(
            folder.path().join("new"),
            scep_core::crypto::default_provider(),
        );
        (folder, store)
    }

    #[test]
    fn each_url_has_a_memory_of_its_own() {
        let (_folder, store) = store();
        let memory = |taken| Memory {
            taken,
            ..Memory::default()
        };
        assert_eq!(store.load("http://a/").unwrap(), None);
        store.save("http://a/", &memory(1)).unwrap();
        store.save("http://b/", &memory(2)).unwrap();
        store.save("http://a/", &memory(3)).unwrap();
        assert_eq!(store.load("http://a/").unwrap(), Some(memory(3)));
        assert_eq!(store.load("http://b/").unwrap(), Some(memory(2)));
        // nothing but the two files stays behind
        assert_eq!(std::fs::read_dir(store.folder()).unwrap().count(), 2);
    }

    #[test]
    fn a_damaged_file_is_an_error_that_names_it() {
        let (_folder, store) = store();
        store.save("http://a/", &Memory::default()).unwrap();
        let path = store.path("http://a/").unwrap();
        std::fs::write(&path, "{\"schema\":\"scep-memory/99\"}").unwrap();
        let error = store.load("http://a/").unwrap_err();
        assert!(matches!(&error, Error::Format { path: named, .. } if *named == path));
        assert!(error.to_string().contains("scep-memory/1"), "{error}");
    }
}
