//! A diagnosis for a reader: what was looked at, what it means, what to do, what is not known.

use scep_failures::Diagnosis;
use scep_failures::diagnosis::{Confidence, Evidence, Outcome, ProbeResult, RankedMode, Seen};

use crate::render::{Columns, Renderer, Verdict, count};

/// What takes longer than this is worth a word.
const SLOW_MS: u64 = 1000;

/// The diagnosis in one line.
pub(super) fn one_line(diagnosis: &Diagnosis) -> String {
    match (&diagnosis.symptom, diagnosis.outcome) {
        (_, Outcome::Healthy) => match diagnosis.findings.as_slice() {
            [] => "healthy: no failure found".into(),
            findings => {
                let titles: Vec<&str> = findings.iter().map(|f| f.symptom.title.as_str()).collect();
                format!("healthy: no failure found; finding: {}", titles.join("; "))
            }
        },
        (Some(symptom), _) => {
            let confidence = diagnosis.confidence.map_or("", word);
            let causes = match diagnosis.failure_modes.as_slice() {
                [] => String::new(),
                [only] => format!("; cause: {}", only.id),
                [first, rest @ ..] => {
                    format!("; causes: {} and {} more", first.id, rest.len())
                }
            };
            format!("{} ({confidence}): {}{causes}", symptom.id, symptom.title)
        }
        (None, Outcome::NotScep) => "not-scep: something answers, but it is no SCEP server".into(),
        (None, _) => "unrecognized: the server fails in a way this version does not know".into(),
    }
}

const fn word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

/// The whole report.
pub(super) fn print(diagnosis: &Diagnosis, renderer: &Renderer) {
    if !diagnosis.url.is_empty() {
        renderer.line(&diagnosis.url);
        renderer.line("");
    }
    print_probes(&diagnosis.observations, renderer);
    print_verdict(diagnosis, renderer);
    if diagnosis.observations.is_empty() {
        return;
    }
    renderer.line("");
    for line in footprint(diagnosis) {
        renderer.hanging("", &line);
    }
}

/// What the diagnosis did to the server, in sentences.
pub(super) fn footprint(diagnosis: &Diagnosis) -> Vec<String> {
    let footprint = &diagnosis.footprint;
    let issued = match footprint.issued.as_slice() {
        [] => "Nothing was issued.".to_string(),
        serials => format!(
            "Issued {}: serial {}.",
            count(serials.len(), "certificate"),
            serials.join(", ")
        ),
    };
    let requests = usize::try_from(footprint.requests).unwrap_or(usize::MAX);
    let mut lines = vec![format!(
        "Sent {}. {issued}",
        count(requests, "HTTP request")
    )];
    for left in &footprint.left_behind {
        lines.push(format!("Left behind: {left}."));
    }
    lines
}

// ---------------------------------------------------------------------- probes

/// Probes that were made several times with one result stand in one line.
fn print_probes(observations: &[Seen], renderer: &Renderer) {
    let observations = worth_telling(observations);
    let groups: Vec<&[Seen]> = observations
        .chunk_by(|a, b| (&a.probe, a.result, shown(a)) == (&b.probe, b.result, shown(b)))
        .collect();
    let rows: Vec<(String, &str, &Seen)> = groups
        .iter()
        .filter_map(|group| {
            let (first, last) = (group.first()?, group.last()?);
            Some((numbers(first.n, last.n), probe_name(&first.probe), first))
        })
        .collect();
    let columns = Columns {
        label: rows.iter().map(|row| row.0.len()).max().unwrap_or(0),
        name: rows.iter().map(|row| row.1.len()).max().unwrap_or(0),
    };
    for (label, name, seen) in &rows {
        let verdict = match seen.result {
            ProbeResult::Ok => Verdict::Ok,
            ProbeResult::Fail => Verdict::Fail,
            ProbeResult::Skipped => Verdict::Skipped,
        };
        let mut text = shown(seen).to_owned();
        if seen.elapsed_ms >= SLOW_MS {
            text.push_str(&format!(", after {} s", seen.elapsed_ms / 1000));
        }
        renderer.step(columns, label, name, verdict, &text);
    }
    if !rows.is_empty() {
        renderer.line("");
    }
}

