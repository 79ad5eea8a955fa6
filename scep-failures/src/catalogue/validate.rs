//! What must hold in a catalogue as a whole, beyond the form of each file.

use super::clue::Clues;
use super::level::{Look, Looks, Visibility};
use super::mode::{FailureMode, LogEvidence};
use super::reproduce::{Reproduce, Step, seconds};
use super::symptom::{Symptom, SymptomKind};
use super::words::Kind;
use super::{Catalogue, SYMPTOMS};
use crate::error::Error;
use crate::evidence::table;

/// What a `seen` block may speak of.
const OPERATIONS: &[&str] = &[
    "all",
    "resolve",
    "connect",
    "tls",
    "root",
    "base-url",
    "get-ca-caps",
    "get-ca-cert",
    "crl",
    "mscep-admin",
    "long-url",
    "pki-operation",
    "enroll",
    "poll",
];

/// The logs of [`LogRecord::log`](crate::observation::LogRecord::log).
const LOGS: &[&str] = &[
    "application",
    "system",
    "security",
    "capi2",
    "iis",
    "httperr",
    "ndes-plugin",
    "intune-connector",
    "app-proxy-connector",
    "ca",
    "device",
    "crp-svclog",
    "certutil",
    "netsh",
    "front-end",
];

/// The sorts of challenge passwords of [`Persona::challenge`](super::reproduce::Persona::challenge).
const CHALLENGES: &[&str] = &[
    "correct", "wrong", "used", "expired", "lost", "missing", "static",
];

/// Events that Windows writes for many reasons: they say something only with the name or address in
/// them.
const GENERIC: &[(&str, u32)] = &[
    ("Service Control Manager", 7036),
    ("Microsoft-Windows-Security-Auditing", 4625),
    ("Application Error", 1000),
    ("Microsoft-Windows-WAS", 5002),
    ("Microsoft-Windows-CAPI2", 30),
    ("Microsoft-Windows-CAPI2", 41),
    ("Microsoft-Windows-CAPI2", 42),
    ("Microsoft-Windows-CAPI2", 53),
    ("Microsoft-Windows-CAPI2", 70),
];

/// Everything that is wrong.
pub(super) fn validate(catalogue: &Catalogue) -> Vec<Error> {
    let mut found = Findings::default();
    for symptom in catalogue.symptoms() {
        found.file = format!("{SYMPTOMS}/{}.toml", symptom.id);
        check_symptom(catalogue, symptom, &mut found);
    }
    for mode in catalogue.modes() {
        found.file = format!("{}/{}.toml", mode.layer, mode.id);
        check_mode(catalogue, mode, &mut found);
    }
    found.errors
}

#[derive(Default)]
struct Findings {
    file: String,
    errors: Vec<Error>,
}

