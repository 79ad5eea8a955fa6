//! What happens after the last reply, in `enroll` and `poll` alike.

use std::path::Path;
use std::sync::Arc;

use scep_client::enroll::{Enrolled, Failed, Keep, Outcome, PendingState};
use scep_core::ca_certificates::CaCertificates;
use scep_core::client::{Issued, Refusal};
use scep_core::crypto::{CryptoProvider, PublicKeyAlgorithm, SystemRandom};
use scep_core::message::FailInfo;
use scep_core::pkcs12::Pkcs12;
use scep_core::x509::Certificate;
use scep_failures::diagnosis::Outcome as Health;
use scep_failures::observation::{Observation, Observations, Outcome as Seen, Probe, Purpose};
use scep_failures::{Catalogue, Diagnosis, classify};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::chain;
use crate::command::diagnose;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::files::{self, Access};
use crate::options::{Format, Paths};
use crate::render::{Renderer, count};

/// A key, and the password under which it goes into a PKCS #12 file.
pub(crate) struct Bundle {
    pub(crate) key: Zeroizing<Vec<u8>>,
    pub(crate) password: Zeroizing<String>,
}

/// Keeps a transaction in its file from before the request is sent, so that it is not lost if the program
/// is killed.
pub(crate) fn keep(key_file: &Path, pending: &Path) -> Keep {
    let (key_file, pending) = (key_file.to_path_buf(), pending.to_path_buf());
    Arc::new(move |state| save(state.clone(), &key_file, &pending))
}

fn save(mut state: PendingState, key_file: &Path, pending: &Path) -> scep_client::Result<()> {
    // absolute, so that a later poll finds it from wherever it is started
    let absolute = std::path::absolute(key_file);
    state.key_file = Some(absolute.unwrap_or_else(|_| key_file.to_path_buf()));
    state.save(pending)
}

/// What kind of key it is, unless it is RSA.
pub(crate) fn odd_key(spki: &[u8]) -> Option<PublicKeyAlgorithm> {
    let kind = PublicKeyAlgorithm::of_spki(spki).ok()?;
    (!matches!(kind, PublicKeyAlgorithm::Rsa { .. })).then_some(kind)
}

/// What the reply is turned into.
pub(crate) struct Finish<'a> {
    pub(crate) url: &'a str,
    pub(crate) paths: &'a Paths,
    pub(crate) key_file: &'a Path,
    /// Whether the server had said nothing at all before, so that it may not know of the request.
    pub(crate) unanswered: bool,
    /// Whether the request had a challenge password.
    pub(crate) password_sent: bool,
    /// What key signed the request, if it is none that every server serves.
    pub(crate) odd_key: Option<PublicKeyAlgorithm>,
    /// The key file, if this run wrote it.
    pub(crate) written_key: Option<&'a Path>,
    /// How certificates are written.
    pub(crate) format: Format,
    /// What PREFIX.p12 is made of, if it is wanted.
    pub(crate) p12: Option<Bundle>,
    pub(crate) json: bool,
    pub(crate) provider: &'a dyn CryptoProvider,
}

