//! The requirements as Markdown.

use std::fmt::Write as _;

use super::{Chapter, FOLDER, Level, Place, Requirement};
use crate::documents::Document;

/// Writing to a String cannot fail.
macro_rules! put {
    ($out:expr, $($format:tt)*) => { let _ = writeln!($out, $($format)*); };
}

/// `docs/rfc8894.md`.
#[must_use]
pub fn document(chapters: &[Chapter]) -> Document {
    let mut out = format!(
        "# RFC 8894, requirement by requirement\n\n\
         <!-- Generated from `{FOLDER}` by `cargo test`; write it anew with `SCEP_WRITE_DOCS=1 cargo test -p scep-conformance --test requirements`. -->\n\n\
         What RFC 8894 and the standards below it ask for, in words of our own: where it is implemented, \
         and which test shows it, or why there is none. A star marks what the RFC asks for without the \
         capital word; *info* binds nobody; at a *GAP* the RFC is silent or contradicts itself, and the row \
         says what is done. What older drafts and products do otherwise stands at the end.\n\n"
    );
    counts(&mut out, chapters);
    for chapter in chapters {
        put!(
            out,
            "\n## {}\n\n| id | § | level | role | requirement | implemented in | shown by, or why not |\n\
             |---|---|---|---|---|---|---|",
            chapter.title
        );
        for requirement in &chapter.requirements {
            row(&mut out, requirement);
        }
    }
    Document {
        path: "docs/rfc8894.md",
        content: out,
    }
}

/// The columns of the table of counts.
#[derive(Default)]
struct Count {
    total: usize,
    implemented: usize,
    tested: usize,
    untested: usize,
    planned: usize,
    not: usize,
}

impl Count {
    /// Each requirement is counted in one of the last four columns.
    fn add(&mut self, r: &Requirement) {
        self.total += 1;
        self.implemented += usize::from(!r.code.is_empty());
        let column = if !r.tests.is_empty() {
            &mut self.tested
        } else if r.is_planned() {
            &mut self.planned
        } else if r.untested.is_some() {
            &mut self.untested
        } else {
            &mut self.not
        };
        *column += 1;
    }

    fn put(&self, out: &mut String, level: &str) {
        put!(
            out,
            "| {level} | {} | {} | {} | {} | {} | {} |",
            self.total,
            self.implemented,
            self.tested,
            self.untested,
            self.planned,
            self.not
        );
    }
}

fn counts(out: &mut String, chapters: &[Chapter]) {
    put!(
        out,
        "| level | total | implemented | tested | without a test | planned | not, with a reason |\n\
         |---|---|---|---|---|---|---|"
    );
    let all = || chapters.iter().flat_map(|chapter| &chapter.requirements);
    let mut total = Count::default();
    all().for_each(|requirement| total.add(requirement));
    for level in Level::ALL {
        let mut count = Count::default();
        all()
            .filter(|requirement| requirement.level == level)
            .for_each(|requirement| count.add(requirement));
        count.put(out, level.as_str());
    }
    total.put(out, "all");
}

fn row(out: &mut String, r: &Requirement) {
    let code: Vec<String> = r.code.iter().map(link).collect();
    let mut shown: Vec<String> = Vec::new();
    if !r.tests.is_empty() {
        let tests: Vec<String> = r.tests.iter().map(link).collect();
        shown.push(tests.join(", "));
    }
    shown.extend(r.untested.as_ref().map(|why| {
        if r.is_planned() {
            why.clone()
        } else {
            format!("no test: {why}")
        }
    }));
    shown.extend(r.not.clone());
    put!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} |",
        r.id,
        r.section,
        r.level.as_str().replace('*', "\\*"),
        r.role,
        r.text.replace('*', "\\*"),
        code.join(", "),
        shown.join("; ")
    );
}

/// A link named by the item, or else by the file.
fn link(place: &Place) -> String {
    let file = place.file.rsplit('/').next().unwrap_or_default();
    let name = place.item.as_deref().unwrap_or(file);
    format!("[`{name}`](../{})", place.file)
}
