//! `scep renew`: gets the next certificate with the one that there is.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scep_client::enroll::enroll;
use scep_core::UnixTime;
use scep_core::client::{EnrollmentParams, Renewal, RenewalStyle, Signer};
use scep_core::crypto::CryptoProvider;
use scep_core::oid;
use scep_core::x509::{Certificate, Extension};
use serde_json::json;

use super::enroll::{Finish, bundle, duration, keep, odd_key, options, write_key};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::files;
use crate::options::{
    ChallengeArgs, KeyArgs, OutputArgs, ProtocolArgs, TrustArgs, certificates, scep_url,
};
use crate::render::Renderer;

/// Arguments of `scep renew`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The SCEP URL.
    #[arg(value_parser = scep_url)]
    url: String,
    /// The certificate that is to be renewed (PEM or DER).
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// Its key.
    #[arg(long, value_name = "FILE")]
    cert_key: PathBuf,
    /// Keep that key, in place of a new one.
    #[arg(long, conflicts_with_all = ["key_file", "key_type"])]
    same_key: bool,
    /// Do nothing (and end with code 5) if it is valid for longer than that, such as 30d.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    if_expires_within: Option<Duration>,
    /// Which message asks for it.
    #[arg(long, value_enum, default_value_t, value_name = "STYLE")]
    style: Style,
    /// Write PREFIX.key, PREFIX.pem and PREFIX.chain.pem (or PREFIX.pending.json); the files of the
    /// certificate that is renewed stay as they are.
    #[arg(long, value_name = "PREFIX")]
    out: PathBuf,
    /// Overwrite files.
    #[arg(long)]
    force: bool,
    /// How long to poll a pending request before giving up for today, such as 10m.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    wait: Duration,
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

/// Which message asks for a renewal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Style {
    /// As --server says; else RenewalReq if the server lists SCEPStandard, or PKCSReq, as NDES wants it.
    #[default]
    Auto,
    /// RenewalReq (17).
    RenewalReq,
    /// PKCSReq (19) that the certificate signs.
    PkcsReq,
}

impl Style {
    const fn renewal(self) -> Option<RenewalStyle> {
        match self {
            Self::Auto => None,
            Self::RenewalReq => Some(RenewalStyle::RenewalReq),
            Self::PkcsReq => Some(RenewalStyle::PkcsReq),
        }
    }
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    let current = certificates(&args.cert)?.into_iter().next();
    let empty = || Failure::local(format!("{}: holds no certificate", args.cert.display()));
    let current = current.ok_or_else(empty)?;
    if let Some(within) = args.if_expires_within
        && current.not_after() > UnixTime::now().plus(within)
    {
        not_due(&current, args.json, renderer);
        return Ok(Exit::NotDue);
    }
    let trust = args.trust.trust(renderer)?;
    let network = args.protocol.network.network(&args.url)?;
    let current_key = args.key.password.load(provider.as_ref(), &args.cert_key)?;
    let signer = Signer::new(current.clone(), Arc::clone(&current_key))
        .map_err(|e| Failure::local(format!("{}: {e}", args.cert_key.display())))?;
    let paths = args.output.paths(&args.out);
    let makes_key = !args.same_key && args.key.key_file.is_none();
    files::must_be_new(&args.output.new_files(&paths, makes_key), args.force)?;
    for (path, kept) in [
        (&paths.certificate, &args.cert),
        (&paths.key, &args.cert_key),
    ] {
        if same_file(path, kept) && (makes_key || path == &paths.certificate) {
            return Err(Failure::usage(format!(
                "{} belongs to the certificate that is renewed, and is needed until there is another one; \
                 give another --out",
                kept.display()
            )));
        }
    }
    let key = if args.same_key {
        crate::options::Key {
            pkcs8: args.key.password.der(provider.as_ref(), &args.cert_key)?,
            key: current_key,
            is_new: false,
        }
    } else {
        args.key.key(provider.as_ref())?
    };
    let challenge = args.challenge.challenge(&network, renderer).await?;
    if key.is_new {
        write_key(&paths.key, &key.pkcs8, args.output.format)?;
    }
    let p12 = bundle(&args.output, &key.pkcs8)?;
    let subject = current.subject().clone();
    let mut params = EnrollmentParams::new(args.url.clone(), trust, key.key, subject);
    let odd_key = odd_key(signer.key().spki_der());
    let mut renewal = Renewal::new(signer);
    let password_sent = challenge.is_some();
    renewal.send_challenge = password_sent;
    let absolute = std::path::absolute(&args.cert_key).unwrap_or_else(|_| args.cert_key.clone());
    renewal.key_label = Some(absolute.to_string_lossy().into_owned());
    params.renewal = Some(renewal);
    params.challenge = challenge;
    params.extensions = names_of(&current);
    args.protocol.apply_to_enrollment(&mut params);
    if let (Some(renewal), Some(style)) = (&mut params.renewal, args.style.renewal()) {
        renewal.style = style;
    }
    let mut options = options(args.wait, args.json, Arc::clone(&provider), renderer);
    let key_file = match (&args.key.key_file, args.same_key) {
        (Some(path), _) => path.clone(),
        (None, true) => args.cert_key.clone(),
        (None, false) => paths.key.clone(),
    };
    options.keep = keep(&key_file, &paths.pending);
    let result = enroll(&network, Arc::clone(&provider), params, &options).await;
    Finish {
        url: &args.url,
        paths: &paths,
        key_file: &key_file,
        p12,
        format: args.output.format,
        written_key: key.is_new.then_some(paths.key.as_path()),
        unanswered: false,
        password_sent,
        odd_key,
        json: args.json,
        provider: provider.as_ref(),
    }
    .finish(result, renderer)
}

/// The alternative names of a certificate, to be asked for again.
fn names_of(certificate: &Certificate) -> Vec<Extension> {
    let extensions = certificate.extensions().iter();
    let names = extensions.filter(|e| e.oid == oid::SUBJECT_ALT_NAME);
    names.cloned().collect()
}

fn same_file(one: &std::path::Path, other: &std::path::Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn not_due(current: &Certificate, json: bool, renderer: &Renderer) {
    let until = current.not_after().to_string();
    if json {
        renderer.json(&json!({
            "outcome": "not-due",
            "subject": current.subject().to_string(),
            "not_after": until,
        }));
    } else {
        renderer.line(format!(
            "{} is valid until {until}: nothing to do.",
            current.subject()
        ));
    }
}
