//! `scep ca`: who a server's CA is, and who it will be.

use std::path::PathBuf;
use std::sync::Arc;

use scep_client::ask;
use scep_client::enroll::EnrollOptions;
use scep_core::ca_certificates::CaCertificates;
use scep_core::client::{CaTrust, ServerParams};
use scep_core::crypto::CryptoProvider;
use scep_core::next_ca_certificates::Validity;
use scep_core::x509::Certificate;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::files::{self, Access};
use crate::options::{NetworkArgs, TrustArgs, scep_url};
use crate::render::Renderer;

/// Arguments of `scep ca`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The SCEP URL.
    #[arg(value_parser = scep_url)]
    url: String,
    #[command(flatten)]
    trust: TrustArgs,
    /// Ask for the CA that will follow (GetNextCACert); the present one has to be trusted.
    #[arg(long)]
    next: bool,
    /// Write the certificates to this file (PEM).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Overwrite it.
    #[arg(long)]
    force: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    if let Some(path) = &args.out {
        files::must_be_new(&[path.as_path()], args.force)?;
    }
    let network = args.network.network(&args.url)?;
    let options = EnrollOptions::default();
    let trust = match args.trust.given() || args.next {
        true => Some(args.trust.trust(renderer)?),
        false => None,
    };
    let found = if args.next {
        let trust = trust.clone().unwrap_or(CaTrust::FirstSeen);
        let server = ServerParams::new(args.url.as_str(), trust);
        let next = ask::next_ca(&network, Arc::clone(&provider), server, &options).await;
        next.map(|next| {
            let when = match next.validity {
                Validity::NotYet => "not valid yet: to be kept until it is",
                Validity::Now => "valid now",
                Validity::Over => "expired",
            };
            (next.certificates.as_slice().to_vec(), Some(when))
        })
    } else {
        let now = ask::ca_certificates(&network, &args.url, &options).await;
        now.map(|now| (now.as_slice().to_vec(), None))
    };
    let (certificates, when) = match found {
        Ok(found) => found,
        // that the server knows no next CA is its answer
        Err(e) if e.is_local() && !args.next => return Err(e.into()),
        Err(e) => {
            renderer.error(&e.causes());
            return Ok(Exit::Bad);
        }
    };
    let shown = Shown {
        certificates: &certificates,
        trust: trust.as_ref().filter(|_| !args.next),
        provider: provider.as_ref(),
    };
    let right = shown.is_right()?;
    if args.json {
        renderer.json(&shown.json(when)?);
    } else {
        shown.print(when, renderer)?;
    }
    if !right {
        renderer.error("the CA that is trusted is not among the server's certificates");
        return Ok(Exit::Bad);
    }
    if let Some(path) = &args.out {
        let pem: String = certificates.iter().map(Certificate::to_pem).collect();
        files::write(path, pem.as_bytes(), Access::Usual)?;
        renderer.line(format!("wrote {}", path.display()));
    }
    Ok(Exit::Good)
}

/// Certificates, and how the CA among them is recognised.
struct Shown<'a> {
    certificates: &'a [Certificate],
    trust: Option<&'a CaTrust>,
    provider: &'a dyn CryptoProvider,
}

impl Shown<'_> {
    fn sha256(&self, certificate: &Certificate) -> Result<String> {
        let hash = certificate.sha256(self.provider);
        let hash = hash.map_err(|e| Failure::local(e.to_string()))?;
        Ok(hash.iter().map(|octet| format!("{octet:02x}")).collect())
    }

    /// Whether the trusted CA is there.
    fn is_right(&self) -> Result<bool> {
        Ok(match self.trust {
            None | Some(CaTrust::FirstSeen) => true,
            Some(CaTrust::Certificate(trusted)) => self.certificates.contains(trusted),
            Some(CaTrust::Sha256(hash)) => {
                let hex: String = hash.iter().map(|octet| format!("{octet:02x}")).collect();
                let hashes: Result<Vec<String>> =
                    self.certificates.iter().map(|c| self.sha256(c)).collect();
                hashes?.contains(&hex)
            }
        })
    }

    fn json(&self, when: Option<&str>) -> Result<Value> {
        let certificates: Result<Vec<Value>> = self
            .certificates
            .iter()
            .map(|certificate| {
                Ok(json!({
                    "subject": certificate.subject().to_string(),
                    "issuer": certificate.issuer().to_string(),
                    "serial": certificate.serial_hex(),
                    "not_before": certificate.not_before().to_string(),
                    "not_after": certificate.not_after().to_string(),
                    "sha256": self.sha256(certificate)?,
                    "is_ca": certificate.is_ca(),
                    "pem": certificate.to_pem(),
                }))
            })
            .collect();
        Ok(json!({ "certificates": certificates?, "next": when }))
    }

    fn print(&self, when: Option<&str>, renderer: &Renderer) -> Result<()> {
        if let Some(when) = when {
            renderer.line(format!("The CA that will follow, {when}:"));
        }
        for certificate in self.certificates {
            renderer.line(certificate.subject().to_string());
            let of_kind = if certificate.is_ca() { "CA" } else { "no CA" };
            renderer.line(format!("  {of_kind}, serial {}", certificate.serial_hex()));
            renderer.line(format!(
                "  from {} to {}",
                certificate.not_before(),
                certificate.not_after()
            ));
            if let Some(usage) = certificate.key_usage() {
                renderer.hanging("  for ", &usage.names().join(", "));
            }
            renderer.line(format!("  --ca-sha256 {}", self.sha256(certificate)?));
        }
        renderer.line("");
        match CaCertificates::new(self.certificates.to_vec()).choose() {
            Ok(roles) => {
                for why in &roles.why {
                    renderer.hanging("* ", why);
                }
            }
            Err(e) => renderer.hanging("* ", &e.to_string()),
        }
        if self.trust.is_none() && when.is_none() {
            renderer.hanging(
                "",
                "Nothing says yet that this is the right CA: compare a fingerprint with one that you have \
                 from its administrator, and give it to the other commands.",
            );
        }
        Ok(())
    }
}
