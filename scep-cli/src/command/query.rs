//! `scep get-cert` and `scep get-crl`: what a server gives to those who have a certificate of it.

use std::path::PathBuf;
use std::sync::Arc;

use scep_client::ask::{self, Asked};
use scep_client::enroll::EnrollOptions;
use scep_core::client::{Answer, QueryParams, ServerParams, Signer, Wanted};
use scep_core::crypto::CryptoProvider;
use scep_core::x509::Certificate;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::files::{self, Access};
use crate::options::{KeyPasswordArgs, ProtocolArgs, TrustArgs, certificates, scep_url};
use crate::render::Renderer;

/// Arguments of `scep get-cert` and `scep get-crl`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The SCEP URL.
    #[arg(value_parser = scep_url)]
    url: String,
    /// The certificate of this device (PEM or DER): who asks, and what is asked about.
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// Its key.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    #[command(flatten)]
    password: KeyPasswordArgs,
    /// Ask about the certificate with this serial number of the same CA, in hexadecimal.
    #[arg(long, value_name = "HEX", value_parser = serial)]
    serial: Option<Serial>,
    /// Write the answer to this file: a certificate as PEM, a CRL as DER.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Overwrite it.
    #[arg(long)]
    force: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    protocol: ProtocolArgs,
}

/// A serial number.
#[derive(Clone, Debug)]
struct Serial(Vec<u8>);

fn serial(text: &str) -> std::result::Result<Serial, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let bad = || "a serial number has an even number of hexadecimal digits".to_owned();
    if digits.is_empty() || !digits.is_ascii() || digits.len() % 2 == 1 {
        return Err(bad());
    }
    let pairs = digits.as_bytes().chunks(2);
    let octets = pairs.map(|pair| {
        let pair = std::str::from_utf8(pair).map_err(|_| bad())?;
        u8::from_str_radix(pair, 16).map_err(|_| bad())
    });
    octets.collect::<std::result::Result<_, _>>().map(Serial)
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Certificate,
    Crl,
}

impl What {
    /// What an HTTP error may mean.
    fn often_missing(self) -> &'static str {
        match self {
            Self::Certificate => {
                "a server need not serve GetCert (RFC 8894 section 2.9), and many do not: the CA's administrator \
                 has the certificate"
            }
            Self::Crl => {
                "a server need not serve GetCRL (RFC 8894 section 2.9), and many do not: the certificate may say \
                 where the CRL is (CRL distribution point)"
            }
        }
    }
}

pub(crate) async fn run(
    what: What,
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    files::must_be_new(&[args.out.as_path()], args.force)?;
    let trust = args.trust.trust(renderer)?;
    let own = certificates(&args.cert)?;
    let empty = || Failure::local(format!("{}: holds no certificate", args.cert.display()));
    let own = own.into_iter().next().ok_or_else(empty)?;
    let key = args.password.load(provider.as_ref(), &args.key_file)?;
    let mut id = own.issuer_and_serial();
    let signer = Signer::new(own, key).map_err(|e| Failure::local(e.to_string()))?;
    if let Some(Serial(octets)) = &args.serial {
        id.serial.clone_from(octets);
    }
    let wanted = match what {
        What::Certificate => Wanted::Certificate(id),
        What::Crl => Wanted::Crl(id),
    };
    let mut server = ServerParams::new(args.url.as_str(), trust);
    args.protocol.apply(&mut server);
    let network = args.protocol.network.network(&args.url)?;
    let params = QueryParams::new(server, wanted, signer);
    let asked = ask::query(&network, provider, params, &EnrollOptions::default()).await;
    let found = match asked {
        Ok(Asked::Found(found)) => found,
        Ok(Asked::Refused(refusal)) => {
            renderer.error(&scep_core::Error::from(*refusal).to_string());
            return Ok(Exit::Bad);
        }
        Err(e) if e.is_local() => return Err(e.into()),
        Err(e) => {
            renderer.error(&e.causes());
            if matches!(e, scep_client::Error::Http { status: 400.., .. }) {
                renderer.hint(what.often_missing());
            }
            return Ok(Exit::Bad);
        }
    };
    let (content, told) = match &found.answer {
        Answer::Certificate { certificate, .. } => (
            certificate.to_pem().into_bytes(),
            of_certificate(certificate),
        ),
        Answer::Crl(crl) => (
            crl.as_der().to_vec(),
            json!({
                "issuer": crl.issuer().to_string(),
                "this_update": crl.this_update().to_string(),
                "next_update": crl.next_update().map(|next| next.to_string()),
                "revoked": crl.revoked().len(),
            }),
        ),
    };
    files::write(&args.out, &content, Access::Usual)?;
    if args.json {
        renderer.json(&told);
    } else {
        for (name, value) in told.as_object().into_iter().flatten() {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            renderer.hanging(&format!("{name:<12} "), &value);
        }
        renderer.line(format!("wrote {}", args.out.display()));
    }
    Ok(Exit::Good)
}

fn of_certificate(certificate: &Certificate) -> serde_json::Value {
    json!({
        "subject": certificate.subject().to_string(),
        "issuer": certificate.issuer().to_string(),
        "serial": certificate.serial_hex(),
        "not_before": certificate.not_before().to_string(),
        "not_after": certificate.not_after().to_string(),
    })
}
