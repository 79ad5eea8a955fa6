//! People arrive with the number they saw: `503`, `0x80094811`, `badRequest`, `event 29`.

use serde::Serialize;

use crate::catalogue::{Catalogue, FailureMode};
use crate::text::has_word;

/// A failure mode that mentions what was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit<'a> {
    /// Id of the mode.
    pub id: &'a str,
    /// The cause in one sentence.
    pub title: &'a str,
    /// Where it is mentioned: `symptom`, `seen`, `evidence`, `cause`, ...
    pub places: Vec<&'static str>,
}

/// The modes that mention a number or word, those first that mention it in the most telling place.
///
/// An HRESULT is found in hexadecimal and in signed decimal form, an event also by `event 29`. Of several
/// words that nobody says in this order, each has to be mentioned somewhere.
#[must_use]
pub fn search<'a>(catalogue: &'a Catalogue, query: &str) -> Vec<Hit<'a>> {
    let whole = Needle::new(query).map(|needle| find(catalogue, &needle));
    let hits = whole.unwrap_or_default();
    let words: Vec<Needle> = query.split_whitespace().filter_map(Needle::new).collect();
    let [first, rest @ ..] = words.as_slice() else {
        return hits;
    };
    if !hits.is_empty() || rest.is_empty() {
        return hits;
    }
    let mut hits = find(catalogue, first);
    for word in rest {
        let others = find(catalogue, word);
        hits.retain(|hit| others.iter().any(|other| other.id == hit.id));
    }
    hits
}

fn find<'a>(catalogue: &'a Catalogue, needle: &Needle) -> Vec<Hit<'a>> {
    let mut hits: Vec<(usize, Hit<'a>)> = catalogue
        .modes()
        .filter_map(|mode| {
            let mut places = Vec::new();
            let mut best = usize::MAX;
            for (order, (place, text)) in texts(catalogue, mode).into_iter().enumerate() {
                if needle.is_in(&text) && !places.contains(&place) {
                    places.push(place);
                    best = best.min(order);
                }
            }
            (!places.is_empty()).then(|| {
                (
                    best,
                    Hit {
                        id: &mode.id,
                        title: &mode.title,
                        places,
                    },
                )
            })
        })
        .collect();
    hits.sort_by_key(|(best, hit)| (*best, hit.id));
    hits.into_iter().map(|(_, hit)| hit).collect()
}

/// What a mode says, most telling place first.
fn texts(catalogue: &Catalogue, mode: &FailureMode) -> Vec<(&'static str, String)> {
    let mut texts = vec![
        ("id", mode.id.replace('-', " ")),
        ("title", mode.title.clone()),
    ];
    for symptom in catalogue
        .symptoms()
        .filter(|symptom| mode.may_show(&symptom.id))
    {
        for hint in &symptom.clues.must {
            texts.push(("symptom", hint.clue.to_string()));
        }
        texts.push(("symptom", symptom.title.clone()));
    }
    for evidence in &mode.evidence {
        let event = if evidence.event_id == 0 {
            String::new()
        } else {
            format!("event {}", evidence.event_id)
        };
        texts.push((
            "evidence",
            [&evidence.source, &event, &evidence.code, &evidence.text]
                .map(String::as_str)
                .join(" | "),
        ));
    }
    texts.extend(mode.seen.iter().map(|seen| ("seen", seen.text.clone())));
    texts.extend(
        mode.variants
            .iter()
            .map(|variant| ("variant", variant.title.clone())),
    );
    texts.push(("cause", mode.cause.text.clone()));
    texts.push((
        "check",
        format!("{} {}", mode.check.text, mode.check.commands.join(" ")),
    ));
    texts.push((
        "fix",
        format!("{} {}", mode.fix.text, mode.fix.commands.join(" ")),
    ));
    texts.extend(
        mode.references
            .iter()
            .map(|reference| ("reference", reference.clone())),
    );
    texts
}

/// Spellings of what is looked for, in lower case.
struct Needle(Vec<String>);

impl Needle {
    fn new(query: &str) -> Option<Self> {
        let query = query.trim().to_lowercase();
        if query.is_empty() {
            return None;
        }
        let mut spellings = vec![query.clone()];
        let hex = query
            .strip_prefix("0x")
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some(code) = hex {
            spellings.push(format!("{}", code.cast_signed()));
        }
        if let Some(code) = query.parse::<i32>().ok().filter(|code| *code < 0) {
            spellings.push(format!("0x{:08x}", code.cast_unsigned()));
        }
        Some(Self(spellings))
    }

    /// Whether a text holds one of the spellings as a whole word.
    fn is_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.0.iter().any(|spelling| has_word(&text, spelling))
    }
}
