//! Every failure mode of the catalogue, looked at from outside through every view.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, OnceLock};

use scep_conformance::closed_loop::{Look, START, VIEWS, look, look_at};
use scep_conformance::loopback::Loopback;
use scep_conformance::parallel::on_all_cores;
use scep_conformance::partition::{Signature, declared_alike};
use scep_failures::Catalogue;
use scep_failures::catalogue::{self, FailureMode, Kind, Symptom, SymptomKind, View, Visibility};
use scep_failures::diagnosis::{Confidence, Outcome};
use scep_failures::evidence::Facts;
use scep_failures::observation::{NetworkErrorKind, Outcome as Outcome_, Probe};
use scep_server_mock::MockNdes;

/// Ids to which `SCEP_MODES=a,b` in the environment confines the tests, for whoever works on them.
fn confined_to() -> Option<Vec<String>> {
    let list = std::env::var("SCEP_MODES").ok()?;
    Some(list.split(',').map(|id| id.trim().to_owned()).collect())
}

fn modes() -> Vec<&'static FailureMode> {
    let only = confined_to();
    let modes: Vec<_> = Catalogue::builtin()
        .modes()
        .filter(|mode| only.as_ref().is_none_or(|ids| ids.contains(&mode.id)))
        .collect();
    assert!(!modes.is_empty(), "no failure mode is called {only:?}");
    modes
}

fn reproducible() -> Vec<&'static FailureMode> {
    modes()
        .into_iter()
        .filter(|mode| mode.reproduce.is_some())
        .collect()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn seen(mode: &FailureMode, view: View) -> Look {
    run(look(Catalogue::builtin(), &[&mode.id], view, None))
        .unwrap_or_else(|e| panic!("{}: {e}", mode.id))
}

type Looks = BTreeMap<Visibility, Look>;

/// The looks of one mode, made once: tests share them.
fn looks_of(mode: &FailureMode) -> &'static Looks {
    static LOOKS: LazyLock<BTreeMap<&'static str, OnceLock<Looks>>> = LazyLock::new(|| {
        let modes = Catalogue::builtin().modes();
        modes
            .map(|mode| (mode.id.as_str(), OnceLock::new()))
            .collect()
    });
    let views = || {
        VIEWS
            .into_iter()
            .map(|(v, view)| (v, seen(mode, view)))
            .collect()
    };
    LOOKS.get(mode.id.as_str()).unwrap().get_or_init(views)
}

/// All looks.
fn looks() -> &'static BTreeMap<(String, Visibility), &'static Look> {
    static ALL: OnceLock<BTreeMap<(String, Visibility), &'static Look>> = OnceLock::new();
    ALL.get_or_init(|| {
        let modes = reproducible();
        on_all_cores(&modes, |mode| {
            looks_of(mode);
        });
        modes
            .iter()
            .flat_map(|mode| {
                looks_of(mode)
                    .iter()
                    .map(|(visibility, look)| ((mode.id.clone(), *visibility), look))
            })
            .collect()
    })
}

