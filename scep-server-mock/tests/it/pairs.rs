//! Two failure modes at once, of different layers: whoever comes first on the way in answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use scep_core::crypto::{AwsLcRs, Fallback, RustCrypto};
use scep_failures::Catalogue;
use scep_failures::catalogue::{FailureMode, Step};
use scep_server_mock::Error;
use scep_server_mock::wire::{Layer, Request};

use crate::support::*;

/// For `/`, GetCACaps and GetCACert: the layer that answers, or that ends the exchange.
type Answers = [Option<Layer>; 3];

fn answers(failures: &[&FailureMode], baseline: Option<&str>) -> Result<Answers, Error> {
    // thousands of deployments are set up
    let provider = Fallback::new(Arc::new(AwsLcRs), Arc::new(RustCrypto));
    let mut builder = builder().with_provider(Arc::new(provider));
    for mode in failures {
        builder = builder.with_failure(&mode.id);
    }
    if let Some(baseline) = baseline {
        builder = builder.with_baseline(baseline);
    }
    let host = builder.in_memory(START)?;
    let url = host.scep_url();
    Ok(
        ["/", "?operation=GetCACaps", "?operation=GetCACert"].map(|target| {
            let url = if target == "/" {
                format!("{}/", origin(&host))
            } else {
                format!("{url}{target}")
            };
            host.with_deployment(|d, now| d.handle(&Request::get(&url).unwrap(), now).answered_by)
        }),
    )
}

/// A failure mode, and who answers when it is armed alone.
struct Alone {
    mode: &'static FailureMode,
    /// By baseline, as another mode may need a richer one.
    answers: Mutex<BTreeMap<String, Option<Answers>>>,
}

impl Alone {
    fn on(&self, baseline: &str) -> Option<Answers> {
        let mut known = self.answers.lock().unwrap();
        let answer = || answers(&[self.mode], Some(baseline)).ok();
        *known.entry(baseline.to_owned()).or_insert_with(answer)
    }
}

/// Whether the answer of a pair comes from as far out as that of the outer one alone. (The inner one's
/// damage may need requests that the outer one does not let through.)
fn earliest(pair: &Answers, outer: &Answers) -> bool {
    pair.iter()
        .zip(outer)
        .all(|(pair, outer)| outer.is_none_or(|outer| pair.is_some_and(|pair| pair <= outer)))
}

/// Whether the damage is done by requests, which the other failure may keep from coming, or whether it
/// shows in some answers only.
fn done_by_requests(mode: &FailureMode) -> bool {
    let reproduce = mode.reproduce.as_ref().unwrap();
    let load = reproduce.set.contains_key("load");
    load || reproduce.steps.iter().any(|step| match step {
        Step::Enroll { .. } | Step::Request { .. } | Step::Poll {} => true,
        Step::Set { set } => set.contains_key("load"),
        _ => false,
    })
}

/// Pairs in which the inner one mends the outer one.
const MENDED: &[(&str, &str)] = &[
    // a load balancer that wants 200 for the bare URL gets it where the policy module is missing
    ("lb-no-healthy-backend", "ndes-bare-url-200-info-page"),
    // devices ask under another path, which another pool serves
    ("httpsys-503-pool-stopped", "iis-welcome-page"),
];

/// Whether the outer one mends itself in the time that the other's history takes.
fn mended_by_time(outer: &FailureMode, inner: &FailureMode) -> bool {
    let passes = |step: &Step| matches!(step, Step::Advance { .. });
    let steps = &inner.reproduce.as_ref().unwrap().steps;
    outer.id == "app-proxy-connector-delayed-start" && steps.iter().any(passes)
}

#[test]
fn of_two_failures_of_different_layers_the_earlier_answers() {
    let alone: Vec<Alone> = Catalogue::builtin()
        .modes()
        .filter(|mode| mode.reproduce.is_some())
        .map(|mode| Alone {
            mode,
            answers: Mutex::default(),
        })
        .collect();
    let pairs: Vec<(&Alone, &Alone)> = alone
        .iter()
        .enumerate()
        .flat_map(|(i, a)| alone.iter().skip(i + 1).map(move |b| (a, b)))
        .filter(|(a, b)| a.mode.layer != b.mode.layer)
        .collect();
    let (next, tried) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((a, b)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let problem = match answers(&[a.mode, b.mode], None) {
                        // they exclude each other, and say so
                        Err(Error::Baselines { .. } | Error::Conflict { .. }) => continue,
                        Err(error) => Some(error.to_string()),
                        Ok(pair) => {
                            tried.fetch_add(1, Ordering::Relaxed);
                            let (outer, inner) = if a.mode.layer < b.mode.layer {
                                (a, b)
                            } else {
                                (b, a)
                            };
                            let mended = MENDED.contains(&(&outer.mode.id, &inner.mode.id))
                                || mended_by_time(outer.mode, inner.mode);
                            match outer.on(&richer(a.mode, b.mode)) {
                                Some(alone)
                                    if !mended
                                        && !done_by_requests(outer.mode)
                                        && !earliest(&pair, &alone) =>
                                {
                                    Some(format!("{pair:?}, though {alone:?} alone"))
                                }
                                _ => None,
                            }
                        }
                    };
                    if let Some(problem) = problem {
                        let names = format!("{} and {}: {problem}", a.mode.id, b.mode.id);
                        wrong.lock().unwrap().push(names);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    let tried = tried.into_inner();
    assert!(tried > 2_000, "only {tried} pairs can be armed together");
}

/// The baseline that covers what both need.
fn richer(a: &FailureMode, b: &FailureMode) -> String {
    let of = |mode: &FailureMode| {
        let reproduce = mode.reproduce.as_ref().unwrap();
        reproduce.baseline.as_str().to_owned()
    };
    let (a, b) = (of(a), of(b));
    let covers = scep_server_mock::baseline::Baseline::load(&a).is_ok_and(|have| have.covers(&b));
    if covers { a } else { b }
}
