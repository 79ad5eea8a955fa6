//! `docs/dependencies.md` has a reason for each direct dependency, and for nothing else.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn manifest(folder: &Path) -> toml::Table {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The names in `[dependencies]`, `[dev-dependencies]` and `[build-dependencies]`, there and below
/// `[target]`, without the crates of this workspace.
fn dependencies(table: &toml::Table, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        let Some(table) = value.as_table() else {
            continue;
        };
        match key.as_str() {
            "dependencies" | "dev-dependencies" | "build-dependencies" => {
                let foreign = table.iter().filter(|(name, value)| {
                    !name.starts_with("scep-") && value.get("path").is_none()
                });
                found.extend(foreign.map(|(name, _)| name.clone()));
            }
            "workspace" | "target" => dependencies(table, found),
            target if target.starts_with("cfg(") => dependencies(table, found),
            _ => {}
        }
    }
}

/// The names in the first column of the document's tables.
fn documented() -> BTreeSet<String> {
    fs::read_to_string(root().join("docs/dependencies.md"))
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn every_dependency_has_a_reason_and_every_reason_a_dependency() {
    let workspace = manifest(&root());
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let mut found = BTreeSet::new();
    dependencies(&workspace, &mut found);
    for member in members {
        dependencies(
            &manifest(&root().join(member.as_str().unwrap())),
            &mut found,
        );
    }
    assert!(found.len() > 20, "{found:?}");
    let documented = documented();
    let missing: Vec<_> = found.difference(&documented).collect();
    let left_over: Vec<_> = documented.difference(&found).collect();
    assert!(missing.is_empty(), "without a reason: {missing:?}");
    assert!(
        left_over.is_empty(),
        "no dependencies any more: {left_over:?}"
    );
}

/// A pre-release may change its interface in the next one.
#[test]
fn pre_releases_are_pinned() {
    let workspace = manifest(&root());
    let table = workspace["workspace"]["dependencies"].as_table().unwrap();
    for (name, value) in table {
        let version = value
            .as_str()
            .or_else(|| value.get("version")?.as_str())
            .unwrap_or_default();
        assert!(
            !version.contains('-') || version.starts_with('='),
            "{name} = \"{version}\""
        );
    }
}
