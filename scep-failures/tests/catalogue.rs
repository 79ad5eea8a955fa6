//! What must hold for every file of the catalogue, whoever adds one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use scep_failures::catalogue::{
    Catalogue, Kind, Layer, Level, Look, SymptomKind, View, Visibility,
};
use scep_failures::evidence::table;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn every_file_is_loaded() {
    let catalogue = Catalogue::builtin();
    let loaded: BTreeSet<String> = catalogue
        .modes()
        .map(|mode| format!("{}/{}", mode.layer, mode.id))
        .chain(
            catalogue
                .symptoms()
                .map(|symptom| format!("symptoms/{}", symptom.id)),
        )
        .collect();
    let folder = root().join("catalogue");
    let on_disk: BTreeSet<String> = files_below(&folder, "toml")
        .iter()
        .map(|path| {
            path.strip_prefix(&folder)
                .unwrap()
                .with_extension("")
                .to_string_lossy()
                .replace('\\', "/")
        })
        .collect();
    assert_eq!(loaded, on_disk);
    assert!(catalogue.modes().count() >= 22);
}

#[test]
fn every_folder_is_a_layer() {
    for entry in fs::read_dir(root().join("catalogue")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(
                name == "symptoms" || Layer::ALL.iter().any(|layer| layer.as_str() == name),
                "{name}"
            );
        }
    }
}

/// Sources know facts, never the names of what they mean: those are data.
#[test]
fn no_id_occurs_in_the_sources() {
    let catalogue = Catalogue::builtin();
    let ids: Vec<&str> = catalogue
        .modes()
        .map(|mode| mode.id.as_str())
        .chain(catalogue.symptoms().map(|symptom| symptom.id.as_str()))
        .collect();
    let sources = files_below(&root().join("src"), "rs");
    assert!(sources.len() > 20);
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        for id in &ids {
            assert!(!text.contains(id), "{} names {id}", path.display());
        }
    }
}

#[test]
fn modes_that_fail_have_what_an_admin_needs() {
    for mode in Catalogue::builtin().modes() {
        assert!(!mode.references.is_empty(), "{}", mode.id);
        assert!(
            !mode.seen.is_empty(),
            "{}: nothing says what a client sees",
            mode.id
        );
        assert!(
            mode.check.text.len() > 20 && mode.fix.text.len() > 10,
            "{}",
            mode.id
        );
        if mode.reproduce.is_some()
            && matches!(mode.kind, Kind::Cause | Kind::Umbrella | Kind::Finding)
        {
            assert!(
                !mode.fix.steps.is_empty() || mode.fix.client.is_some(),
                "{}: nothing heals the simulation",
                mode.id
            );
        }
    }
}

#[test]
fn every_must_clue_can_be_answered_by_the_view_that_shows_the_symptom() {
    let catalogue = Catalogue::builtin();
    for mode in catalogue.modes() {
        for (visibility, look) in mode
            .all_looks()
            .flat_map(scep_failures::catalogue::Looks::entries)
        {
            let Look::Symptom(id) = look else { continue };
            for hint in &catalogue.symptom(id).unwrap().clues.must {
                let needed = table::lookup(&hint.clue.fact).unwrap().visible_at;
                let view = match visibility {
                    Visibility::Request => View::probes(Level::Request),
                    Visibility::Enroll => View::probes(Level::Enroll),
                    Visibility::Memory => View {
                        memory: true,
                        ..View::default()
                    },
                    Visibility::Logs => View {
                        logs: true,
                        ..View::default()
                    },
                    Visibility::Passive | Visibility::Never => View::default(),
                };
                assert!(
                    view.shows(needed),
                    "{}: {visibility:?} cannot answer `{}`",
                    mode.id,
                    hint.clue
                );
            }
        }
    }
}

#[test]
fn modes_of_one_look_are_told_apart_by_the_logs_unless_they_say_so() {
    let catalogue = Catalogue::builtin();
    let views = [
        View::default(),
        View::probes(Level::Request),
        View::probes(Level::Enroll),
        View {
            memory: true,
            ..View::default()
        },
    ];
    for one in catalogue.modes() {
        for other in catalogue.modes().filter(|other| other.id != one.id) {
            let alike = views
                .iter()
                .all(|view| one.look(*view) == other.look(*view));
            let symptom = match one.look(views[2]) {
                Look::Symptom(id) => catalogue.symptom(id),
                Look::Healthy => None,
            };
            let failing = symptom.is_some_and(|symptom| symptom.kind != SymptomKind::Healthy);
            if alike && failing && !one.same_in_logs.contains(&other.id) {
                let of = |mode: &scep_failures::FailureMode| -> BTreeSet<String> {
                    mode.evidence
                        .iter()
                        .filter(|evidence| !evidence.alternative)
                        .map(|e| {
                            format!(
                                "{} {} {} {} {}",
                                e.log, e.source, e.event_id, e.code, e.severity
                            )
                        })
                        .collect()
                };
                assert_ne!(
                    of(one),
                    of(other),
                    "{} and {} leave the same logs",
                    one.id,
                    other.id
                );
            }
        }
    }
}

#[test]
fn baselines_and_steps_are_plausible() {
    for mode in Catalogue::builtin().modes() {
        let Some(reproduce) = &mode.reproduce else {
            continue;
        };
        let starts = reproduce
            .steps
            .iter()
            .filter(|step| matches!(step, scep_failures::catalogue::Step::Start {}))
            .count();
        assert_eq!(starts, 1, "{}: a deployment starts once", mode.id);
    }
}