/// Of the many lengths that are tried, the longest that worked and the shortest that did not: the last of
/// each, as the search closes in on the limit.
pub(super) fn worth_telling(observations: &[Seen]) -> Vec<Seen> {
    let last = |result| {
        let of_ladder = |seen: &&Seen| seen.probe == "long-url" && seen.result == result;
        observations
            .iter()
            .filter(of_ladder)
            .map(|seen| seen.n)
            .max()
    };
    let ends = [
        last(ProbeResult::Ok),
        last(ProbeResult::Fail),
        last(ProbeResult::Skipped),
    ];
    observations
        .iter()
        .filter(|seen| seen.probe != "long-url" || ends.contains(&Some(seen.n)))
        .cloned()
        .collect()
}

/// What came of a probe. Why an earlier probe failed is said there, and not again with every probe
/// that needed it.
fn shown(seen: &Seen) -> &str {
    match seen.text.split_once(", but ") {
        Some((needs, _)) if seen.result == ProbeResult::Skipped => needs,
        _ => &seen.text,
    }
}

fn numbers(first: u32, last: u32) -> String {
    if first == last {
        format!("[{first}]")
    } else {
        format!("[{first}-{last}]")
    }
}

/// `[4][6-9]`
pub(super) fn references(observations: &[u32]) -> String {
    let mut sorted = observations.to_vec();
    sorted.sort_unstable();
    sorted
        .chunk_by(|a, b| a.checked_add(1) == Some(*b))
        .filter_map(|run| Some(numbers(*run.first()?, *run.last()?)))
        .collect()
}

/// The probe in the protocol's own words.
pub(super) fn probe_name(probe: &str) -> &str {
    match probe {
        "tls" => "TLS",
        "root" => "GET /",
        "base-url" => "base URL",
        "get-ca-caps" => "GetCACaps",
        "other-path" => "other path",
        "other-identifier" => "message=",
        "issuer-certificate" => "CA's own",
        "get-ca-cert" => "GetCACert",
        "crl" => "CRL",
        "mscep-admin" => "admin page",
        "long-url" => "long URL",
        "pki-operation-post" => "POST request",
        "pki-operation-get" => "GET request",
        other => other,
    }
}

// ---------------------------------------------------------------------- verdict

/// The diagnosis without the list of probes.
pub(crate) fn print_verdict(diagnosis: &Diagnosis, renderer: &Renderer) {
    let healthy = diagnosis.outcome == Outcome::Healthy;
    match (&diagnosis.symptom, diagnosis.outcome) {
        (_, Outcome::Healthy) => {
            renderer.line(renderer.paint(Verdict::Ok, "No failure found."));
        }
        (Some(symptom), _) => {
            let confidence = diagnosis.confidence.map_or("", word);
            renderer.both_ends(
                &symptom.id,
                Verdict::Fail,
                &format!("confidence: {confidence}"),
            );
            renderer.hanging("", &symptom.title);
        }
        (None, Outcome::NotScep) => {
            renderer.line(renderer.paint(Verdict::Fail, "not-scep"));
            renderer.line("Something answers at this URL, but it is no SCEP server.");
        }
        (None, _) => {
            renderer.line(renderer.paint(Verdict::Fail, "unrecognized"));
            renderer.line("It fails in a way that this version does not know.");
            renderer.line(
                "Save what was seen with --capture FILE (secrets are removed), for somebody to look at.",
            );
        }
    }
    // that all is well needs no more evidence than the list of probes
    if !healthy {
        print_evidence(&diagnosis.evidence, renderer);
    }
    print_set_aside(diagnosis, renderer);
    if !healthy {
        print_modes(&diagnosis.failure_modes, renderer);
        print_next(diagnosis, renderer);
    } else if diagnosis.findings.is_empty() {
        for mode in &diagnosis.failure_modes {
            renderer.line("");
            renderer.hanging("  Note  ", &format!("{} ({})", mode.title, mode.id));
        }
    }
    for finding in &diagnosis.findings {
        renderer.line("");
        let confidence = word(finding.confidence);
        renderer.both_ends(
            &format!("Finding: {}", finding.symptom.id),
            Verdict::Pending,
            &format!("confidence: {confidence}"),
        );
        renderer.hanging("", &finding.symptom.title);
        print_modes(&finding.failure_modes, renderer);
    }
    print_not_proven(diagnosis, renderer);
}

