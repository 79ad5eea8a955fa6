//! How often a diagnosis is right: for every failure mode of the catalogue at every view, in every version
//! of the server, behind front ends that change what does not matter, and by a classifier that does not
//! know the symptom. What comes out is `docs/confusion.md`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use scep_conformance::closed_loop::{Look, START, VIEWS, look, look_at, look_through};
use scep_conformance::loopback::Loopback;
use scep_conformance::noise::Noise;
use scep_conformance::parallel::on_all_cores;
use scep_failures::catalogue::{
    self, Catalogue, FailureMode, Kind, Level, Step, SymptomKind, View, Visibility,
};
use scep_failures::diagnosis::{Confidence, Diagnosis, Outcome};
use scep_server_mock::MockNdes;

/// Versions of Windows Server, old to new; the catalogue's own looks are those of the default.
const VERSIONS: [&str; 7] = [
    "ndes-2008r2",
    "ndes-2012",
    "ndes-2012r2",
    "ndes-2016",
    "ndes-2019",
    "ndes-2022",
    "ndes-2025",
];

fn modes() -> Vec<&'static FailureMode> {
    let all = Catalogue::builtin().modes();
    all.filter(|mode| mode.reproduce.is_some() && mode.kind == Kind::Cause)
        .collect()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// What a diagnosis is worth, against what the catalogue declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// The declared symptom, first or among the findings, with the mode among its causes.
    Right,
    /// What the version of the server shows by itself, which comes before the mode or keeps it from
    /// happening.
    Own,
    /// Declared healthy, and diagnosed healthy.
    Healthy,
    /// Nothing was named.
    Unrecognized,
    /// Another symptom, and not with high confidence.
    Unsure,
    /// Another symptom with high confidence, or health where there is none.
    Wrong,
}

fn judge(mode: &FailureMode, view: View, diagnosis: &Diagnosis) -> Verdict {
    let named = diagnosis
        .symptom
        .as_ref()
        .map(|symptom| symptom.id.as_str());
    match mode.look(view) {
        catalogue::Look::Healthy if diagnosis.outcome == Outcome::Healthy => Verdict::Healthy,
        catalogue::Look::Healthy => Verdict::Wrong,
        catalogue::Look::Symptom(id) => {
            // in another version, behind something else, a mode may take another of its shapes
            let first = named.is_some_and(|named| named == id || mode.may_show(named));
            let found = diagnosis.findings.iter().any(|f| f.symptom.id == *id);
            if first || found {
                Verdict::Right
            } else if matches!(diagnosis.outcome, Outcome::Unrecognized)
                || named.is_none()
                || diagnosis.outcome == Outcome::Healthy && is_finding(id)
            {
                // of a risk that is not found nobody says anything
                Verdict::Unrecognized
            } else if diagnosis.confidence == Some(Confidence::High)
                || diagnosis.outcome == Outcome::Healthy
            {
                Verdict::Wrong
            } else {
                Verdict::Unsure
            }
        }
    }
}

fn is_finding(id: &str) -> bool {
    let symptom = Catalogue::builtin().symptom(id);
    symptom.is_some_and(|symptom| symptom.kind == SymptomKind::Finding)
}

/// The view of the level at which a mode shows.
fn own_view(mode: &FailureMode) -> View {
    let own = VIEWS
        .iter()
        .find(|(visibility, _)| *visibility == mode.visible_at);
    own.map_or(VIEWS[4].1, |(_, view)| *view)
}

const fn title(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Passive => "read-only probes",
        Visibility::Request => "with a request (`--send-request`)",
        Visibility::Enroll => "with an enrollment (`--enroll`)",
        Visibility::Memory => "read-only, with memory (`--remember`)",
        Visibility::Logs => "everything, with the server's logs (`--server-log`)",
        Visibility::Never => "never",
    }
}

fn counts(verdicts: impl IntoIterator<Item = Verdict>) -> BTreeMap<Verdict, usize> {
    let mut counts = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(verdict).or_default() += 1;
    }
    counts
}

fn row(counts: &BTreeMap<Verdict, usize>, columns: &[Verdict]) -> String {
    let cells = columns
        .iter()
        .map(|verdict| counts.get(verdict).unwrap_or(&0).to_string());
    cells.collect::<Vec<_>>().join(" | ")
}

/// Whether another version of NDES can stand in: the mode says which server it needs, or needs none.
fn applies(mode: &FailureMode) -> bool {
    let reproduce = mode.reproduce.as_ref().unwrap();
    reproduce.profile.is_none() && reproduce.baseline.as_str() != "third-party"
}