impl Finish<'_> {
    pub(crate) fn finish(
        &self,
        result: std::result::Result<Enrolled, Failed>,
        renderer: &Renderer,
    ) -> Result {
        match result {
            Ok(enrolled) => {
                let requests = enrolled.observations.items.len();
                match enrolled.outcome {
                    Outcome::Issued(issued) => self.issued(&issued, requests, renderer),
                    Outcome::Pending(state) => {
                        self.save_pending(*state)?;
                        self.pending(requests, renderer);
                        Ok(Exit::Pending)
                    }
                    Outcome::Refused(refusal) => {
                        let diagnosis = classify(Catalogue::builtin(), &enrolled.observations);
                        self.refused(&refusal, &diagnosis, requests, renderer)
                    }
                }
            }
            Err(failed) => {
                let unknown = failed.pending.is_some();
                match failed.pending {
                    Some(state) => self.save_pending(*state)?,
                    // what was kept in case of an accident came to nothing
                    None => self.forget_pending(),
                }
                if failed.error.is_local() {
                    return Err(failed.error.into());
                }
                let diagnosis = classify(Catalogue::builtin(), &failed.observations);
                let requests = failed.observations.items.len();
                let presented = presented(&failed.observations, self.provider);
                let causes = failed.error.causes();
                self.failed(&causes, &presented, &diagnosis, requests, renderer);
                if unknown && !self.json {
                    renderer.line(format!(
                        "The server may have taken the request. Ask with  scep poll {}",
                        self.paths.pending.display()
                    ));
                }
                Ok(Exit::Bad)
            }
        }
    }

    fn save_pending(&self, state: PendingState) -> Result<()> {
        Ok(save(state, self.key_file, &self.paths.pending)?)
    }

    /// There is nothing left to poll for; where there is no such file, nothing has to be removed.
    fn forget_pending(&self) {
        let _ = std::fs::remove_file(&self.paths.pending);
    }

    fn issued(&self, issued: &Issued, requests: usize, renderer: &Renderer) -> Result {
        let certificate = &issued.certificate;
        let known: Vec<&Certificate> = issued
            .others
            .iter()
            .chain(&issued.ca_certificates)
            .collect();
        let chain = chain::chain(certificate, &known);
        let (certificate_file, chain_file) = match self.format {
            Format::Pem => (
                certificate.to_pem().into_bytes(),
                chain
                    .into_iter()
                    .flat_map(|c| c.to_pem().into_bytes())
                    .collect(),
            ),
            Format::Der => (
                certificate.as_der().to_vec(),
                CaCertificates::new(chain.into_iter().cloned().collect()).to_bundle(),
            ),
        };
        files::write(&self.paths.certificate, &certificate_file, Access::Usual)?;
        files::write(&self.paths.chain, &chain_file, Access::Usual)?;
        if let Some(bundle) = &self.p12 {
            self.write_p12(bundle, certificate, &known)?;
        }
        self.forget_pending();
        let serial = certificate.serial_hex();
        if self.json {
            renderer.json(&json!({
                "outcome": "issued",
                "subject": certificate.subject().to_string(),
                "issuer": certificate.issuer().to_string(),
                "serial": serial,
                "not_before": certificate.not_before().to_string(),
                "not_after": certificate.not_after().to_string(),
                "files": {
                    "key": self.key_file, "certificate": self.paths.certificate, "chain": self.paths.chain,
                },
                "deviations": issued.deviations.as_slice().iter()
                    .map(|d| json!({"id": d.id, "section": d.section, "text": d.text})).collect::<Vec<_>>(),
                "footprint": footprint(requests, std::slice::from_ref(&serial)),
            }));
        } else {
            renderer.line("");
            let key = self.written_key.map_or_else(String::new, |k| {
                let mode = if cfg!(unix) { " (0600)" } else { "" };
                format!("{}{mode}  ", k.display())
            });
            renderer.line(format!(
                "wrote {key}{}  {}",
                self.paths.certificate.display(),
                self.paths.chain.display()
            ));
            renderer.line(format!(
                "Sent {}. Issued 1 certificate: serial {serial}.",
                count(requests, "request")
            ));
        }
        Ok(Exit::Good)
    }

    /// PKCS #12, for whoever wants everything in one file.
    fn write_p12(
        &self,
        bundle: &Bundle,
        certificate: &Certificate,
        known: &[&Certificate],
    ) -> Result<()> {
        let chain: Vec<Certificate> = chain::chain(certificate, known)
            .into_iter()
            .filter(|above| *above != certificate)
            .cloned()
            .collect();
        let p12 = Pkcs12 {
            key: &bundle.key,
            certificate,
            chain: &chain,
            friendly_name: certificate.subject().common_name(),
        };
        let encoded = p12.encode(self.provider, &bundle.password, &mut SystemRandom);
        let encoded = encoded.map_err(|e| Failure::local(e.to_string()))?;
        files::write(&self.paths.p12, &encoded, Access::OwnerOnly)
    }

    fn pending(&self, requests: usize, renderer: &Renderer) {
        if self.json {
            renderer.json(&json!({
                "outcome": "pending",
                "files": {"pending": self.paths.pending, "key": self.key_file},
                "footprint": footprint(requests, &[]),
            }));
            return;
        }
        renderer.line("");
        renderer.line(format!("wrote {}", self.paths.pending.display()));
        renderer.line(format!(
            "Sent {}. Nothing was issued yet.",
            count(requests, "request")
        ));
        renderer.line(format!(
            "Ask again with  scep poll {}",
            self.paths.pending.display()
        ));
    }

    fn refused(
        &self,
        refusal: &Refusal,
        diagnosis: &Diagnosis,
        requests: usize,
        renderer: &Renderer,
    ) -> Result {
        let unknown = refusal.fail_info.as_ref() == Some(&FailInfo::BadCertId);
        let never_received = self.unanswered && unknown;
        if self.json {
            renderer.json(&json!({
                "outcome": "refused",
                "never_received": never_received,
                "fail_info": refusal.fail_info.as_ref().map(FailInfo::name),
                "fail_info_text": refusal.text,
                "hresult": refusal.hresult.map(|h| format!("0x{h:08X}")),
                "server_message": refusal.server_message,
                "diagnosis": diagnosis,
                "footprint": footprint(requests, &[]),
            }));
        } else {
            renderer.line("");
            if !never_received {
                diagnose::print_verdict(diagnosis, renderer);
                renderer.line("");
            }
            if never_received {
                let key = self.key_file.display();
                renderer.line(format!(
                    "The server knows of no such request: it never got it. Enroll again with  --key-file {key}"
                ));
            } else if self.password_sent {
                renderer.line(
                    "The challenge password may be used up: get a new one before trying again.",
                );
            } else {
                renderer.line(
                    "No challenge password was sent; if the server wants one, give it with  --challenge-file FILE",
                );
            }
            self.say_what_is_kept(renderer);
            renderer.line(format!(
                "Sent {}. Nothing was issued.",
                count(requests, "request")
            ));
        }
        self.forget_pending();
        Ok(Exit::Bad)
    }

    /// It came to no decision. What the exchanges look like is told only where they look broken: a
    /// wrong fingerprint, say, is told by the error alone.
    fn failed(
        &self,
        causes: &str,
        presented: &[(String, String)],
        diagnosis: &Diagnosis,
        requests: usize,
        renderer: &Renderer,
    ) {
        let broken = matches!(diagnosis.outcome, Health::Failure | Health::NotScep);
        if self.json {
            renderer.json(&json!({
                "outcome": "failed",
                "error": causes,
                "presented": presented.iter()
                    .map(|(subject, sha256)| json!({"subject": subject, "sha256": sha256})).collect::<Vec<_>>(),
                "diagnosis": broken.then_some(diagnosis),
                "footprint": footprint(requests, &[]),
            }));
            return;
        }
        renderer.error(causes);
        for (subject, sha256) in presented {
            renderer.line("");
            renderer.hanging("The server presents  ", subject);
            renderer.line(format!("  SHA-256            {sha256}"));
        }
        if broken {
            renderer.line("");
            diagnose::print_verdict(diagnosis, renderer);
        } else if presented.is_empty() {
            renderer.line(format!("Find out why with  scep diagnose {}", self.url));
        }
        renderer.line("");
        self.say_what_is_kept(renderer);
        renderer.line(format!(
            "Sent {}. No certificate was received.",
            count(requests, "request")
        ));
    }

    fn say_what_is_kept(&self, renderer: &Renderer) {
        if let Some(kind) = self.odd_key {
            renderer.line(format!(
                "The request was signed with a key of kind {kind}: many servers serve RSA only (--key-type rsa:2048)"
            ));
        }
        if let Some(key) = self.written_key {
            renderer.line(format!(
                "The new key stays in {0}: try again with  --key-file {0}",
                key.display()
            ));
        }
    }
}

/// The CA certificates of a GetCACert response after which nothing was sent: the CA that is not
/// trusted, with its fingerprint.
fn presented(observations: &Observations, provider: &dyn CryptoProvider) -> Vec<(String, String)> {
    let Some(Observation {
        probe: Probe::Http {
            purpose: Purpose::GetCaCert,
            ..
        },
        outcome: Seen::Response(http),
        ..
    }) = observations.items.last()
    else {
        return Vec::new();
    };
    let Ok((_, blocks)) = scep_core::inspect::unwrap_input(http.body.as_bytes()) else {
        return Vec::new();
    };
    blocks
        .iter()
        .filter_map(|block| CaCertificates::from_response(block).ok())
        .flat_map(|found| found.as_slice().to_vec())
        .filter(Certificate::is_ca)
        .filter_map(|certificate| {
            let hash = certificate.sha256(provider).ok()?;
            let hex = hash.iter().map(|octet| format!("{octet:02x}")).collect();
            Some((certificate.subject().to_string(), hex))
        })
        .collect()
}

fn footprint(requests: usize, issued: &[String]) -> Value {
    json!({"requests": requests, "issued": issued})
}
