//! Every fact there is: name, meaning, and how much it may be leant on.
//!
//! A name is `<source>.<what>`. Clues in the catalogue are checked against this table.

mod sources;

use std::fmt::Write as _;

pub use sources::SOURCES;

use crate::catalogue::Visibility;

/// Something that facts are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// First part of the names.
    pub name: &'static str,
    /// In a reader's words.
    pub title: &'static str,
    /// The least that gives these facts.
    pub visible_at: Visibility,
    /// The families of facts that it gives.
    families: &'static [&'static [Definition]],
}

/// One fact of a source.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// The part of the name after the source.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// It varies from run to run (times, addresses), so it can rank, and never tell symptoms apart.
    pub volatile: bool,
}

/// What the table says of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The source, in a reader's words.
    pub source: String,
    /// What it says.
    pub text: String,
    /// The least that gives it.
    pub visible_at: Visibility,
    /// It varies from run to run.
    pub volatile: bool,
}

/// The first part of log facts.
pub const LOG: &str = "log";

/// What the table says of a name; `None` if there is no such fact.
#[must_use]
pub fn lookup(path: &str) -> Option<Meaning> {
    if let Some(rest) = path.strip_prefix("log.") {
        return lookup_log(rest);
    }
    let (source, name) = path.split_once('.')?;
    let source = SOURCES.iter().find(|known| known.name == source)?;
    let definition = source
        .definitions()
        .find(|definition| definition.name == name)?;
    Some(Meaning {
        source: source.title.to_owned(),
        text: definition.meaning.to_owned(),
        visible_at: source.visible_at,
        volatile: definition.volatile,
    })
}

/// `<source>.<event>` (its code), `<source>.<event>.text`, `<log>.code`, `<log>.text`.
fn lookup_log(rest: &str) -> Option<Meaning> {
    let mut parts = rest.split('.');
    let (source, what, more) = (parts.next()?, parts.next()?, parts.next());
    if source.is_empty() || parts.next().is_some() {
        return None;
    }
    let event: Option<u32> = what.parse().ok();
    // A text has times, names and addresses in it, and is worded otherwise by versions.
    let (text, volatile) = match (event, what, more) {
        (Some(event), _, None) => (format!("code of event {event}"), false),
        (Some(event), _, Some("text")) => (format!("text of event {event}"), true),
        (None, "code", None) => ("code of a line".to_owned(), false),
        (None, "text", None) => ("a line".to_owned(), true),
        _ => return None,
    };
    let source = format!("log of {source}");
    Some(Meaning {
        source,
        text,
        visible_at: Visibility::Logs,
        volatile,
    })
}

/// The part of a path that names what was looked at: `get-ca-caps`, `crl.ra`, `log.ndes`.
#[must_use]
pub fn source(path: &str) -> &str {
    let skip = if path.starts_with("log.") || path.starts_with("crl.") {
        4
    } else {
        0
    };
    let end = path
        .get(skip..)
        .and_then(|rest| rest.find('.'))
        .map_or(path.len(), |at| at + skip);
    path.get(..end).unwrap_or(path)
}

impl Source {
    /// The facts that it gives.
    pub fn definitions(&self) -> impl Iterator<Item = &'static Definition> {
        self.families.iter().flat_map(|family| family.iter())
    }
}

/// The whole table as Markdown, for the generated documents.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("| fact | meaning | varies |\n|---|---|---|\n");
    for source in SOURCES {
        for definition in source.definitions() {
            let varies = if definition.volatile { "yes" } else { "" };
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| `{}.{}` | {} | {varies} |",
                source.name, definition.name, definition.meaning
            );
        }
    }
    text.push_str("| `log.<source>.<event>` | code of an event, empty if it carries none | |\n");
    text.push_str("| `log.<source>.<event>.text` | its text | |\n");
    text.push_str("| `log.<log>.code` | code of a line of a text log, such as `403 16` | |\n");
    text.push_str("| `log.<log>.text` | the line | |\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_misspellings_are_not() {
        assert!(lookup("get-ca-caps.status").is_some());
        assert!(lookup("crl.ra.fetchable").is_some());
        assert!(lookup("log.ndes.31.text").is_some());
        assert!(lookup("log.iis.code").is_some());
        assert_eq!(
            lookup("enroll.challenge-age-s").map(|fact| fact.volatile),
            Some(true)
        );
        for wrong in [
            "get-ca-caps.stats",
            "getcacaps.status",
            "status",
            "log.ndes",
            "log.ndes.31.code.x",
            "log.iis.line",
        ] {
            assert_eq!(lookup(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sources_of_paths() {
        assert_eq!(source("get-ca-caps.status"), "get-ca-caps");
        assert_eq!(source("crl.ra.expired"), "crl.ra");
        assert_eq!(source("log.ndes.31.text"), "log.ndes");
    }

    #[test]
    fn no_name_stands_twice() {
        for source in SOURCES {
            let mut names: Vec<_> = source
                .definitions()
                .map(|definition| definition.name)
                .collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{}", source.name);
        }
    }
}
