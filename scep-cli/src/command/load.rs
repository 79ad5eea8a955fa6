//! `scep load`: how many enrollments a server of one's own can take.

mod prepared;
mod report;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Subcommand;
use scep_client::Network;
use scep_core::crypto::CryptoProvider;
use tokio::time::Instant;

use super::enroll::duration;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::files::{self, Access};
use crate::options::{NetworkArgs, PolicyChoice, TrustArgs, scep_url};
use crate::render::Renderer;
use prepared::{Plan, Prepared};
use report::Report;

/// Arguments of `scep load`.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    merge: Option<Other>,
    #[command(flatten)]
    load: LoadArgs,
}

#[derive(Subcommand, Debug)]
enum Other {
    /// Add up the results of several machines
    Merge(MergeArgs),
}

/// Arguments of `scep load merge`.
#[derive(clap::Args, Debug)]
struct MergeArgs {
    /// What `--json` wrote.
    #[arg(required = true, num_args = 2..)]
    files: Vec<PathBuf>,
    /// Write the sum as JSON; - for stdout.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Arguments of a run.
#[derive(clap::Args, Debug)]
struct LoadArgs {
    /// The SCEP URL of a server of your own.
    #[arg(value_parser = scep_url, required = true)]
    url: Option<String>,
    /// Enrollments.
    #[arg(long, value_name = "N", default_value_t = 100)]
    requests: usize,
    /// Enrollments at the same time.
    #[arg(long, value_name = "N", default_value_t = 8)]
    concurrency: usize,
    /// Enrollments a second, whether or not the server keeps up; without this each begins when another
    /// one ends.
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// Enrollments before the clock starts.
    #[arg(long, value_name = "N", default_value_t = 0)]
    warm_up: usize,
    /// One key and one self-signed certificate for all devices: it is the server that is measured, not the
    /// making of keys.
    #[arg(long)]
    reuse_keys: bool,
    /// File with challenge passwords: one line for each, or one that may be used again.
    #[arg(long, value_name = "FILE", conflicts_with = "challenge_command")]
    challenge_file: Option<PathBuf>,
    /// Command whose first line is a challenge password; it is run for each, before the clock starts.
    #[arg(long, value_name = "COMMAND")]
    challenge_command: Option<String>,
    /// How long to wait for each answer.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    timeout: Duration,
    /// Write the results as JSON (to be added up by `scep load merge`); - for stdout.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The server is mine, though its address is public.
    #[arg(long)]
    i_own_this_server: bool,
    #[command(flatten)]
    trust: TrustArgs,
    /// Algorithms that are acceptable.
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    policy: PolicyChoice,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    if let Some(Other::Merge(merge)) = args.merge {
        let report = Report::merged(&merge.files)?;
        return told(&report, merge.json.as_ref(), renderer);
    }
    let url = args.load.url.clone();
    let url = url.ok_or_else(|| Failure::usage("which server? Give its URL"))?;
    measure(&url, args.load, provider, renderer).await
}

async fn measure(
    url: &str,
    args: LoadArgs,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    if args.requests == 0 || args.concurrency == 0 {
        return Err(Failure::usage("there has to be at least one enrollment"));
    }
    if args
        .rate
        .is_some_and(|rate| !rate.is_finite() || rate <= 0.0)
    {
        return Err(Failure::usage("--rate: a number above 0"));
    }
    let network = args.network.network(url)?;
    if !args.i_own_this_server {
        is_near(url, &network).await?;
    }
    let plan = Plan {
        url: url.to_owned(),
        trust: args.trust.trust(renderer)?,
        policy: args.policy.policy(),
        reuse_keys: args.reuse_keys,
        timeout: args.timeout,
        provider,
    };
    let total = args.requests + args.warm_up;
    let passwords = passwords(&args, total)?;
    renderer.progress("keys and requests are being made");
    let mut all = plan.prepare(&network, passwords).await?;
    let measured = all.split_off(args.warm_up);
    if !all.is_empty() {
        renderer.progress("warming up");
        drive(&network, all, args.concurrency, None, |_| ()).await;
    }
    let began = Instant::now();
    let mut done = 0;
    let results = drive(&network, measured, args.concurrency, args.rate, |_| {
        done += 1;
        renderer.progress(&format!("{done} of {}", args.requests));
    })
    .await;
    let report = Report::new(url, began.elapsed(), results, args.reuse_keys);
    told(&report, args.json.as_ref(), renderer)
}

/// What came of one enrollment, and how long the exchange took.
pub(super) type Outcome = (Duration, std::result::Result<(), String>);

/// Sends all of them, so many at a time; with a rate each has its moment.
async fn drive(
    network: &dyn Network,
    all: Vec<Prepared>,
    concurrency: usize,
    rate: Option<f64>,
    mut told: impl FnMut(&Outcome),
) -> Vec<Outcome> {
    let began = Instant::now();
    let count = all.len();
    let waiting: Mutex<VecDeque<(usize, Prepared)>> =
        Mutex::new(all.into_iter().enumerate().collect());
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let worker = || async {
        loop {
            let next = waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            let Some((n, prepared)) = next else { return };
            if let Some(rate) = rate {
                let at = f64::from(u32::try_from(n).unwrap_or(u32::MAX)) / rate;
                tokio::time::sleep_until(began + Duration::from_secs_f64(at)).await;
            }
            // the listener is there until the last worker is gone
            let _ = sender.send(prepared.enroll(network).await);
        }
    };
    let workers = futures_util::future::join_all((0..concurrency.min(count)).map(|_| worker()));
    let listen = async {
        let mut outcomes = Vec::with_capacity(count);
        while outcomes.len() < count {
            let Some(outcome) = receiver.recv().await else {
                break;
            };
            told(&outcome);
            outcomes.push(outcome);
        }
        outcomes
    };
    let (_, outcomes) = tokio::join!(workers, listen);
    outcomes
}

/// One for each enrollment, or the same for all.
fn passwords(
    args: &LoadArgs,
    total: usize,
) -> Result<Vec<Option<scep_core::message::ChallengePassword>>> {
    if let Some(path) = &args.challenge_file {
        let lines = crate::options::challenges(path)?;
        return match lines.as_slice() {
            [] => Err(Failure::local(format!(
                "{}: holds no password",
                path.display()
            ))),
            [one] => Ok(vec![Some(one.clone()); total]),
            many if many.len() >= total => Ok(many.iter().take(total).cloned().map(Some).collect()),
            many => Err(Failure::local(format!(
                "{}: holds {} passwords, and {total} are needed",
                path.display(),
                many.len()
            ))),
        };
    }
    match &args.challenge_command {
        Some(command) => (0..total)
            .map(|_| crate::options::output_of(command).map(Some))
            .collect(),
        None => Ok(vec![None; total]),
    }
}

/// Load is for servers of one's own: what is neither this machine nor in a private network has to be
/// owned in so many words.
async fn is_near(url: &str, network: &dyn Network) -> Result<()> {
    let parsed = url::Url::parse(url).map_err(|e| Failure::usage(e.to_string()))?;
    let host = parsed.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let addresses = match host.parse() {
        Ok(address) => vec![address],
        Err(_) => {
            let resolved = network.resolve(host, Duration::from_secs(10)).await;
            resolved.map(|found| found.addresses).unwrap_or_default()
        }
    };
    let far = addresses.iter().find(|address| !is_private(**address));
    match far {
        Some(far) => Err(Failure::usage(format!(
            "{far} is a public address: load is for servers of your own; if this one is, say \
             --i-own-this-server"
        ))),
        None => Ok(()),
    }
}

const fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn told(report: &Report, json: Option<&PathBuf>, renderer: &Renderer) -> Result {
    let to_stdout = json.is_some_and(|path| path.as_os_str() == "-");
    if let Some(path) = json {
        let text = report.to_json()?;
        if to_stdout {
            renderer.line(text.trim_end());
        } else {
            files::write(path, text.as_bytes(), Access::Usual)?;
        }
    }
    if !to_stdout {
        report.print(renderer);
    }
    Ok(if report.failed() == 0 {
        Exit::Good
    } else {
        Exit::Bad
    })
}
