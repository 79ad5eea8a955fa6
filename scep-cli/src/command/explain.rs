//! `scep explain`: what is known of a failure mode, symptom, status, code or event.

use scep_failures::Catalogue;
use scep_failures::catalogue::Visibility;
use scep_failures::catalogue::mode::Advice;
use scep_failures::explain::{
    Explanation, SymptomExplanation, explain, explain_symptom, number, search,
};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::nearest;
use crate::render::{Renderer, count};

/// Arguments of `scep explain`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Id of a failure mode or symptom, or what was seen: 503, 0x80094811, badRequest, "event 29".
    #[arg(required_unless_present = "list", allow_negative_numbers = true)]
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
            renderer.json(&explanation);
        } else {
            print_mode(&explanation, renderer);
        }
        return Ok(Exit::Good);
    }
    if let Some(explanation) = explain_symptom(catalogue, &query) {
        if args.json {
            renderer.json(&explanation);
        } else {
            print_symptom(&explanation, renderer);
        }
        return Ok(Exit::Good);
    }
    let hits = spellings(&query)
        .iter()
        .map(|spelling| search(catalogue, spelling))
        .find(|hits| !hits.is_empty())
        .unwrap_or_default();
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
        if let Some(number) = number(&query) {
            let (written, name) = (number.written(), number.name);
            renderer.hanging("", &format!("{written} is {name}: {}.", number.meaning));
            renderer.line("");
        }
        let verb = if hits.len() == 1 {
            "mentions"
        } else {
            "mention"
        };
        renderer.line(format!(
            "{} {verb} \"{query}\":",
            count(hits.len(), "failure mode")
        ));
        let pairs: Vec<(&str, &str)> = hits.iter().map(|hit| (hit.id, hit.title)).collect();
        print_pairs(&pairs, "  ", renderer);
        renderer.line("More of each:  scep explain ID");
    }
    Ok(Exit::Good)
}

/// What was typed, and what else it may mean: a code without its `0x`, or in unsigned decimal form.
fn spellings(query: &str) -> Vec<String> {
    let mut spellings = vec![query.to_owned()];
    if query.len() == 8 && query.chars().all(|c| c.is_ascii_hexdigit()) {
        spellings.push(format!("0x{query}"));
    }
    if let Some(code) = query.parse::<u32>().ok().filter(|code| *code > 0xffff) {
        spellings.push(format!("0x{code:08x}"));
    }
    spellings
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
        renderer.hanging(&format!("{indent}{id:<36} "), title);
    }
}

fn paragraph(heading: &str, text: &str, renderer: &Renderer) {
    renderer.line("");
    renderer.line(heading);
    renderer.hanging("  ", text);
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
    renderer.hanging("", &format!("{}: {}", e.id, e.title));
    for (name, value) in [
        ("stage", e.stage.to_string()),
        ("kind", e.kind.to_string()),
        ("met", e.prevalence.to_string()),
        ("known", e.provenance.to_string()),
        ("shown by", shown_by(e.visible_at).to_owned()),
        ("in charge", e.owner.to_string()),
    ] {
        renderer.line(format!("  {name:<10} {value}"));
    }
    paragraph("Cause", &e.cause.text, renderer);
    renderer.line("");
    renderer.line("Seen by a client");
    for seen in e.seen {
        renderer.hanging(
            &format!("  {:<14} ", seen.operation.to_string()),
            &seen.text,
        );
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
            renderer.hanging("  ", &format!("{text} ({})", log.provenance));
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
        for (name, title) in &e.variants {
            renderer.hanging(&format!("  scep mock --failure {}.{name}  ", e.id), title);
        }
    }
    renderer.line("");
    renderer.line("References");
    for reference in e.references {
        renderer.hanging("  ", reference);
    }
}

fn print_symptom(e: &SymptomExplanation<'_>, renderer: &Renderer) {
    renderer.hanging("", &format!("{}: {}", e.id, e.title));
    renderer.line(format!("  {:<10} {}", "stage", e.stage));
    renderer.line(format!("  {:<10} {}", "known", e.provenance));
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
                renderer.hanging("  ", clue);
            }
        }
    }
    renderer.line("");
    renderer.line("Failure modes behind it");
    print_pairs(&e.modes, "  ", renderer);
}
