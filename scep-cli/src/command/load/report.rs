//! What a run of `scep load` measured.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::failure::{Failure, Result};
use crate::files;
use crate::render::{Renderer, count};

/// Name of the JSON's form.
const SCHEMA: &str = "scep-load/1";
/// The longest time that is told from a longer one: an hour, in microseconds.
const LONGEST_US: u64 = 3_600_000_000;

/// Results, to be shown or added up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    schema: String,
    /// The server.
    url: String,
    /// From the first message to the last reply, in seconds; of several machines the longest.
    seconds: f64,
    /// Enrollments that brought a certificate.
    issued: u64,
    /// How many brought none, by why.
    errors: BTreeMap<String, u64>,
    /// Times of the exchanges that brought a certificate: microseconds, and how many took that long.
    exchange_us: Vec<(u64, u64)>,
    /// Whether all devices had one key.
    reused_keys: bool,
}

impl Report {
    pub(super) fn new(
        url: &str,
        took: Duration,
        outcomes: Vec<Outcome>,
        reused_keys: bool,
    ) -> Self {
        let mut report = Self {
            schema: SCHEMA.to_owned(),
            url: url.to_owned(),
            seconds: took.as_secs_f64(),
            issued: 0,
            errors: BTreeMap::new(),
            exchange_us: Vec::new(),
            reused_keys,
        };
        let mut times = empty();
        for (took, outcome) in outcomes {
            match outcome {
                Ok(()) => {
                    report.issued += 1;
                    let us = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US);
                    times.saturating_record(us.max(1));
                }
                Err(why) => *report.errors.entry(why).or_default() += 1,
            }
        }
        report.exchange_us = recorded(&times);
        report
    }

    /// The sum of several.
    pub(super) fn merged(paths: &[PathBuf]) -> Result<Self> {
        let mut sum: Option<(Self, Histogram<u64>)> = None;
        for path in paths {
            let named = |what: String| Failure::local(format!("{}: {what}", path.display()));
            let text = files::read_text(path)?;
            let next: Self = serde_json::from_str(&text).map_err(|e| named(e.to_string()))?;
            if next.schema != SCHEMA {
                return Err(named(format!("is {}, and not {SCHEMA}", next.schema)));
            }
            let (report, times) = sum.get_or_insert_with(|| {
                let mut empty_report = Self::new(&next.url, Duration::ZERO, Vec::new(), true);
                empty_report.reused_keys = next.reused_keys;
                (empty_report, empty())
            });
            for (us, n) in &next.exchange_us {
                times.saturating_record_n((*us).max(1), *n);
            }
            report.issued += next.issued;
            for (why, n) in next.errors {
                *report.errors.entry(why).or_default() += n;
            }
            report.seconds = report.seconds.max(next.seconds);
            report.reused_keys &= next.reused_keys;
        }
        let (mut report, times) =
            sum.ok_or_else(|| Failure::usage("there is nothing to add up"))?;
        report.exchange_us = recorded(&times);
        Ok(report)
    }

    pub(super) fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    pub(super) fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n")
            .map_err(|e| Failure::local(format!("the results cannot be written as JSON: {e}")))
    }

    pub(super) fn print(&self, renderer: &Renderer) {
        let total = self.issued + self.failed();
        let whole = usize::try_from(total).unwrap_or(usize::MAX);
        // as precise as it is shown
        #[allow(clippy::cast_precision_loss)]
        let rate = self.issued as f64 / self.seconds.max(f64::MIN_POSITIVE);
        renderer.line(format!(
            "{} in {:.2} s: {} issued, {rate:.1} a second.",
            count(whole, "enrollment"),
            self.seconds,
            self.issued,
        ));
        let keys = match self.reused_keys {
            true => "One key for all; it and the messages were made before the clock started.",
            false => "Keys and messages were made before the clock started.",
        };
        renderer.line(keys);
        let mut times = empty();
        for (us, n) in &self.exchange_us {
            times.saturating_record_n(*us, *n);
        }
        if !times.is_empty() {
            let ms =
                |us: u64| format!("{:.1} ms", Duration::from_micros(us).as_secs_f64() * 1000.0);
            renderer.line(format!(
                "PKIOperation  p50 {}  p90 {}  p99 {}  max {}",
                ms(times.value_at_quantile(0.5)),
                ms(times.value_at_quantile(0.9)),
                ms(times.value_at_quantile(0.99)),
                ms(times.max()),
            ));
        }
        for (why, n) in &self.errors {
            renderer.hanging(&format!("{n:>8} x "), why);
        }
    }
}

/// Three digits are kept of each time.
#[allow(clippy::expect_used, reason = "the bounds are constants that are fine")]
fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("1 microsecond to an hour, with 3 digits")
}

fn recorded(times: &Histogram<u64>) -> Vec<(u64, u64)> {
    times
        .iter_recorded()
        .map(|step| (step.value_iterated_to(), step.count_at_value()))
        .collect()
}
