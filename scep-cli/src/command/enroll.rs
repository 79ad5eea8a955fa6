//! `scep enroll`: gets a certificate.

mod chain;
mod finish;
mod steps;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use scep_client::enroll::{EnrollOptions, enroll};
use scep_core::asn1::{tag, write};
use scep_core::client::EnrollmentParams;
use scep_core::crypto::CryptoProvider;
use scep_core::oid::ObjectIdentifier;
use scep_core::x509::{Extension, GeneralName, Name};

use super::diagnose;
use crate::failure::{Failure, Result};
use crate::files::{self, Access};
use crate::options::{
    ChallengeArgs, Key, KeyArgs, Pkcs12Args, ProtocolArgs, TrustArgs, password_of, scep_url,
};
use crate::render::Renderer;

pub(crate) use finish::{Bundle, Finish, keep};

/// szOID_NT_PRINCIPAL_NAME: a user principal name as otherName.
const NT_PRINCIPAL_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.3");

/// Arguments of `scep enroll`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The SCEP URL, such as https://host/certsrv/mscep/mscep.dll
    #[arg(value_parser = scep_url)]
    url: String,
    /// Subject to ask for, such as CN=printer-01,O=Contoso
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// Host name to ask for as subjectAltName (may be given several times).
    #[arg(long, value_name = "NAME")]
    dns_name: Vec<String>,
    /// IP address to ask for as subjectAltName (may be given several times).
    #[arg(long, value_name = "ADDRESS")]
    ip: Vec<std::net::IpAddr>,
    /// Mail address to ask for as subjectAltName (may be given several times).
    #[arg(long, value_name = "ADDRESS")]
    email: Vec<String>,
    /// URI to ask for as subjectAltName (may be given several times).
    #[arg(long, value_name = "URI")]
    uri: Vec<String>,
    /// User principal name to ask for as subjectAltName, as Windows has it (may be given several times).
    #[arg(long, value_name = "USER@DOMAIN")]
    upn: Vec<String>,
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
    p12: Pkcs12Args,
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

/// The files of one enrollment.
pub(crate) struct Paths {
    pub(crate) key: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) chain: PathBuf,
    pub(crate) pending: PathBuf,
    pub(crate) p12: PathBuf,
}

impl Paths {
    pub(crate) fn with_prefix(prefix: &Path) -> Self {
        let with = |suffix: &str| {
            let mut name = prefix.as_os_str().to_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        Self {
            key: with(".key"),
            certificate: with(".pem"),
            chain: with(".chain.pem"),
            pending: with(".pending.json"),
            p12: with(".p12"),
        }
    }
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    let trust = args.trust.trust(renderer)?;
    let subject =
        Name::from_rfc4514(&args.subject).map_err(|e| Failure::usage(format!("--subject: {e}")))?;
    let challenge = args.challenge.challenge(renderer)?;
    let paths = Paths::with_prefix(&args.out);
    let mut new_files = vec![paths.certificate.as_path(), &paths.chain, &paths.pending];
    if args.key.key_file.is_none() {
        new_files.push(&paths.key);
    }
    if args.p12.p12_password_file.is_some() {
        new_files.push(&paths.p12);
    }
    files::must_be_new(&new_files, args.force)?;
    let key = args.key.key(provider.as_ref())?;
    let p12 = bundle(&args.p12, &key)?;
    // the key is on disk before anything is sent: a certificate without its key is lost
    if let Some(pem) = &key.new_pem {
        files::write(&paths.key, pem.as_bytes(), Access::OwnerOnly)?;
    }
    let network = args.protocol.network.network()?;
    let mut params = EnrollmentParams::new(args.url.clone(), trust, key.key, subject);
    params.challenge = challenge;
    params.server.policy = args.protocol.policy.policy();
    params.server.method = args.protocol.method.into();
    params
        .server
        .ca_identifier
        .clone_from(&args.protocol.ca_identifier);
    let names = names(&args);
    if !names.is_empty() {
        params.extensions.push(Extension::subject_alt_name(&names));
    }
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
    let written = key.new_pem.is_some().then_some(paths.key.as_path());
    let finish = Finish {
        url: &args.url,
        paths: &paths,
        key_file,
        written_key: written,
        p12,
        unanswered: false,
        json: args.json,
        provider: provider.as_ref(),
    };
    finish.finish(result, renderer)
}

/// What a PKCS #12 file is made of, if one is wanted.
pub(crate) fn bundle(args: &Pkcs12Args, key: &Key) -> Result<Option<Bundle>> {
    let Some(path) = &args.p12_password_file else {
        return Ok(None);
    };
    Ok(Some(Bundle {
        key: key.pkcs8.clone(),
        password: password_of(path)?,
    }))
}

/// The alternative names that are asked for.
fn names(args: &Args) -> Vec<GeneralName> {
    let dns = args.dns_name.iter().cloned().map(GeneralName::Dns);
    let ip = args.ip.iter().copied().map(GeneralName::Ip);
    let email = args.email.iter().cloned().map(GeneralName::Email);
    let uri = args.uri.iter().cloned().map(GeneralName::Uri);
    let upn = args.upn.iter().map(|upn| {
        // otherName [0] with szOID_NT_PRINCIPAL_NAME, a UTF8String
        let value = write::tlv(tag::UTF8_STRING, upn.as_bytes());
        let value = write::tlv(tag::context_constructed(0), &value);
        let other = [write::oid(NT_PRINCIPAL_NAME), value].concat();
        GeneralName::Other(tag::context_constructed(0), other)
    });
    dns.chain(ip).chain(email).chain(uri).chain(upn).collect()
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