impl Findings {
    fn unless(&mut self, condition: bool, problem: impl FnOnce() -> String) {
        if !condition {
            self.errors.push(Error::file(&self.file, problem()));
        }
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

fn check_title(title: &str, found: &mut Findings) {
    found.unless(!title.trim().is_empty() && !title.ends_with('.'), || {
        "the title is one sentence without a full stop".to_owned()
    });
}

fn check_clues(clues: &Clues, found: &mut Findings) {
    for hint in clues.all() {
        let fact = &hint.clue.fact;
        found.unless(table::lookup(fact).is_some(), || {
            format!(
                "clue `{}`: no fact is called `{fact}` (the table is evidence/table.rs)",
                hint.clue
            )
        });
    }
}

fn check_symptom(catalogue: &Catalogue, symptom: &Symptom, found: &mut Findings) {
    found.unless(is_id(&symptom.id), || {
        "the id is not in kebab-case".to_owned()
    });
    found.unless(catalogue.mode(&symptom.id).is_none(), || {
        "a failure mode has the same id".to_owned()
    });
    check_title(&symptom.title, found);
    found.unless(!symptom.summary.trim().is_empty(), || {
        "the summary is empty".to_owned()
    });
    found.unless(!symptom.clues.must.is_empty(), || {
        "a symptom without a `must` clue fits everything".to_owned()
    });
    check_clues(&symptom.clues, found);
    for hint in &symptom.clues.must {
        found.unless(
            table::lookup(&hint.clue.fact).is_none_or(|fact| !fact.volatile),
            || {
                format!(
                    "clue `{}`: a fact that varies from run to run cannot be a must",
                    hint.clue
                )
            },
        );
    }
    for other in &symptom.also_possible {
        found.unless(
            other != &symptom.id && catalogue.symptom(other).is_some(),
            || format!("also_possible: no other symptom is called `{other}`"),
        );
    }
    found.unless(catalogue.modes_of(&symptom.id).next().is_some(), || {
        "no failure mode shows it".to_owned()
    });
}

fn check_mode(catalogue: &Catalogue, mode: &FailureMode, found: &mut Findings) {
    found.unless(is_id(&mode.id), || "the id is not in kebab-case".to_owned());
    check_title(&mode.title, found);
    found.unless(
        mode.references
            .iter()
            .any(|reference| !reference.trim().is_empty()),
        || "at least one reference is wanted".to_owned(),
    );
    for text in [
        &mode.cause.text,
        &mode.check.text,
        &mode.fix.text,
        &mode.decided_by.check,
        &mode.decided_by.place,
    ] {
        found.unless(!text.trim().is_empty(), || {
            "cause, check, fix or decided_by is empty".to_owned()
        });
    }
    for (field, list) in [
        ("same_in_logs", &mode.same_in_logs),
        ("confused_with", &mode.confused_with),
    ] {
        for other in list {
            found.unless(other != &mode.id && catalogue.mode(other).is_some(), || {
                format!("{field}: no other failure mode is called `{other}`")
            });
        }
    }
    for other in &mode.same_in_logs {
        let mutual = catalogue
            .mode(other)
            .is_none_or(|other| other.same_in_logs.contains(&mode.id));
        found.unless(mutual, || {
            format!("same_in_logs: `{other}` does not say the same of this mode")
        });
    }
    check_family(catalogue, mode, found);
    check_looks(catalogue, mode, found);
    for seen in &mode.seen {
        found.unless(OPERATIONS.contains(&seen.operation.as_str()), || {
            format!(
                "seen: `{}` is none of {}",
                seen.operation,
                OPERATIONS.join(", ")
            )
        });
    }
    for evidence in mode
        .evidence
        .iter()
        .chain(mode.variants.iter().flat_map(|v| &v.evidence))
    {
        check_evidence(evidence, found);
    }
    let out_of_sight = matches!(mode.visible_at, Visibility::Never | Visibility::Logs);
    found.unless(
        mode.reproduce.is_some() || mode.kind == Kind::Alias || out_of_sight,
        || "reproduce is missing, and visible_at is neither logs nor never".to_owned(),
    );
    for reproduce in mode
        .reproduce
        .iter()
        .chain(mode.variants.iter().filter_map(|v| v.reproduce.as_ref()))
    {
        check_reproduce(reproduce, found);
    }
    let other_fixes = mode.variants.iter().filter_map(|v| v.fix.as_ref());
    for step in other_fixes.chain([&mode.fix]).flat_map(|fix| &fix.steps) {
        check_step(step, found);
    }
    check_clues(&mode.clues, found);
    for variant in &mode.variants {
        check_clues(&variant.clues, found);
    }
}

fn check_family(catalogue: &Catalogue, mode: &FailureMode, found: &mut Findings) {
    found.unless(
        (mode.kind == Kind::Alias) == mode.alias_of.is_some(),
        || "alias_of goes with kind `alias`, and only with it".to_owned(),
    );
    if let Some(id) = &mode.alias_of {
        found.unless(catalogue.mode(id).is_some(), || {
            format!("alias_of: no failure mode is called `{id}`")
        });
    }
    let of_variants = mode.variants.iter().filter_map(|v| v.part_of.as_ref());
    for id in mode.part_of.iter().chain(of_variants) {
        found.unless(
            catalogue
                .mode(id)
                .is_some_and(|parent| parent.kind == Kind::Umbrella),
            || format!("part_of: no umbrella mode is called `{id}`"),
        );
    }
}

fn check_looks(catalogue: &Catalogue, mode: &FailureMode, found: &mut Findings) {
    for look in mode
        .all_looks()
        .flat_map(Looks::entries)
        .map(|(_, look)| look)
    {
        if let Look::Symptom(id) = look
            && catalogue.symptom(id).is_none()
        {
            found.unless(false, || format!("symptom: no symptom is called `{id}`"));
        }
    }
    // The view that `visible_at` names must show something that is worth a name.
    let unhealthy = |look: &Look| match look {
        Look::Healthy => false,
        Look::Symptom(id) => {
            mode.kind == Kind::Healthy
                || catalogue
                    .symptom(id)
                    .is_none_or(|symptom| symptom.kind != SymptomKind::Healthy)
        }
    };
    let shown: Vec<Visibility> = mode
        .symptom
        .entries()
        .filter(|(_, look)| unhealthy(look))
        .map(|(visibility, _)| visibility)
        .collect();
    let agrees = match mode.visible_at {
        Visibility::Never => shown.is_empty(),
        visible_at => {
            shown.contains(&visible_at)
                && (shown.first() != Some(&Visibility::Passive)
                    || visible_at == Visibility::Passive)
        }
    };
    found.unless(agrees, || {
        format!(
            "visible_at is `{:?}`, yet [symptom] shows something but health at {shown:?}",
            mode.visible_at
        )
    });
}

fn check_evidence(evidence: &LogEvidence, found: &mut Findings) {
    found.unless(LOGS.contains(&evidence.log.as_str()), || {
        format!(
            "evidence: `{}` is none of {}",
            evidence.log,
            LOGS.join(", ")
        )
    });
    found.unless(
        evidence.source.is_empty() == (evidence.event_id == 0) || evidence.log == "certutil",
        || "evidence: an event has a source and an id, a line of a text log has neither".to_owned(),
    );
    found.unless(
        evidence.event_id != 0 || !evidence.code.is_empty() || !evidence.text.is_empty(),
        || "evidence: a line of a text log is known by its code or its text".to_owned(),
    );
    let generic = GENERIC.contains(&(evidence.source.as_str(), evidence.event_id));
    found.unless(!generic || !evidence.data.is_empty(), || {
        format!(
            "evidence: event {} of {} has many causes; `data` has to say which name or address is in it",
            evidence.event_id, evidence.source
        )
    });
    found.unless(
        evidence
            .data
            .iter()
            .chain(&evidence.unless)
            .all(|part| !part.trim().is_empty()),
        || "evidence: an empty part in `data` or `unless` is in every record".to_owned(),
    );
}

fn check_reproduce(reproduce: &Reproduce, found: &mut Findings) {
    for step in &reproduce.steps {
        check_step(step, found);
    }
}

fn check_step(step: &Step, found: &mut Findings) {
    match step {
        Step::Advance { by } => {
            found.unless(seconds(by).is_some_and(|seconds| seconds > 0), || {
                format!("advance: `{by}` is no duration such as 45d, 8h, 90m or 30s")
            });
        }
        Step::Enroll { times } | Step::Request { times } => {
            found.unless(*times > 0, || "times must be at least 1".to_owned());
        }
        Step::Set { set } => found.unless(!set.is_empty(), || {
            "an empty set changes nothing".to_owned()
        }),
        Step::Challenge { kind: Some(kind) } => {
            found.unless(CHALLENGES.contains(&kind.as_str()), || {
                format!("challenge: `{kind}` is none of {}", CHALLENGES.join(", "))
            });
        }
        Step::Start {}
        | Step::Recycle {}
        | Step::Poll {}
        | Step::Decide { .. }
        | Step::Replace { .. }
        | Step::Challenge { kind: None } => {}
    }
}
