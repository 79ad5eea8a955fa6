//! `scep enroll`: gets a certificate.

mod chain;
mod finish;
mod steps;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use scep_client::enroll::{EnrollOptions, enroll};
use scep_core::client::EnrollmentParams;
use scep_core::crypto::CryptoProvider;
use scep_core::x509::pem;
use zeroize::Zeroizing;

use super::diagnose;
use crate::failure::Result;
use crate::files::{self, Access};
use crate::options::{
    ChallengeArgs, Format, KeyArgs, OutputArgs, ProtocolArgs, TrustArgs, WishArgs, password_of,
    scep_url,
};
use crate::render::Renderer;

pub(crate) use finish::{Bundle, Finish, keep, odd_key};

/// Arguments of `scep enroll`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The SCEP URL, such as https://host/certsrv/mscep/mscep.dll
    #[arg(value_parser = scep_url)]
    url: String,
    #[command(flatten)]
    wishes: WishArgs,
    /// Write PREFIX.key, PREFIX.pem and PREFIX.chain.pem (or PREFIX.pending.json).
    #[arg(long, value_name = "PREFIX")]
    out: PathBuf,
    /// Overwrite files.
    #[arg(long)]
    force: bool,
    /// How long to poll a pending request before giving up for today, such as 10m.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    wait: Duration,
    /// How long to wait before a pending request is asked for again. Without this it is 60s, and then
    /// half as long again each time, up to an hour.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    poll_interval: Option<Duration>,
    /// How long to wait for each answer of the server, 30s or, for the request itself, 90s.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    challenge: ChallengeArgs,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    protocol: ProtocolArgs,
}

/// `90s`, `10m`, `2h`, `1d`.
pub(crate) fn duration(text: &str) -> std::result::Result<Duration, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "s" | "" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("write a duration like 90s, 10m, 2h or 1d".into()),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(factor))
        .map(Duration::from_secs)
        .ok_or_else(|| "write a duration like 90s, 10m, 2h or 1d".into())
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    let trust = args.trust.trust(renderer)?;
    let network = args.protocol.network.network(&args.url)?;
    let paths = args.output.paths(&args.out);
    let makes_key = args.key.key_file.is_none();
    files::must_be_new(&args.output.new_files(&paths, makes_key), args.force)?;
    let key = args.key.key(provider.as_ref())?;
    args.protocol.check_key(key.key.spki_der())?;
    let wishes = args.wishes.wishes(provider.as_ref(), key.key.as_ref())?;
    let challenge = args.challenge.challenge(&network, renderer).await?;
    let p12 = bundle(&args.output, &key.pkcs8)?;
    // the key is on disk before anything is sent: a certificate without its key is lost
    if key.is_new {
        write_key(&paths.key, &key.pkcs8, args.output.format)?;
    }
    let mut params = EnrollmentParams::new(args.url.clone(), trust, key.key, wishes.subject);
    params.challenge = challenge.or(wishes.challenge);
    params.extensions = wishes.extensions;
    args.protocol.apply_to_enrollment(&mut params);
    let odd_key = odd_key(params.key.spki_der());
    let password_sent = params.challenge.is_some();
    if let Some(interval) = args.poll_interval {
        params.retry.first = interval;
        params.retry.growth_percent = 100;
    }
    let mut options = options(args.wait, args.json, Arc::clone(&provider), renderer);
    if let Some(timeout) = args.timeout {
        options.timeout = timeout;
        options.pki_operation_timeout = timeout;
    }
    let key_file = args.key.key_file.as_ref().unwrap_or(&paths.key);
    options.keep = keep(key_file, &paths.pending);
    let result = enroll(&network, Arc::clone(&provider), params, &options).await;
    let written = key.is_new.then_some(paths.key.as_path());
    let finish = Finish {
        url: &args.url,
        paths: &paths,
        key_file,
        written_key: written,
        format: args.output.format,
        p12,
        unanswered: false,
        password_sent,
        odd_key,
        json: args.json,
        provider: provider.as_ref(),
    };
    finish.finish(result, renderer)
}

/// What a PKCS #12 file is made of, if one is wanted.
pub(crate) fn bundle(args: &OutputArgs, key: &Zeroizing<Vec<u8>>) -> Result<Option<Bundle>> {
    let Some(path) = &args.p12_password_file else {
        return Ok(None);
    };
    Ok(Some(Bundle {
        key: key.clone(),
        password: password_of(path)?,
    }))
}

/// Writes a new key, readable by its owner only.
pub(crate) fn write_key(path: &Path, pkcs8: &[u8], format: Format) -> Result<()> {
    let content = match format {
        Format::Pem => Zeroizing::new(pem::encode("PRIVATE KEY", pkcs8).into_bytes()),
        Format::Der => Zeroizing::new(pkcs8.to_vec()),
    };
    files::write(path, &content, Access::OwnerOnly)
}

/// Options that tell of every step.
pub(crate) fn options(
    wait: Duration,
    json: bool,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> EnrollOptions {
    let mut options = EnrollOptions::default();
    options.wait = wait;
    let watcher = renderer.clone();
    options.watch = Arc::new(move |seen| watcher.progress(&diagnose::progress(seen)));
    if !json {
        let renderer = renderer.clone();
        options.progress = Arc::new(move |event| steps::step(event, provider.as_ref(), &renderer));
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        assert!(duration("2 weeks").is_err());
        assert!(duration("99999999999999999999d").is_err());
    }
}