fn print_evidence(evidence: &[Evidence], renderer: &Renderer) {
    if evidence.is_empty() {
        return;
    }
    let rows: Vec<(String, &Evidence)> = evidence
        .iter()
        .map(|e| (references(&e.observations), e))
        .collect();
    let width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
    let mut heading = "Because";
    renderer.line("");
    for (references, evidence) in rows {
        let deduced = if evidence.inferred { " (deduced)" } else { "" };
        // logs and memory have no numbers
        let gap = if width == 0 { "" } else { " " };
        renderer.hanging(
            &format!("  {heading:<9} {references:<width$}{gap}"),
            &format!("{}{deduced}", evidence.text),
        );
        heading = "";
    }
}

fn print_set_aside(diagnosis: &Diagnosis, renderer: &Renderer) {
    // against a healthy deployment nothing else has to be set aside
    if diagnosis.set_aside.is_empty() || diagnosis.outcome == Outcome::Healthy {
        return;
    }
    renderer.line("");
    let mut heading = "Set aside";
    for aside in &diagnosis.set_aside {
        renderer.hanging(
            &format!("  {heading:<9} "),
            &format!("{}: {}", aside.id, aside.because),
        );
        heading = "";
    }
}

/// What is true of every mode of a symptom needs no line each.
fn says_little(because: &str) -> bool {
    because.starts_with("it looks like this from outside") || because == "nothing rules it out"
}

fn print_modes(modes: &[RankedMode], renderer: &Renderer) {
    let Some(first) = modes.first() else {
        return;
    };
    renderer.line("");
    let alike = modes.len() > 1 && modes.iter().all(|mode| mode.because == first.because);
    if alike {
        renderer.line("  Do this: one check for each cause, as from here they look alike");
    } else if modes.len() > 1 {
        renderer.line("  Do this: one check for each cause, likeliest first");
    } else {
        renderer.line("  Do this");
    }
    for mode in modes {
        renderer.hanging(
            &format!("    {}. ", mode.rank),
            &format!("{}: {} ({})", mode.id, mode.title, mode.provenance),
        );
        if !alike {
            for because in mode.because.iter().filter(|because| !says_little(because)) {
                renderer.hanging("       why    ", because);
            }
        }
        renderer.hanging("       check  ", &mode.decided_by);
    }
    let which = if modes.len() > 1 { "ID" } else { &first.id };
    renderer.line(format!("  More, and how to fix it:  scep explain {which}"));
}

/// So many results of a check are printed.
const MOST_RESULTS: usize = 8;

/// The check that tells most, and the sentence for somebody else.
fn print_next(diagnosis: &Diagnosis, renderer: &Renderer) {
    if let Some(check) = &diagnosis.next_check {
        renderer.line("");
        renderer.hanging("  Next   ", &format!("to tell them apart, {}:", check.text));
        for result in check.results.iter().take(MOST_RESULTS) {
            let modes = result.failure_modes.join(", ");
            renderer.hanging("           ", &format!("{}: {modes}", result.shows));
        }
        let more = check.results.len().saturating_sub(MOST_RESULTS);
        if more > 0 {
            renderer.line(format!("           and {more} more (--json has all)"));
        }
    }
    if let Some(handover) = &diagnosis.handover {
        renderer.line("");
        renderer.hanging(
            "  Write  ",
            &format!("to the {}: {}", handover.to, handover.sentence),
        );
    }
}

fn print_not_proven(diagnosis: &Diagnosis, renderer: &Renderer) {
    if diagnosis.not_proven.is_empty() {
        return;
    }
    renderer.line("");
    renderer.line("  Not proven by this look");
    for unknown in &diagnosis.not_proven {
        renderer.hanging(&format!("    {:<10} ", unknown.what), &unknown.because);
    }
}

#[cfg(test)]
mod tests {
    use super::references;

    #[test]
    fn runs_of_observations_are_short() {
        assert_eq!(references(&[]), "");
        assert_eq!(references(&[4]), "[4]");
        assert_eq!(references(&[3, 4, 5, 9]), "[3-5][9]");
    }
}
