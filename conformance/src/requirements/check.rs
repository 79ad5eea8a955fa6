//! What can be wrong with the requirements.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{Chapter, Place, Requirement};

/// Longest wording, in characters.
const MAX_TEXT: usize = 110;

/// Everything that is wrong with them, one sentence each: an id that is not unique or not in its
/// place, a row that says nothing, code or a test that is not where it should be.
#[must_use]
pub fn problems(root: &Path, chapters: &[Chapter]) -> Vec<String> {
    let mut sources = Sources {
        root,
        read: BTreeMap::new(),
    };
    let mut known = BTreeSet::new();
    let mut out = Vec::new();
    for chapter in chapters {
        if chapter.requirements.is_empty() {
            out.push(format!("{}: has no requirement", chapter.file));
        }
        let keys = chapter.requirements.iter().map(|r| order(&r.id));
        if !keys.is_sorted() {
            out.push(format!("{}: the ids are not in order", chapter.file));
        }
        for requirement in &chapter.requirements {
            let mut found = of_one(requirement);
            if !known.insert(requirement.id.as_str()) {
                found.push("the id is there twice".to_owned());
            }
            found.extend(
                requirement
                    .code
                    .iter()
                    .filter_map(|place| sources.lacks_code(place)),
            );
            found.extend(
                requirement
                    .tests
                    .iter()
                    .filter_map(|place| sources.lacks_test(place)),
            );
            out.extend(
                found
                    .into_iter()
                    .map(|problem| format!("{}: {problem}", requirement.id)),
            );
        }
    }
    out
}

/// Family, section by numbers, then letters as in a list: a to z, aa.
fn order(id: &str) -> (&str, Vec<u32>, usize, &str) {
    let (family, rest) = id.split_once('-').unwrap_or((id, ""));
    let (section, letter) = match rest.rsplit_once('-') {
        Some(parts) => parts,
        None if rest.starts_with(|c: char| c.is_ascii_digit()) => (rest, ""),
        None => ("", rest),
    };
    let section = section.split('.').filter_map(|n| n.parse().ok()).collect();
    (family, section, letter.len(), letter)
}

fn of_one(r: &Requirement) -> Vec<String> {
    let mut out = Vec::new();
    let sentences = [Some(&r.text), r.not.as_ref(), r.untested.as_ref()];
    for text in sentences.into_iter().flatten() {
        if text.trim().is_empty() || text.contains(['|', '\n']) {
            out.push(format!("\"{text}\" does not fit a cell"));
        }
    }
    if r.text.chars().count() > MAX_TEXT {
        out.push(format!("the text has more than {MAX_TEXT} characters"));
    }
    if r.section.trim().is_empty() {
        out.push("there is no section".to_owned());
    }
    let (code, tests) = (!r.code.is_empty(), !r.tests.is_empty());
    if tests && !code {
        out.push("tests of what code?".to_owned());
    }
    if tests && r.untested.is_some() {
        out.push("tested and untested at once".to_owned());
    }
    if !code && r.untested.is_some() && !r.is_planned() {
        out.push("what is not there cannot lack a test".to_owned());
    }
    if code && !tests && r.not.is_none() && r.untested.is_none() {
        out.push("there is neither a test nor a reason".to_owned());
    }
    if !code && r.not.is_none() && r.untested.is_none() {
        out.push("the row says nothing".to_owned());
    }
    out
}

/// The files of the repository, each read once.
struct Sources<'a> {
    root: &'a Path,
    read: BTreeMap<String, Option<String>>,
}

impl Sources<'_> {
    fn text(&mut self, file: &str) -> Option<&str> {
        let path = self.root.join(file);
        self.read
            .entry(file.to_owned())
            .or_insert_with(|| fs::read_to_string(path).ok())
            .as_deref()
    }

    fn lacks_code(&mut self, place: &Place) -> Option<String> {
        let Some(text) = self.text(&place.file) else {
            return Some(format!("there is no file {}", place.file));
        };
        let item = place.item.as_deref()?;
        (!has_word(text, item)).then(|| format!("there is no {item} in {}", place.file))
    }

    fn lacks_test(&mut self, place: &Place) -> Option<String> {
        let Some(item) = place.item.as_deref() else {
            return Some(format!("{} names no test", place.file));
        };
        let Some(text) = self.text(&place.file) else {
            return Some(format!("there is no file {}", place.file));
        };
        (!has_test(text, item)).then(|| format!("there is no test {item} in {}", place.file))
    }
}

const fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a name stands somewhere, and not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, found)| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let after = text.get(at + found.len()..).and_then(|t| t.chars().next());
            !before.is_some_and(is_name) && !after.is_some_and(is_name)
        })
}

/// Whether a function of that name stands below a `#[test]`, of whatever kind.
fn has_test(text: &str, name: &str) -> bool {
    text.match_indices(&format!("fn {name}(")).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let block = before.rsplit("\n\n").next().unwrap_or_default();
        block.contains("test]")
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    /// The problems of chapters with these rows, in this crate's folder.
    fn problems_of(chapters: &[&str]) -> String {
        let chapters: Vec<Chapter> = chapters
            .iter()
            .map(|text| parse("x.toml", text).unwrap())
            .collect();
        problems(Path::new(env!("CARGO_MANIFEST_DIR")), &chapters).join("\n")
    }

    fn row(id: &str, more: &str) -> String {
        format!(
            "[[requirement]]\nid = \"{id}\"\nsection = \"1\"\nlevel = \"MUST\"\nrole = \"both\"\n\
             text = \"x\"\n{more}\n"
        )
    }

    fn chapter(rows: &[String]) -> String {
        format!("title = \"x\"\n{}", rows.concat())
    }

    #[test]
    fn a_good_row_has_no_problem() {
        let good = row(
            "R-1-a",
            "code = [\"src/requirements/check.rs::has_word\", \"Cargo.toml\"]\n\
             tests = [\"src/requirements/check.rs::a_good_row_has_no_problem\"]",
        );
        let others = [
            row("R-1-b", "not = \"it is information\""),
            row("R-1-z", "untested = \"planned\""),
            row(
                "R-1-aa",
                "code = [\"Cargo.toml\"]\nuntested = \"nobody wrote one\"",
            ),
            row("R-1.2-a", "not = \"why\""),
            row("R-1.10-a", "not = \"why\""),
        ];
        assert_eq!(
            problems_of(&[&chapter(&[&[good][..], &others].concat())]),
            ""
        );
    }

    #[test]
    fn each_problem_is_named() {
        for (more, problem) in [
            ("", "the row says nothing"),
            ("code = [\"Cargo.toml\"]", "neither a test nor a reason"),
            ("code = [\"Kargo.toml\"]", "there is no file Kargo.toml"),
            ("code = [\"Cargo.toml::packag\"]", "there is no packag in"),
            ("tests = [\"Cargo.toml\"]", "names no test"),
            (
                "tests = [\"src/requirements/check.rs::has_word\"]",
                "there is no test has_word",
            ),
            (
                "tests = [\"src/requirements/check.rs::a_good_row_has_no_problem\"]",
                "what code?",
            ),
            ("untested = \"nobody wrote one\"", "cannot lack a test"),
            ("not = \"a | b\"", "does not fit a cell"),
            ("not = \"\"", "does not fit a cell"),
        ] {
            let found = problems_of(&[&chapter(&[row("R-1-a", more)])]);
            assert!(found.contains(problem), "{more}: {found}");
        }
        let rows = |ids: [&str; 2]| chapter(&ids.map(|id| row(id, "not = \"why\"")));
        assert!(problems_of(&[&rows(["R-1-b", "R-1-a"])]).contains("not in order"));
        assert!(problems_of(&[&rows(["R-1.10-a", "R-1.9-a"])]).contains("not in order"));
        assert!(problems_of(&[&rows(["R-1-a", "R-1-a"])]).contains("there twice"));
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        let good = chapter(&[row("R-1-a", "not = \"why\"")]);
        for (from, to) in [
            ("not =", "knot ="),
            ("title", "titel"),
            ("MUST", "must"),
            ("both", "all"),
        ] {
            assert!(
                parse("x.toml", &good.replacen(from, to, 1)).is_err(),
                "{to}"
            );
        }
    }
}
