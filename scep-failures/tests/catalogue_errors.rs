//! A catalogue that is not right is refused, with the file and the reason.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use scep_failures::Catalogue;

const SYMPTOM: &str = r#"
id = "looks-odd"
title = "It looks odd"
kind = "failure"
stage = "iis"
provenance = "inferred"
summary = "Odd."
clues.must = ["get-ca-caps.status = 418"]
"#;

const MODE: &str = r#"
id = "is-odd"
title = "It is odd"
kind = "cause"
layer = "iis"
owner = "server-admin"
prevalence = "rare"
visible_at = "passive"
provenance = "inferred"
references = ["RFC 2324"]
symptom.passive = "looks-odd"
reproduce = { baseline = "ndes-plain", set = { a.b = 1 }, steps = [{ do = "start" }] }
cause = { text = "Tea.", provenance = "inferred" }
check = { where = "there", text = "Look.", provenance = "inferred" }
fix = { where = "there", text = "Coffee.", provenance = "inferred", steps = [{ do = "recycle" }] }
decided_by = { where = "there", check = "look" }
"#;

fn load(mode: &str, symptom: &str) -> Result<Catalogue, String> {
    Catalogue::from_files([
        ("iis/is-odd.toml", mode),
        ("symptoms/looks-odd.toml", symptom),
    ])
    .map_err(|error| error.to_string())
}

fn problem(change: &str, to: &str) -> String {
    assert!(MODE.contains(change), "{change}");
    load(&MODE.replace(change, to), SYMPTOM).unwrap_err()
}

fn symptom_problem(change: &str, to: &str) -> String {
    assert!(SYMPTOM.contains(change), "{change}");
    load(MODE, &SYMPTOM.replace(change, to)).unwrap_err()
}

#[track_caller]
fn says(problem: &str, parts: &[&str]) {
    for part in parts {
        assert!(problem.contains(part), "`{part}` is not in: {problem}");
    }
}

#[test]
fn the_sample_is_right() {
    load(MODE, SYMPTOM).unwrap();
}

#[test]
fn names_and_folders() {
    says(
        &problem("id = \"is-odd\"", "id = \"is-even\""),
        &["iis/is-odd.toml", "is-even", "should be the file's name"],
    );
    says(
        &problem("layer = \"iis\"", "layer = \"tls\""),
        &["layer inside is `tls`", "folder `iis`"],
    );
    says(
        &problem("layer = \"iis\"", "layer = \"cellar\""),
        &["iis/is-odd.toml", "unknown variant `cellar`"],
    );
    let error = Catalogue::from_files([("stray.toml", MODE)])
        .unwrap_err()
        .to_string();
    says(&error, &["stray.toml", "<layer>/<id>.toml"]);
}

#[test]
fn unknown_fields_are_refused_wherever_they_stand() {
    says(
        &problem("kind = \"cause\"", "kind = \"cause\"\ncolour = \"red\""),
        &["is-odd.toml", "unknown field `colour`"],
    );
    says(
        &problem("{ do = \"recycle\" }", "{ do = \"recycle\", now = true }"),
        &["unknown field `now`"],
    );
    says(
        &problem(
            "{ where = \"there\", check",
            "{ where = \"there\", how = \"\", check",
        ),
        &["unknown field `how`"],
    );
    says(
        &problem(
            "baseline = \"ndes-plain\"",
            "baseline = \"ndes-plain\", client = { mood = \"bad\" }",
        ),
        &["unknown field `mood`"],
    );
    says(
        &symptom_problem("stage = \"iis\"", "stage = \"iis\"\nlevel = 1"),
        &["looks-odd.toml", "unknown field `level`"],
    );
}

#[test]
fn references_between_files() {
    says(
        &problem(
            "symptom.passive = \"looks-odd\"",
            "symptom.passive = \"looks-new\"",
        ),
        &[
            "no symptom is called `looks-new`",
            "looks-odd.toml: no failure mode shows it",
        ],
    );
    says(
        &problem("[\"RFC 2324\"]", "[]"),
        &["at least one reference"],
    );
    says(
        &problem(
            "kind = \"cause\"",
            "kind = \"cause\"\nconfused_with = [\"ghost\"]",
        ),
        &["confused_with: no other failure mode is called `ghost`"],
    );
    says(
        &problem("kind = \"cause\"", "kind = \"cause\"\npart_of = \"is-odd\""),
        &["no umbrella mode is called"],
    );
    says(
        &problem("kind = \"cause\"", "kind = \"alias\""),
        &["alias_of goes with kind `alias`"],
    );
}

#[test]
fn levels_agree_with_looks() {
    says(
        &problem("visible_at = \"passive\"", "visible_at = \"enroll\""),
        &["visible_at is `Enroll`"],
    );
    says(
        &problem(
            "symptom.passive = \"looks-odd\"",
            "symptom = { passive = \"healthy\", enroll = \"looks-odd\" }",
        ),
        &["visible_at is `Passive`"],
    );
}

