//! `scep explain`: what is known of a failure mode, symptom, status, code or event.

use scep_failures::Catalogue;
use scep_failures::catalogue::Visibility;
use scep_failures::catalogue::mode::Advice;
use scep_failures::explain::{Explanation, SymptomExplanation, explain, explain_symptom, search};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::nearest;
use crate::render::{Renderer, wrap};

/// Arguments of `scep explain`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Id of a failure mode or symptom, or what was seen: 503, 0x80094811, badRequest, "event 29".
    #[arg(required_unless_present = "list")]
    what: Vec<String>,
    /// List all failure modes.
    #[arg(long)]
    list: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, renderer: &Renderer) -> Result {
    let catalogue = Catalogue::builtin();
    if args.list {
        let modes: Vec<(&str, &str)> = catalogue
            .modes()
            .map(|mode| (mode.id.as_str(), mode.title.as_str()))
            .collect();
        if args.json {
            let list: Vec<_> = modes
                .iter()
                .map(|(id, title)| json!({"id": id, "title": title}))
                .collect();
            renderer.json(&list);
        } else {
            print_pairs(&modes, "", renderer);
        }
        return Ok(Exit::Good);
    }
    let query = args.what.join(" ");
    if let Some(explanation) = explain(catalogue, &query) {
        if args.json {
            renderer.json(&explanation)
        } else {
            print_mode(&explanation, renderer)
        }
        return Ok(Exit::Good);
    }
    if let Some(explanation) = explain_symptom(catalogue, &query) {
        if args.json {
            renderer.json(&explanation)
        } else {
            print_symptom(&explanation, renderer)
        }
        return Ok(Exit::Good);
    }
    let hits = search(catalogue, &query);
    if hits.is_empty() {
        let ids = catalogue
            .modes()
            .map(|mode| mode.id.as_str())
            .chain(catalogue.symptoms().map(|symptom| symptom.id.as_str()));
        return Err(Failure::usage(nearest::unknown(
            "failure mode, symptom or code",
            &query,
            ids,
        )));
    }
    if args.json {
        renderer.json(&hits);
    } else {
        renderer.line(format!("{} failure modes mention \"{query}\":", hits.len()));
        for hit in &hits {
            renderer.line(format!("  {:<40} {}", hit.id, hit.title));
        }
        renderer.line("More of each:  scep explain ID");
    }
    Ok(Exit::Good)
}

const fn shown_by(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Passive => "read-only probes",
        Visibility::Request => "a request with a wrong challenge (--send-request)",
        Visibility::Enroll => "an enrollment (--enroll)",
        Visibility::Memory => "an earlier healthy look (--remember)",
        Visibility::Logs => "the server's logs (--server-log)",
        Visibility::Never => "nothing that a client can see",
    }
}

fn print_pairs(pairs: &[(&str, &str)], indent: &str, renderer: &Renderer) {
    for (id, title) in pairs {
        renderer.line(format!("{indent}{id:<40} {title}"));
    }
}

fn paragraph(heading: &str, text: &str, renderer: &Renderer) {
    renderer.line("");
    renderer.line(heading);
    for line in wrap(text, 92) {
        renderer.line(format!("  {line}"));
    }
}

fn advice(heading: &str, advice: &Advice, renderer: &Renderer) {
    paragraph(
        &format!("{heading} (on {})", advice.place),
        &advice.text,
        renderer,
    );
    for command in &advice.commands {
        renderer.line(format!("    {command}"));
    }
}

fn print_mode(e: &Explanation<'_>, renderer: &Renderer) {
    renderer.line(format!("{}: {}", e.id, e.title));
    renderer.line(format!(
        "Stage: {}.  Kind: {}.  Met: {}.  Known: {}.  Shown by: {}.  In charge: {}.",
        e.stage,
        e.kind,
        e.prevalence,
        e.provenance,
        shown_by(e.visible_at),
        e.owner
    ));
    paragraph("Cause", &e.cause.text, renderer);
    renderer.line("");
    renderer.line("Seen by a client");
    for seen in e.seen {
        for (i, line) in wrap(&seen.text, 76).iter().enumerate() {
            let operation = if i == 0 {
                seen.operation.to_string()
            } else {
                String::new()
            };
            renderer.line(format!("  {operation:<14} {line}"));
        }
    }
    if !e.evidence.is_empty() {
        renderer.line("");
        renderer.line("In the logs");
        for log in e.evidence {
            let event = if log.event_id == 0 {
                String::new()
            } else {
                format!("event {}", log.event_id)
            };
            let text = [&log.log, &log.source, &event, &log.code, &log.text]
                .into_iter()
                .filter(|part| !part.is_empty())
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            renderer.line(format!("  {text} ({})", log.provenance));
        }
    }
    advice("Check", e.check, renderer);
    advice("Fix", &e.fix, renderer);
    paragraph(
        "Decided by",
        &format!("{}: {}", e.decided_by.place, e.decided_by.check),
        renderer,
    );
    for (heading, pairs) in [
        ("Looks the same from outside", &e.looks_like),
        ("Often confused with", &e.confused_with),
        ("Causes", &e.parts),
    ] {
        if !pairs.is_empty() {
            renderer.line("");
            renderer.line(heading);
            print_pairs(pairs, "  ", renderer);
        }
    }
    if let Some(reproduce) = &e.reproduce {
        paragraph("Reproduce it", &format!("scep {reproduce}"), renderer);
    }
    renderer.line("");
    renderer.line("References");
    for reference in e.references {
        renderer.line(format!("  {reference}"));
    }
}

fn print_symptom(e: &SymptomExplanation<'_>, renderer: &Renderer) {
    renderer.line(format!("{}: {}", e.id, e.title));
    renderer.line(format!("Stage: {}.  Known: {}.", e.stage, e.provenance));
    paragraph("What it means", e.summary, renderer);
    for (heading, clues) in [
        ("Must hold", &e.must),
        ("Speaks for it", &e.helps),
        ("Speaks against it", &e.excludes),
    ] {
        if !clues.is_empty() {
            renderer.line("");
            renderer.line(heading);
            for clue in clues {
                renderer.line(format!("  {clue}"));
            }
        }
    }
    renderer.line("");
    renderer.line("Failure modes behind it");
    print_pairs(&e.modes, "  ", renderer);
}