/// One mode: what is declared is what is diagnosed; armed, it differs from health at its level; the logs
/// hold its evidence; what heals it heals; and a seed repeats it.
fn check(id: &str) {
    let mode = Catalogue::builtin().mode(id).unwrap();
    if mode.reproduce.is_none() {
        let absent = mode.kind == Kind::Alias || mode.visible_at == Visibility::Never;
        assert!(absent, "nothing says how to bring it about");
        return;
    }
    let modes = [mode];
    let wrong = [
        wrongly_diagnosed(&modes),
        not_first_with_logs(&modes),
        like_health(&modes),
        without_evidence(&modes),
        not_healed(&modes),
        not_repeated(&modes),
    ]
    .concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

include!(concat!(env!("OUT_DIR"), "/modes.rs"));

/// Modes that are not diagnosed as declared.
fn wrongly_diagnosed(modes: &[&'static FailureMode]) -> Vec<String> {
    let mut wrong = Vec::new();
    for mode in modes {
        for (visibility, view) in VIEWS {
            let look = &looks_of(mode)[&visibility];
            let diagnosis = &look.diagnosis;
            let named = diagnosis.symptom.as_ref().map_or("none", |s| s.id.as_str());
            let in_findings = |id: &str| diagnosis.findings.iter().any(|f| f.symptom.id == id);
            match mode.look(view) {
                catalogue::Look::Healthy => {
                    // healthy, and among what was not looked at is this very mode
                    let said = diagnosis
                        .not_proven
                        .iter()
                        .any(|n| n.failure_modes.contains(&mode.id) || mode.kind == Kind::Healthy);
                    if diagnosis.outcome != Outcome::Healthy || !said {
                        wrong.push(format!(
                            "{} at {visibility:?}: healthy expected, {named} diagnosed",
                            mode.id
                        ));
                    }
                }
                catalogue::Look::Symptom(id) => {
                    let first = diagnosis.failure_modes.iter().any(|m| m.id == mode.id);
                    let found = in_findings(id)
                        && diagnosis
                            .findings
                            .iter()
                            .any(|f| f.failure_modes.iter().any(|m| m.id == mode.id));
                    if !(named == id && first || found) {
                        wrong.push(format!(
                            "{} at {visibility:?}: {id} expected, {named} diagnosed",
                            mode.id
                        ));
                    }
                }
            }
        }
    }
    wrong
}

#[test]
fn every_symptom_is_shown_by_a_mode_or_a_variant_that_can_be_brought_about() {
    if confined_to().is_some() {
        return;
    }
    let catalogue = Catalogue::builtin();
    let shown: BTreeSet<&str> = catalogue
        .modes()
        .flat_map(|mode| {
            let own = mode.reproduce.as_ref().map(|_| &mode.symptom);
            let variants = mode.variants.iter().filter(|v| v.reproduce.is_some());
            own.into_iter().chain(variants.map(|v| &v.symptom))
        })
        .flat_map(catalogue::Looks::entries)
        .filter_map(|(_, look)| match look {
            catalogue::Look::Symptom(id) => Some(id.as_str()),
            catalogue::Look::Healthy => None,
        })
        .collect();
    let missing: Vec<&str> = catalogue
        .symptoms()
        .filter(|s| s.kind != SymptomKind::Healthy && !shown.contains(s.id.as_str()))
        .map(|symptom| symptom.id.as_str())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_variant_of_a_mode_looks_as_declared() {
    let mut wrong = Vec::new();
    let mut variants = 0;
    for mode in modes() {
        for variant in mode.variants.iter().filter(|v| v.reproduce.is_some()) {
            variants += 1;
            let name = format!("{}.{}", mode.id, variant.name);
            for (visibility, view) in VIEWS {
                let diagnosis = run(look(Catalogue::builtin(), &[&name], view, None))
                    .unwrap()
                    .diagnosis;
                let named = diagnosis.symptom.as_ref().map_or("none", |s| s.id.as_str());
                let right = match variant.symptom.at(view) {
                    catalogue::Look::Healthy => diagnosis.outcome == Outcome::Healthy,
                    catalogue::Look::Symptom(id) => {
                        named == id && diagnosis.failure_modes.iter().any(|m| m.id == mode.id)
                    }
                };
                if !right {
                    wrong.push(format!(
                        "{name} at {visibility:?}: {:?} declared, {named} diagnosed",
                        variant.symptom.at(view)
                    ));
                }
            }
        }
    }
    assert!(
        variants > 0 || confined_to().is_some(),
        "no variant was tried"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Modes that do not come first once logs are given.
fn not_first_with_logs(modes: &[&'static FailureMode]) -> Vec<String> {
    let mut wrong = Vec::new();
    for mode in modes.iter().filter(|m| m.kind == Kind::Cause) {
        let diagnosis = &looks_of(mode)[&Visibility::Logs].diagnosis;
        // what is no failure is found beside whatever is
        let beside = diagnosis.findings.iter().find(|finding| {
            matches!(mode.look(VIEWS[4].1), catalogue::Look::Symptom(id) if *id == finding.symptom.id)
        });
        let ranked = beside.map_or(&diagnosis.failure_modes, |finding| &finding.failure_modes);
        let first = ranked.first().map_or("none", |m| m.id.as_str());
        let alike = mode.same_in_logs.iter().any(|id| id == first);
        if first != mode.id && !alike {
            wrong.push(format!("{}: {first} comes first", mode.id));
        }
    }
    wrong
}

/// Modes that do not differ from health at their level.
fn like_health(modes: &[&'static FailureMode]) -> Vec<String> {
    let healthy_baselines: BTreeMap<String, BTreeMap<Visibility, Signature>> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut healthy = healthy_baselines;
    for mode in modes.iter().filter(|m| m.kind != Kind::Healthy) {
        let baseline = mode
            .reproduce
            .as_ref()
            .unwrap()
            .baseline
            .as_str()
            .to_owned();
        let Some((visibility, view)) = VIEWS.into_iter().find(|(v, _)| *v == mode.visible_at)
        else {
            continue;
        };
        let per_view = healthy.entry(baseline.clone()).or_default();
        let signature = per_view.entry(visibility).or_insert_with(|| {
            let look = run(healthy_look(&baseline, view));
            Signature::of(&look.observations)
        });
        if *signature == Signature::of(&looks_of(mode)[&visibility].observations) {
            wrong.push(format!(
                "{} does not differ from a healthy {baseline} at {visibility:?}",
                mode.id
            ));
        }
    }
    wrong
}

/// Modes that a seed does not repeat.
fn not_repeated(modes: &[&'static FailureMode]) -> Vec<String> {
    let mut wrong = Vec::new();
    let (visibility, view) = VIEWS[4];
    for mode in modes {
        let (first, again) = (&looks_of(mode)[&visibility], seen(mode, view));
        let facts = |look: &Look| format!("{:?}", Facts::from_observations(&look.observations));
        if facts(first) != facts(&again) {
            wrong.push(format!("{}: a second run saw something else", mode.id));
        }
        if first.observations.logs != again.observations.logs {
            wrong.push(format!("{}: a second run logged something else", mode.id));
        }
    }
    wrong
}

async fn healthy_look(baseline: &str, view: View) -> Look {
    let network = simulation(&[], Some(baseline));
    look_at(&network, Catalogue::builtin(), view).await.unwrap()
}

fn simulation(failures: &[&str], baseline: Option<&str>) -> Loopback {
    let mut builder = MockNdes::builder().with_seed(1);
    if let Some(baseline) = baseline {
        builder = builder.with_baseline(baseline);
    }
    for failure in failures {
        builder = builder.with_failure(*failure);
    }
    Loopback::new(builder.in_memory(START).unwrap()).unwrap()
}

#[test]
fn every_healthy_baseline_is_healthy() {
    for baseline in scep_server_mock::baseline::names() {
        for (visibility, view) in VIEWS {
            let look = run(healthy_look(baseline, view));
            assert_eq!(
                look.diagnosis.outcome,
                Outcome::Healthy,
                "{baseline} at {visibility:?}: {:#?}",
                look.diagnosis.symptom
            );
        }
    }
}

#[test]
fn declared_symptoms_are_the_computed_partition() {
    let mut wrong = Vec::new();
    for (visibility, view) in VIEWS {
        let modes: Vec<(&FailureMode, Signature)> = reproducible()
            .into_iter()
            .filter(|m| m.kind == Kind::Cause)
            .map(|m| {
                (
                    m,
                    Signature::of(&looks()[&(m.id.clone(), visibility)].observations),
                )
            })
            .collect();
        for (i, (a, seen_a)) in modes.iter().enumerate() {
            for (b, seen_b) in modes.iter().skip(i + 1) {
                // a different topology or product is no symptom: only modes of one baseline and one
                // profile are compared
                let setting = |mode: &FailureMode| {
                    let reproduce = mode.reproduce.clone().unwrap();
                    (reproduce.baseline, reproduce.profile)
                };
                if setting(a) != setting(b) {
                    continue;
                }
                let healthy = |mode: &FailureMode| *mode.look(view) == catalogue::Look::Healthy;
                let alike = if healthy(a) && healthy(b) && !view.logs {
                    seen_a.is_as_healthy_as(seen_b)
                } else {
                    seen_a == seen_b
                };
                if alike != declared_alike(a, b, view) {
                    let verb = if alike {
                        "look alike, but are declared different"
                    } else {
                        "differ, but are declared alike"
                    };
                    wrong.push(format!(
                        "{visibility:?}: {} and {} {verb}: {:?}",
                        a.id,
                        b.id,
                        seen_a.difference(seen_b)
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Modes whose evidence is not in the logs.
fn without_evidence(modes: &[&'static FailureMode]) -> Vec<String> {
    let mut missing = Vec::new();
    for mode in modes {
        let look = &looks_of(mode)[&Visibility::Logs];
        for declared in mode.evidence.iter().filter(|e| !e.alternative) {
            let logs = &look.observations.logs;
            let found = logs.iter().any(|record| declared.matches(record));
            if !found {
                missing.push(format!(
                    "{}: {} {} event {} {}",
                    mode.id, declared.log, declared.source, declared.event_id, declared.code
                ));
            }
        }
    }
    missing
}

/// Modes that what heals them does not heal.
fn not_healed(modes: &[&'static FailureMode]) -> Vec<String> {
    let mut ill = Vec::new();
    for mode in modes.iter().filter(|m| m.kind == Kind::Cause) {
        let network = simulation(&[&mode.id], None);
        network.host().heal(&mode.id).unwrap();
        let view = VIEWS[2].1;
        let look = run(look_at(&network, Catalogue::builtin(), view)).unwrap();
        if look.diagnosis.outcome != Outcome::Healthy || !look.diagnosis.findings.is_empty() {
            let named = look.diagnosis.symptom.map(|s| s.id);
            ill.push(format!(
                "{}: {:?} {named:?}",
                mode.id, look.diagnosis.outcome
            ));
        }
    }
    ill
}

#[test]
fn without_its_symptom_a_mode_is_never_taken_for_another_with_high_confidence() {
    let catalogue = Catalogue::builtin();
    let mut wrong = Vec::new();
    for mode in reproducible().into_iter().filter(|m| m.kind == Kind::Cause) {
        for (visibility, view) in VIEWS {
            let catalogue::Look::Symptom(id) = mode.look(view) else {
                continue;
            };
            let left_out = catalogue.without_symptom(id);
            let observations = &looks()[&(mode.id.clone(), visibility)].observations;
            let diagnosis = scep_failures::classify(&left_out, observations);
            let (Some(symptom), Some(declared)) = (&diagnosis.symptom, catalogue.symptom(id))
            else {
                continue;
            };
            // what shows in the logs alone is health to whoever does not know those records
            let beside = declared.kind == SymptomKind::Finding || rests_on_logs(declared);
            if diagnosis.outcome == Outcome::Healthy && beside {
                continue;
            }
            let same_stage = catalogue
                .symptom(&symptom.id)
                .is_some_and(|other| other.stage == declared.stage);
            if !same_stage && diagnosis.confidence == Some(Confidence::High) {
                wrong.push(format!(
                    "{} at {visibility:?} without {id}: {}",
                    mode.id, symptom.id
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn rests_on_logs(symptom: &Symptom) -> bool {
    let must = &symptom.clues.must;
    must.iter().any(|hint| hint.clue.fact.starts_with("log."))
}

#[test]
fn the_footprint_is_what_arrived() {
    let mut wrong = Vec::new();
    for ((id, visibility), look) in looks() {
        let footprint = &look.diagnosis.footprint;
        // a reply that was lost on the way cannot be counted, only warned of
        let warned = footprint
            .left_behind
            .iter()
            .any(|left| left.starts_with("perhaps"));
        // and a certificate that was made for an earlier request is reported all the same
        let old = look.observations.items.iter().any(|o| {
            matches!(&o.outcome, Outcome_::Response(http) if http
                .reply
                .as_ref()
                .is_some_and(|reply| reply.certificate_age_s.is_some_and(|age| age > 15 * 60)))
        });
        let excused = old || warned && footprint.issued.is_empty();
        if footprint.issued.len() != look.issued && !excused {
            wrong.push(format!(
                "{id} at {visibility:?}: {} issued, {:?} said",
                look.issued, footprint.issued
            ));
        }
        // a request whose answer never came may or may not have arrived; it counts as sent
        let unsure = look
            .observations
            .items
            .iter()
            .filter(|o| {
                matches!(&o.outcome, Outcome_::Failed { error, .. } if *error == NetworkErrorKind::TimedOut)
                    && matches!(o.probe, Probe::Http { .. })
            })
            .count();
        let said = usize::try_from(footprint.requests).unwrap();
        if look.requests > said || said > look.requests + unsure {
            wrong.push(format!(
                "{id} at {visibility:?}: {} requests arrived, {said} said",
                look.requests
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All bodies that a passive look got.
fn bodies(seed: u64) -> Vec<String> {
    let host = MockNdes::builder()
        .with_seed(seed)
        .with_baseline("ndes-plain")
        .in_memory(START)
        .unwrap();
    let network = Loopback::new(host).unwrap();
    let look = run(look_at(&network, Catalogue::builtin(), VIEWS[0].1)).unwrap();
    look.observations
        .items
        .iter()
        .filter_map(|o| match &o.outcome {
            Outcome_::Response(http) => Some(http.body.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn two_runs_with_one_seed_agree_to_the_octet_and_another_seed_differs() {
    assert_eq!(bodies(1), bodies(1));
    assert_ne!(bodies(1), bodies(2));
}

/// The rule against toys: the mock and the classifier know no failure mode by name.
#[test]
fn no_failure_mode_is_named_in_the_sources_of_mock_and_classifier() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap();
    let mut named = Vec::new();
    for folder in [
        "scep-server-mock/src",
        "scep-failures/src",
        "scep-client/src",
    ] {
        for file in rust_files(&root.join(folder)) {
            let text = std::fs::read_to_string(&file).unwrap();
            // what follows the test module's marker is test code, which may name what it tests
            let code = text.split("#[cfg(test)]").next().unwrap();
            let ids = Catalogue::builtin().modes().map(|m| &m.id);
            for id in ids.chain(Catalogue::builtin().symptoms().map(|s| &s.id)) {
                if code.contains(id.as_str()) {
                    named.push(format!("{}: {id}", file.display()));
                }
            }
        }
    }
    assert!(named.is_empty(), "{}", named.join("\n"));
}

fn rust_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}