/// The failure that a version of the server shows by itself.
fn own_symptom(version: &str, level: Level) -> Option<String> {
    let view = View {
        level,
        memory: false,
        logs: false,
    };
    let builder = MockNdes::builder().with_seed(1).with_profile(version);
    let network = Loopback::new(builder.in_memory(START).unwrap()).unwrap();
    let look = run(look_at(&network, Catalogue::builtin(), view)).unwrap();
    (look.diagnosis.outcome != Outcome::Healthy).then(|| look.diagnosis.symptom.unwrap().id)
}

#[test]
fn the_confusion_matrix_is_as_documented() {
    let catalogue = Catalogue::builtin();
    let modes = modes();
    let mut wrong: Vec<String> = Vec::new();
    let mut out = String::from("# How often a diagnosis is right\n\n");
    out.push_str(
        "<!-- Generated by `cargo test`; write it anew with `SCEP_WRITE_DOCS=1 cargo test -p \
         scep-conformance --test confusion`. -->\n\n",
    );
    out.push_str(
        "Every cause of the catalogue that can be brought about is brought about, in the simulation, and \
         diagnosed by somebody who knows nothing of it. These are no measurements of the field: the \
         simulation and the classifier share one catalogue. They show that the catalogue is told apart as \
         it says, and how much noise it bears.\n\n",
    );

    let looks: Vec<(&FailureMode, Visibility, View)> = modes
        .iter()
        .flat_map(|mode| VIEWS.map(|(visibility, view)| (*mode, visibility, view)))
        .collect();
    let seen: Vec<Look> = on_all_cores(&looks, |(mode, _, view)| {
        run(look(catalogue, &[&mode.id], *view, None)).unwrap()
    });

    // ---- by view
    out.push_str("## By view\n\n*Wrong* is another symptom with high confidence, or health where there is none.\n\n");
    let columns = [
        Verdict::Right,
        Verdict::Healthy,
        Verdict::Unrecognized,
        Verdict::Unsure,
        Verdict::Wrong,
    ];
    out.push_str("| view | right | rightly healthy | unrecognized | another, unsure | wrong |\n|---|---|---|---|---|---|\n");
    for (visibility, view) in VIEWS {
        let of_view = looks
            .iter()
            .zip(&seen)
            .filter(|((_, v, _), _)| *v == visibility);
        let verdicts = of_view.map(|((mode, _, _), look)| judge(mode, view, &look.diagnosis));
        let counts = counts(verdicts);
        let _ = writeln!(
            out,
            "| {} | {} |",
            title(visibility),
            row(&counts, &columns)
        );
        for bad in [Verdict::Wrong, Verdict::Unsure, Verdict::Unrecognized] {
            if counts.contains_key(&bad) {
                wrong.push(format!("at {visibility:?}: {bad:?}"));
            }
        }
    }

    // ---- versions of the server
    out.push_str("\n## By version of the server\n\nEach mode at the level at which it shows.\n\n");
    out.push_str(
        "| profile | right | the version's own failure | unrecognized | another, unsure | wrong |\n|---|---|---|---|---|---|\n",
    );
    let elsewhere: Vec<_> = VERSIONS
        .iter()
        .flat_map(|version| {
            modes
                .iter()
                .filter(|mode| applies(mode))
                .map(move |m| (*version, *m))
        })
        .collect();
    let own: BTreeMap<(&str, Level), Option<String>> = VERSIONS
        .iter()
        .flat_map(|version| {
            [Level::Passive, Level::Request, Level::Enroll]
                .map(|level| ((*version, level), own_symptom(version, level)))
        })
        .collect();
    let verdicts = on_all_cores(&elsewhere, |(version, mode)| {
        let view = own_view(mode);
        let look = run(look(catalogue, &[&mode.id], view, Some(version))).unwrap();
        let named = look.diagnosis.symptom.as_ref().map(|s| s.id.clone());
        let verdict = judge(mode, view, &look.diagnosis);
        // a history of requests does not come about where requests fail by themselves
        let steps = &mode.reproduce.as_ref().unwrap().steps;
        let history = steps
            .iter()
            .any(|step| matches!(step, Step::Enroll { .. } | Step::Request { .. }));
        let level = if history {
            view.level.max(Level::Request)
        } else {
            view.level
        };
        let own = own[&(*version, level)].clone();
        let by_itself =
            own.is_some() && (named == own || look.diagnosis.outcome == Outcome::Healthy);
        if verdict != Verdict::Right && by_itself {
            return (Verdict::Own, named);
        }
        (verdict, named)
    });
    let columns = [
        Verdict::Right,
        Verdict::Own,
        Verdict::Unrecognized,
        Verdict::Unsure,
        Verdict::Wrong,
    ];
    for version in VERSIONS {
        let of_version = elsewhere
            .iter()
            .zip(&verdicts)
            .filter(|((v, _), _)| *v == version);
        let mut found = Vec::new();
        for ((_, mode), (verdict, named)) in of_version {
            found.push(*verdict);
            if !matches!(verdict, Verdict::Right | Verdict::Own) {
                wrong.push(format!("{} in {version}: {verdict:?}, {named:?}", mode.id));
            }
        }
        let _ = writeln!(out, "| {version} | {} |", row(&counts(found), &columns));
    }

    let columns = [
        Verdict::Right,
        Verdict::Unrecognized,
        Verdict::Unsure,
        Verdict::Wrong,
    ];

    // ---- noise
    out.push_str("\n## Behind a front end that changes what does not matter\n\n");
    out.push_str("| what is changed | right | unrecognized | another, unsure | wrong |\n|---|---|---|---|---|\n");
    let noisy: Vec<_> = Noise::ALL
        .iter()
        .flat_map(|noise| modes.iter().map(move |mode| (*noise, *mode)))
        .collect();
    let verdicts = on_all_cores(&noisy, |(noise, mode)| {
        let view = own_view(mode);
        let look = run(look_through(catalogue, &[&mode.id], view, *noise)).unwrap();
        let named = look.diagnosis.symptom.as_ref().map(|s| s.id.clone());
        (judge(mode, view, &look.diagnosis), named)
    });
    let mut astray = Vec::new();
    for noise in Noise::ALL {
        let of_noise = noisy
            .iter()
            .zip(&verdicts)
            .filter(|((n, _), _)| *n == noise);
        let mut found = Vec::new();
        for ((_, mode), (verdict, named)) in of_noise {
            found.push(*verdict);
            match verdict {
                Verdict::Right => {}
                Verdict::Wrong => wrong.push(format!("{} with {noise:?}: {named:?}", mode.id)),
                _ => astray.push(format!(
                    "- {}: `{}` is {}",
                    noise.title(),
                    mode.id,
                    named
                        .as_deref()
                        .map_or("unrecognized".to_owned(), |id| format!(
                            "taken for `{id}`, without high confidence"
                        ))
                )),
            }
        }
        let _ = writeln!(
            out,
            "| {} | {} |",
            noise.title(),
            row(&counts(found), &columns)
        );
    }
    if !astray.is_empty() {
        let _ = writeln!(
            out,
            "\nNot right, and not sure of it:\n\n{}",
            astray.join("\n")
        );
    }

    // ---- leave one out
    let mut left_out: BTreeMap<Verdict, usize> = BTreeMap::new();
    for ((mode, _, view), look) in looks.iter().zip(&seen) {
        if let catalogue::Look::Symptom(id) = mode.look(*view) {
            let less = catalogue.without_symptom(id);
            let diagnosis = scep_failures::classify(&less, &look.observations);
            *left_out.entry(judge(mode, *view, &diagnosis)).or_default() += 1;
        }
    }
    out.push_str("\n## By a classifier that does not know the symptom\n\n");
    out.push_str(
        "The symptom of each look is taken out of the catalogue. What is left to say is *unrecognized*, a \
         neighbour that fits as well, or, where the symptom is a finding or stands in logs only, health.\n\n",
    );
    out.push_str("| unrecognized | another, unsure | another or health, sure |\n|---|---|---|\n");
    let _ = writeln!(
        out,
        "| {} |",
        row(
            &left_out,
            &[Verdict::Unrecognized, Verdict::Unsure, Verdict::Wrong]
        )
    );

    // ---- the matrix
    out.push_str(
        "\n## The matrix\n\nLooks that are declared to show a symptom, and what was diagnosed.\n\n",
    );
    out.push_str("| symptom | looks | as itself | as something else |\n|---|---|---|---|\n");
    let mut matrix: BTreeMap<&str, (usize, usize, BTreeSet<String>)> = BTreeMap::new();
    for ((mode, _, view), look) in looks.iter().zip(&seen) {
        let id = match mode.look(*view) {
            catalogue::Look::Symptom(id) => id.as_str(),
            catalogue::Look::Healthy => "healthy",
        };
        let entry = matrix.entry(id).or_default();
        entry.0 += 1;
        match judge(mode, *view, &look.diagnosis) {
            Verdict::Right | Verdict::Healthy => entry.1 += 1,
            _ => {
                let named = look.diagnosis.symptom.as_ref();
                entry
                    .2
                    .insert(named.map_or("nothing".to_owned(), |s| s.id.clone()));
            }
        }
    }
    for (id, (all, right, others)) in &matrix {
        let others: Vec<String> = others.iter().map(|other| format!("`{other}`")).collect();
        let _ = writeln!(out, "| `{id}` | {all} | {right} | {} |", others.join(", "));
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/confusion.md");
    if std::env::var_os("SCEP_WRITE_DOCS").is_some() {
        std::fs::write(&path, &out).unwrap();
    } else {
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == out,
            "docs/confusion.md differs from what was found; write it anew with SCEP_WRITE_DOCS=1"
        );
    }
}
