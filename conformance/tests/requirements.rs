//! `conformance/requirements` is sound, and `docs/rfc8894.md` is what it says.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use scep_conformance::coverage::{self, Unseen};
use scep_conformance::documents::Document;
use scep_conformance::peers;
use scep_conformance::requirements::{self, Chapter, Level};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn chapters() -> Vec<Chapter> {
    requirements::load(root()).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_requirement_has_its_code_and_its_test_or_a_reason() {
    let problems = requirements::problems(root(), &chapters());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_requirement_that_binds_has_its_checks_or_a_reason() {
    let unseen = Unseen::load(root()).unwrap_or_else(|e| panic!("{e}"));
    let problems = coverage::problems(&chapters(), &unseen);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_documents_are_up_to_date() {
    let unseen = Unseen::load(root()).unwrap_or_else(|e| panic!("{e}"));
    is_up_to_date(&requirements::document(&chapters()));
    is_up_to_date(&coverage::document(&chapters(), &unseen));
}

#[test]
fn what_is_known_of_peers_is_up_to_date() {
    let path = root().join("docs/interop.md");
    let document = fs::read_to_string(&path).unwrap();
    let section = peers::section(root()).unwrap_or_else(|e| panic!("{e}"));
    let inserted = peers::inserted(&document, &section).unwrap();
    if std::env::var_os("SCEP_WRITE_DOCS").is_some() {
        fs::write(&path, &inserted).unwrap();
        return;
    }
    assert!(
        document == inserted,
        "docs/interop.md differs; write it anew with SCEP_WRITE_DOCS=1"
    );
}

fn is_up_to_date(document: &Document) {
    let path = root().join(document.path);
    if std::env::var_os("SCEP_WRITE_DOCS").is_some() {
        fs::write(&path, &document.content).unwrap();
        return;
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == document.content,
        "{} differs from {}; write it anew with SCEP_WRITE_DOCS=1",
        document.path,
        requirements::FOLDER
    );
}

/// The list of requirements that ours was made from; it is not ours to copy. `SCEP_REFERENCE` names it.
fn reference() -> Option<String> {
    let named = std::env::var_os("SCEP_REFERENCE").map(PathBuf::from);
    let candidates = match &named {
        Some(named) => vec![named.clone()],
        // beside the repository, or beside the folder of a worktree
        None => vec![
            "../shared/reference/rfc8894.md".into(),
            "../../shared/reference/rfc8894.md".into(),
        ],
    };
    let found = candidates
        .iter()
        .find_map(|path| fs::read_to_string(root().join(path)).ok());
    if found.is_none() {
        assert!(named.is_none(), "SCEP_REFERENCE: there is no {named:?}");
        eprintln!(
            "SKIPPED: ids, levels and roles are not compared, for there is no reference at {candidates:?}"
        );
    }
    found
}

/// Id, then level and role, which the tables of old drafts, products and errata do not have.
fn rows(reference: &str) -> BTreeMap<String, Option<(String, String)>> {
    let mut rows = BTreeMap::new();
    for line in reference.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, id, _section, level, role, ..] = cells.as_slice() else {
            continue;
        };
        let Some((family, _)) = id.split_once('-') else {
            continue;
        };
        let value = match family {
            "R" | "C" | "P" | "X" => Some(((*level).to_owned(), (*role).to_owned())),
            "L" | "Q" | "E" => None,
            _ => continue,
        };
        let before = rows.insert((*id).to_owned(), value);
        assert!(before.is_none(), "{id} is there twice");
    }
    rows
}

#[test]
fn ids_levels_and_roles_are_those_of_the_reference() {
    let Some(reference) = reference() else { return };
    let rows = rows(&reference);
    assert!(rows.len() > 300, "{}", rows.len());
    let chapters = chapters();
    let mut ours = BTreeMap::new();
    for requirement in chapters.iter().flat_map(|chapter| &chapter.requirements) {
        let level = requirement.level;
        let value = match level {
            Level::Legacy | Level::Quirk | Level::Erratum => None,
            _ => Some((level.to_string(), requirement.role.to_string())),
        };
        ours.insert(requirement.id.clone(), value);
    }
    for (id, value) in &rows {
        assert_eq!(ours.get(id), Some(value), "{id}");
    }
    let strange: Vec<_> = ours.keys().filter(|id| !rows.contains_key(*id)).collect();
    assert!(strange.is_empty(), "not in the reference: {strange:?}");
}
