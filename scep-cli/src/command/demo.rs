//! `scep demo`: enrolls at a simulated deployment, breaks it in every known way, diagnoses each.

use std::sync::Arc;
use std::time::Duration;

use scep_client::diagnose::{DiagnoseOptions, Level, diagnose};
use scep_client::enroll::{self, EnrollOptions, enroll};
use scep_client::net::{HyperNetwork, TrustStore};
use scep_conformance::scenario_client;
use scep_core::client::{CaTrust, EnrollmentParams};
use scep_core::crypto::{CryptoProvider, KeyType, PrivateKey, SystemRandom};
use scep_core::x509::Name;
use scep_failures::catalogue::{FailureMode, Look, View, Visibility};
use scep_failures::diagnosis::{Outcome, ProbeResult};
use scep_failures::{Catalogue, Diagnosis};
use scep_server_mock::MockNdes;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::render::{Renderer, Verdict};

/// How long an answer is waited for that does not come.
const NEVER: Duration = Duration::from_secs(2);

/// Arguments of `scep demo`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    let der = provider
        .generate_private_key(KeyType::Rsa(2048), &mut SystemRandom)
        .map_err(|e| Failure::local(e.to_string()))?;
    let key = provider
        .load_private_key(&der)
        .map_err(|e| Failure::local(e.to_string()))?;
    let lab = Lab { provider, key };
    let serial = match lab.enroll_at_a_healthy_one(&args, renderer).await {
        Err(failure) if args.json && failure.exit == Exit::Bad => {
            renderer.json(
                &json!({"issued": null, "error": failure.message, "failures": [], "failed": 0}),
            );
            return Ok(Exit::Bad);
        }
        other => other?,
    };
    let mut rows = Vec::new();
    let mut failed = 0;
    if !args.json {
        renderer.line("");
        renderer.line(format!(
            "{:<36} {:<8} {:<30} {:<30}",
            "broken on purpose", "shown by", "seen", "diagnosed"
        ));
    }
    let modes = Catalogue::builtin()
        .modes()
        .filter(|mode| mode.reproduce.is_some());
    for mode in modes {
        let row = lab.break_and_diagnose(mode).await?;
        failed += usize::from(!row.ok);
        if !args.json {
            let verdict = if row.ok { Verdict::Ok } else { Verdict::Fail };
            renderer.line(format!(
                "{:<36} {:<8} {:<30} {:<30} {}",
                row.id,
                row.level,
                row.seen,
                row.diagnosed,
                renderer.paint(verdict, if row.ok { "ok" } else { "FAIL" })
            ));
        }
        rows.push(row);
    }
    if args.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|r| json!({"id": r.id, "level": r.level, "seen": r.seen, "diagnosed": r.diagnosed, "ok": r.ok}))
            .collect();
        renderer.json(&json!({"issued": serial, "failures": rows, "failed": failed}));
    } else {
        renderer.line("");
        renderer.line(format!(
            "{} failures, {} named right.",
            rows.len(),
            rows.len() - failed
        ));
        renderer.line("Try one yourself:  scep mock --failure ID   and in another terminal  scep diagnose URL");
    }
    Ok(if failed == 0 { Exit::Good } else { Exit::Bad })
}

/// One line of the table.
struct Row {
    id: String,
    level: &'static str,
    seen: String,
    diagnosed: String,
    ok: bool,
}

struct Lab {
    provider: Arc<dyn CryptoProvider>,
    key: Arc<dyn PrivateKey>,
}

impl Lab {
    async fn enroll_at_a_healthy_one(&self, args: &Args, renderer: &Renderer) -> Result<String> {
        let mock = MockNdes::builder()
            .with_provider(Arc::clone(&self.provider))
            .start()
            .await
            .map_err(|e| Failure::local(e.to_string()))?;
        let [root, _] = mock.ca_certificates();
        let subject = name("CN=demo-device,O=Demo")?;
        let trust = CaTrust::Certificate(Box::new(root));
        let mut params = EnrollmentParams::new(mock.url(), trust, Arc::clone(&self.key), subject);
        params.challenge = mock
            .issue_challenge()
            .map_err(|e| Failure::local(e.to_string()))?;
        let network = HyperNetwork::new(TrustStore::empty());
        let enrolled = enroll(
            &network,
            Arc::clone(&self.provider),
            params,
            &EnrollOptions::default(),
        )
        .await
        .map_err(|failed| Failure::bad(failed.error.causes()))?;
        let enroll::Outcome::Issued(issued) = enrolled.outcome else {
            return Err(Failure::bad(
                "the healthy deployment did not issue a certificate",
            ));
        };
        let serial = issued.certificate.serial_hex();
        if !args.json {
            renderer.line(format!("A simulated NDES listens at {}", mock.url()));
            renderer.line(format!(
                "Enrolled {}, serial {serial}, issued by {}",
                issued.certificate.subject(),
                issued.certificate.issuer()
            ));
        }
        Ok(serial)
    }

