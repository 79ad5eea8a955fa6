//! `scep enroll`: gets a certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use scep_client::enroll::{EnrollOptions, Enrolled, Event, Failed, Outcome, enroll};
use scep_core::capabilities::Capability;
use scep_core::client::{EnrollmentParams, Issued, Refusal};
use scep_core::crypto::{CryptoProvider, default_provider};
use scep_core::x509::{Extension, GeneralName, Name};
use scep_failures::{Catalogue, Diagnosis, classify};
use serde_json::{Value, json};

use super::diagnose;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::files::{self, Access};
use crate::options::{ChallengeArgs, KeyArgs, ProtocolArgs, TrustArgs, network};
use crate::render::{Renderer, Verdict};

/// Arguments of `scep enroll`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The SCEP URL, such as https://host/certsrv/mscep/mscep.dll
    url: String,
    /// Subject to ask for, such as CN=printer-01,O=Contoso
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// Host name to ask for as subjectAltName (may be given several times).
    #[arg(long, value_name = "NAME")]
    dns_name: Vec<String>,
    /// Write PREFIX.key, PREFIX.pem and PREFIX.chain.pem (or PREFIX.pending.json).
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
        }
    }
}

pub(crate) async fn run(args: Args, renderer: &Renderer) -> Result {
    let provider = default_provider();
    let trust = args.trust.trust(renderer)?;
    let subject =
        Name::from_rfc4514(&args.subject).map_err(|e| Failure::usage(format!("--subject: {e}")))?;
    let challenge = args.challenge.challenge(renderer)?;
    let paths = Paths::with_prefix(&args.out);
    let mut new_files = vec![paths.certificate.as_path(), &paths.chain, &paths.pending];
    if args.key.key_file.is_none() {
        new_files.push(&paths.key);
    }
    files::must_be_new(&new_files, args.force)?;
    let key = args.key.key(provider.as_ref())?;
    // the key is on disk before anything is sent: a certificate without its key is lost
    if let Some(pem) = &key.new_pem {
        files::write(&paths.key, pem.as_bytes(), Access::OwnerOnly)?;
    }
    let network = network(args.protocol.tls_ca_file.as_deref())?;
    let mut params = EnrollmentParams::new(args.url.clone(), trust, key.key, subject);
    params.challenge = challenge;
    params.policy = args.protocol.policy.policy();
    params.method = args.protocol.method.into();
    params
        .ca_identifier
        .clone_from(&args.protocol.ca_identifier);
    if !args.dns_name.is_empty() {
        let names: Vec<GeneralName> = args
            .dns_name
            .iter()
            .cloned()
            .map(GeneralName::Dns)
            .collect();
        params.extensions.push(Extension::subject_alt_name(&names));
    }
    let options = options(args.wait, args.json, Arc::clone(&provider), renderer);
    let result = enroll(&network, Arc::clone(&provider), params, &options).await;
    let key_file = args
        .key
        .key_file
        .clone()
        .unwrap_or_else(|| paths.key.clone());
    let written = key.new_pem.is_some().then_some(paths.key.as_path());
    let finish = Finish {
        paths: &paths,
        key_file: &key_file,
        written_key: written,
        json: args.json,
    };
    finish.finish(result, renderer)
}