#[test]
fn clues_are_checked() {
    says(
        &symptom_problem("status = 418", "status is 418"),
        &["looks-odd.toml", "the test is one of"],
    );
    says(
        &symptom_problem("get-ca-caps.status = 418", "get-ca-caps.colour = red"),
        &["no fact is called `get-ca-caps.colour`"],
    );
    says(
        &symptom_problem("get-ca-caps.status = 418", "get-ca-caps.elapsed-ms > 5"),
        &["cannot be a must"],
    );
    says(
        &symptom_problem("[\"get-ca-caps.status = 418\"]", "[]"),
        &["fits everything"],
    );
    says(
        &symptom_problem(
            "[\"get-ca-caps.status = 418\"]",
            "[{ clue = \"get-ca-caps.status = 418\", why = \"x\" }]",
        ),
        &["unknown field `why`"],
    );
    says(
        &problem(
            "kind = \"cause\"",
            "kind = \"cause\"\nclues.helps = [\"nothing.at-all present\"]",
        ),
        &["no fact is called `nothing.at-all`"],
    );
}

#[test]
fn steps_and_evidence_are_checked() {
    says(
        &problem(
            "{ do = \"recycle\" }",
            "{ do = \"advance\", by = \"soon\" }",
        ),
        &["`soon` is no duration"],
    );
    says(
        &problem("{ do = \"recycle\" }", "{ do = \"dance\" }"),
        &["dance"],
    );
    let evidence = |text: &str| {
        problem(
            "kind = \"cause\"",
            &format!("kind = \"cause\"\nevidence = [{{ {text}, provenance = \"seen\" }}]"),
        )
    };
    says(
        &evidence("log = \"diary\", code = \"1\""),
        &["`diary` is none of"],
    );
    says(
        &evidence("log = \"application\", event_id = 2"),
        &["has a source and an id"],
    );
    says(
        &evidence("log = \"iis\""),
        &["known by its code or its text"],
    );
}

#[test]
fn several_problems_are_all_named() {
    let error = load(
        &MODE.replace("[\"RFC 2324\"]", "[]"),
        &SYMPTOM.replace("Odd.", ""),
    )
    .unwrap_err();
    says(
        &error,
        &[
            "2 problems",
            "at least one reference",
            "the summary is empty",
        ],
    );
}

#[test]
fn leaving_a_symptom_out_leaves_the_rest() {
    let whole = load(MODE, SYMPTOM).unwrap();
    let rest = whole.without_symptom("looks-odd");
    assert!(rest.symptom("looks-odd").is_none());
    assert!(rest.mode("is-odd").is_some());
}

#[test]
fn an_event_of_many_causes_wants_a_name_in_it() {
    let evidence = |data: &str| {
        format!(
            "{MODE}\n[[evidence]]\nlog = \"system\"\nsource = \"Service Control Manager\"\n\
             event_id = 7036\n{data}\nprovenance = \"inferred\"\n"
        )
    };
    says(
        &load(&evidence(""), SYMPTOM).unwrap_err(),
        &["7036", "`data`"],
    );
    says(
        &load(&evidence("data = [\"\"]"), SYMPTOM).unwrap_err(),
        &["empty part"],
    );
    load(&evidence("data = [\"tea service\"]"), SYMPTOM).unwrap();
}

#[test]
fn a_mode_that_nobody_sees_needs_no_simulation() {
    let reproduce = MODE
        .lines()
        .find(|line| line.starts_with("reproduce"))
        .unwrap();
    says(&problem(reproduce, ""), &["reproduce is missing"]);
    let unseen = MODE
        .replace(reproduce, "")
        .replace("passive = \"looks-odd\"", "passive = \"healthy\"")
        .replace("visible_at = \"passive\"", "visible_at = \"never\"");
    says(
        &load(&unseen, SYMPTOM).unwrap_err(),
        &["no failure mode shows it"],
    );
    let other = MODE.replace("is-odd", "is-seen");
    Catalogue::from_files([
        ("iis/is-odd.toml", unseen.as_str()),
        ("iis/is-seen.toml", other.as_str()),
        ("symptoms/looks-odd.toml", SYMPTOM),
    ])
    .unwrap();
}

#[test]
fn baselines_profiles_and_steps() {
    says(
        &problem("ndes-plain", "ndes-plane"),
        &["ndes-plane", "ndes-tls", "intune-app-proxy"],
    );
    let start = "{ do = \"start\" }";
    says(
        &problem(start, "{ do = \"challenge\", kind = \"odd\" }"),
        &["`odd`", "correct"],
    );
    says(&problem(start, "{ do = \"decide\" }"), &["issue"]);
    let more = "{ do = \"challenge\" }, { do = \"decide\", issue = false }, { do = \"poll\" }";
    let mode = MODE
        .replace(start, more)
        .replace("set = { a.b", "profile = \"old\", set = { a.b");
    load(&mode, SYMPTOM).unwrap();
}

#[test]
fn variants_are_checked_like_modes() {
    let variant = |more: &str| {
        let mode = format!(
            "{MODE}\n[[variants]]\nname = \"other\"\ntitle = \"Odd otherwise\"\n\
             symptom.passive = \"looks-odd\"\n{more}\n"
        );
        load(&mode, SYMPTOM)
    };
    variant("clues.helps = [\"get-ca-caps.status = 418\"]").unwrap();
    says(
        &variant("part_of = \"is-odd\"").unwrap_err(),
        &["part_of: no umbrella mode"],
    );
    says(
        &variant("clues.helps = [\"tea.cold = true\"]").unwrap_err(),
        &["tea.cold"],
    );
    says(
        &variant("evidence = [{ log = \"tea\", code = \"1\", provenance = \"inferred\" }]")
            .unwrap_err(),
        &["`tea` is none of"],
    );
}