    /// Arms one failure mode on a deployment of its own and looks at it from outside, no further
    /// than it takes to see it.
    async fn break_and_diagnose(&self, mode: &FailureMode) -> Result<Row> {
        let mock = MockNdes::builder()
            .with_failure(&mode.id)
            .with_provider(Arc::clone(&self.provider))
            .start()
            .await
            .map_err(|e| Failure::local(format!("{}: {e}", mode.id)))?;
        let level = match mode.visible_at {
            Visibility::Request => Level::Request,
            Visibility::Enroll => Level::Enroll,
            Visibility::Passive | Visibility::Memory | Visibility::Logs | Visibility::Never => {
                Level::Passive
            }
        };
        let mut options = DiagnoseOptions::default();
        options.level = level;
        options.key = Some(Arc::clone(&self.key));
        // the simulation answers at once, or never
        options.timeouts.http = NEVER;
        let mut trust = TrustStore::empty();
        trust.add_der(mock.public_tls_root().as_der())?;
        let network = HyperNetwork::new(trust).with_resolver(mock.dns_address());
        if level == Level::Enroll {
            let provider = Arc::clone(&self.provider);
            scenario_client::prepare(&mock, &network, provider, &mut options)
                .await
                .map_err(|e| Failure::local(format!("{}: {e}", mode.id)))?;
        }
        let provider = Arc::clone(&self.provider);
        let report = diagnose(
            &network,
            provider,
            Catalogue::builtin(),
            &mock.urls().scep_by_name,
            &options,
        )
        .await?;
        Ok(row(mode, level, &report.diagnosis))
    }
}

fn name(text: &str) -> Result<Name> {
    Name::from_rfc4514(text).map_err(|e| Failure::local(e.to_string()))
}

fn row(mode: &FailureMode, level: Level, diagnosis: &Diagnosis) -> Row {
    let view = View::probes(level);
    // a mode may have several shapes; which one shows depends on the network that it is looked at from
    let may_look = |id: &str| {
        mode.all_looks()
            .any(|looks| matches!(looks.at(view), Look::Symptom(declared) if declared == id))
    };
    let named = diagnosis
        .symptom
        .as_ref()
        .map_or("nothing", |s| s.id.as_str());
    let finding = diagnosis
        .findings
        .iter()
        .find(|f| f.failure_modes.iter().any(|m| m.id == mode.id));
    let (ok, diagnosed) = match (mode.look(view), finding) {
        (Look::Healthy, _) => (diagnosis.outcome == Outcome::Healthy, named),
        (Look::Symptom(_), Some(finding)) => {
            (may_look(&finding.symptom.id), finding.symptom.id.as_str())
        }
        (Look::Symptom(_), None) => (
            may_look(named) && diagnosis.failure_modes.iter().any(|m| m.id == mode.id),
            named,
        ),
    };
    let seen = diagnosis
        .observations
        .iter()
        .find(|s| s.result == ProbeResult::Fail)
        .or_else(|| {
            diagnosis
                .observations
                .iter()
                .rfind(|s| s.result == ProbeResult::Ok)
        })
        .map_or("", |s| s.text.as_str());
    // of a long URL what came, not how long it was
    let seen = seen.split_once(" octets: ").map_or(seen, |(_, came)| came);
    let seen = seen.split([',', ':']).next().unwrap_or_default();
    Row {
        id: mode.id.clone(),
        level: level.as_str(),
        seen: seen.chars().take(30).collect(),
        diagnosed: diagnosed.to_string(),
        ok,
    }
}