/// Options with a listener that prints the steps.
pub(crate) fn options(
    wait: Duration,
    json: bool,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> EnrollOptions {
    let mut options = EnrollOptions::default();
    options.wait = wait;
    if !json {
        let renderer = *renderer;
        options.progress = Arc::new(move |event| step(event, provider.as_ref(), &renderer));
    }
    options
}

fn step(event: &Event<'_>, provider: &dyn CryptoProvider, renderer: &Renderer) {
    match event {
        Event::Capabilities {
            n,
            capabilities,
            method,
            algorithms,
        } => {
            let used = match algorithms {
                Some((digest, cipher)) => format!("{digest}, {cipher}"),
                None => "nothing that the policy allows".into(),
            };
            let aes = if capabilities.has(Capability::Aes) {
                ""
            } else {
                " (AES is not offered)"
            };
            renderer.step(
                *n,
                "GetCACaps",
                Verdict::Ok,
                &format!("using {}, {used}{aes}", method.as_str()),
            );
        }
        Event::CaCertificates { n, roles } => {
            let text = format!("enveloping to {}", roles.encryption.subject());
            renderer.step(*n, "GetCACert", Verdict::Ok, &text);
            if let Ok(hash) = roles.issuing_ca.sha256(provider) {
                let hex: String = hash.iter().map(|octet| format!("{octet:02X}")).collect();
                renderer.line(format!(
                    "{:27}issuing CA {}",
                    "",
                    roles.issuing_ca.subject()
                ));
                renderer.line(format!("{:27}SHA-256 {hex}", ""));
            }
        }
        Event::Pending {
            n,
            transaction_id,
            next_poll,
        } => {
            let text = format!(
                "an administrator has to approve; transaction {transaction_id}, next poll {next_poll}"
            );
            renderer.step(*n, "PKIOperation", Verdict::Pending, &text);
        }
        Event::Issued { n, issued } => {
            let c = &issued.certificate;
            let text = format!(
                "issued: {}, serial {}, until {}",
                c.subject(),
                c.serial_hex(),
                c.not_after()
            );
            renderer.step(*n, "PKIOperation", Verdict::Ok, &text);
        }
        Event::Refused { n, refusal } => {
            renderer.step(*n, "PKIOperation", Verdict::Fail, &refusal_text(refusal));
        }
        Event::Retrying { n, after } => {
            renderer.step(
                *n,
                "network",
                Verdict::Fail,
                &format!("trying again in {} s", after.as_secs()),
            );
        }
        _ => {}
    }
}

/// `FAILURE, failInfo badRequest (2), Windows error 0x80094811`
fn refusal_text(refusal: &Refusal) -> String {
    let mut text = String::from("FAILURE");
    if let Some(info) = &refusal.fail_info {
        text.push_str(&format!(", failInfo {info}"));
    }
    if let Some(hresult) = refusal.hresult {
        text.push_str(&format!(", Windows error 0x{hresult:08X}"));
    }
    for words in [&refusal.text, &refusal.server_message]
        .into_iter()
        .flatten()
    {
        text.push_str(&format!(", \"{words}\""));
    }
    text
}

/// What happens after the last reply, in `enroll` and `poll` alike.
pub(crate) struct Finish<'a> {
    pub(crate) paths: &'a Paths,
    pub(crate) key_file: &'a Path,
    /// The key file, if this run wrote it.
    pub(crate) written_key: Option<&'a Path>,
    pub(crate) json: bool,
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
                        self.pending(requests, renderer)
                    }
                    Outcome::Refused(refusal) => {
                        let diagnosis = classify(Catalogue::builtin(), &enrolled.observations);
                        let value = json!({
                            "fail_info": refusal.fail_info.as_ref().map(|i| i.name()),
                            "fail_info_text": refusal.text,
                            "hresult": refusal.hresult.map(|h| format!("0x{h:08X}")),
                            "server_message": refusal.server_message,
                        });
                        self.diagnosed("refused", value, &diagnosis, renderer);
                        if !self.json {
                            renderer.line(
                                "The challenge password may be used up: get a new one before trying again.",
                            );
                            renderer.line(format!("Sent {requests} requests. Nothing was issued."));
                        }
                        Ok(Exit::Bad)
                    }
                }
            }
            Err(failed) => {
                if let Some(state) = failed.pending {
                    self.save_pending(*state)?;
                }
                if failed.error.is_local() {
                    return Err(failed.error.into());
                }
                let diagnosis = classify(Catalogue::builtin(), &failed.observations);
                let causes = failed.error.causes();
                self.diagnosed("failed", json!({ "error": causes }), &diagnosis, renderer);
                if !self.json {
                    renderer.error(&causes);
                }
                Ok(Exit::Bad)
            }
        }
    }

    fn save_pending(&self, mut state: scep_client::enroll::PendingState) -> Result<()> {
        // absolute, so that a later poll finds it from wherever it is started
        state.key_file = Some(
            std::path::absolute(self.key_file).unwrap_or_else(|_| self.key_file.to_path_buf()),
        );
        Ok(state.save(&self.paths.pending)?)
    }

    fn issued(&self, issued: &Issued, requests: usize, renderer: &Renderer) -> Result {
        let certificate = &issued.certificate;
        let chain: String = issued
            .others
            .iter()
            .chain(&issued.ca_certificates)
            .filter(|c| c.is_ca() && *c != certificate)
            .fold(Vec::new(), |mut unique, c| {
                if !unique.contains(&c) {
                    unique.push(c);
                }
                unique
            })
            .into_iter()
            .map(scep_core::x509::Certificate::to_pem)
            .collect();
        files::write(
            &self.paths.certificate,
            certificate.to_pem().as_bytes(),
            Access::Usual,
        )?;
        files::write(&self.paths.chain, chain.as_bytes(), Access::Usual)?;
        let _ = std::fs::remove_file(&self.paths.pending);
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
                "footprint": {"requests": requests, "issued": [serial]},
            }));
        } else {
            renderer.line("");
            let key = self
                .written_key
                .map_or_else(String::new, |k| format!("{} (0600)  ", k.display()));
            renderer.line(format!(
                "wrote {key}{}  {}",
                self.paths.certificate.display(),
                self.paths.chain.display()
            ));
            renderer.line(format!(
                "Sent {requests} requests. Issued 1 certificate: serial {serial}."
            ));
        }
        Ok(Exit::Good)
    }

    fn pending(&self, requests: usize, renderer: &Renderer) -> Result {
        if self.json {
            renderer.json(&json!({
                "outcome": "pending",
                "files": {"pending": self.paths.pending, "key": self.key_file},
                "footprint": {"requests": requests, "issued": []},
            }));
        } else {
            renderer.line("");
            renderer.line(format!("wrote {}", self.paths.pending.display()));
            renderer.line(format!(
                "Ask again with  scep poll {}",
                self.paths.pending.display()
            ));
        }
        Ok(Exit::Pending)
    }

    fn diagnosed(&self, outcome: &str, detail: Value, diagnosis: &Diagnosis, renderer: &Renderer) {
        if self.json {
            let mut value = json!({ "outcome": outcome, "diagnosis": diagnosis });
            if let (Some(all), Value::Object(more)) = (value.as_object_mut(), detail) {
                all.extend(more);
            }
            renderer.json(&value);
        } else {
            renderer.line("");
            diagnose::print_verdict(diagnosis, renderer);
        }
    }
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
