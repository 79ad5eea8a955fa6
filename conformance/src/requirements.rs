//! The requirements of RFC 8894 and of what it stands on: where each is implemented, and which test
//! shows it.
//!
//! `requirements/<number>-<chapter>.toml` holds a [`Chapter`]. A test loads them all, looks for
//! [`problems`], and compares `docs/rfc8894.md` with [`document`].

mod check;
mod document;
mod words;

use std::fs;
use std::path::Path;

use serde::Deserialize;

pub use check::problems;
pub use document::document;
pub use words::{Level, Role};

/// The folder of the chapters, below the repository's root.
pub const FOLDER: &str = "conformance/requirements";

/// What [`Requirement::untested`] says of what is not built yet.
pub const PLANNED: &str = "planned";

/// Requirements that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    /// Name of its file.
    #[serde(skip)]
    pub file: String,
    /// Heading.
    pub title: String,
    /// The requirements, in order of id.
    #[serde(rename = "requirement")]
    pub requirements: Vec<Requirement>,
}

/// One requirement, in words of our own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Stable id, such as `R-3.2.1-a`.
    pub id: String,
    /// Section of RFC 8894, or another source by its name.
    pub section: String,
    /// How binding it is.
    pub level: Level,
    /// Whom it binds.
    pub role: Role,
    /// What it asks for, in one line.
    pub text: String,
    /// Where it is implemented.
    #[serde(default)]
    pub code: Vec<Place>,
    /// Tests that show it: a file, and a function in it.
    #[serde(default)]
    pub tests: Vec<Place>,
    /// Why it is not implemented or not tested, or what is done otherwise.
    pub not: Option<String>,
    /// Why there is no test though there should be one; [`PLANNED`] if there is no code either.
    pub untested: Option<String>,
}

impl Requirement {
    /// Whether it is still to be built.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        self.untested.as_deref() == Some(PLANNED)
    }
}

/// A file, and what to look at in it: `scep-core/src/http.rs::Operation`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Place {
    /// Path below the repository's root.
    pub file: String,
    /// Name of a function, type, constant or variant there.
    pub item: Option<String>,
}

impl From<String> for Place {
    fn from(text: String) -> Self {
        match text.split_once("::") {
            Some((file, item)) => Self {
                file: file.into(),
                item: Some(item.into()),
            },
            None => Self {
                file: text,
                item: None,
            },
        }
    }
}

/// All chapters, in order of their files' names.
///
/// # Errors
/// With the name of the file that cannot be read, or has a field too many or too few.
pub fn load(root: &Path) -> Result<Vec<Chapter>, String> {
    let folder = root.join(FOLDER);
    let named = |e: std::io::Error| format!("{FOLDER}: {e}");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(named)? {
        files.push(entry.map_err(named)?.path());
    }
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let text = fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
            parse(&name, &text)
        })
        .collect()
}

/// One chapter.
///
/// # Errors
/// If the text is no chapter; with the name of the file.
pub fn parse(file: &str, text: &str) -> Result<Chapter, String> {
    let mut chapter: Chapter = toml::from_str(text).map_err(|e| format!("{file}: {e}"))?;
    file.clone_into(&mut chapter.file);
    Ok(chapter)
}
