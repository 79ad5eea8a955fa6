//! The Certificate Connector for Microsoft Intune: it asks the cloud about each challenge.

use scep_core::message::ChallengePassword;
use scep_core::x509::CertificationRequest;

use super::intune;
use crate::deployment::Deployment;
use crate::log::event_xml::Details;
use crate::log::{Entry, Log, Severity};
use crate::runtime::intune::Verdict;
use crate::wire::Transit;

fn event(id: u32, severity: Severity, code: &str, text: String) -> Entry {
    Entry {
        log: Log::IntuneConnector,
        source: "Microsoft-Intune-CertificateConnectors",
        id,
        severity,
        code: code.to_owned(),
        text,
        details: Details::Code,
    }
}

/// Whether Intune lets a request pass.
pub(crate) fn verify(
    d: &mut Deployment,
    t: &mut Transit,
    challenge: Option<&ChallengePassword>,
    request: &CertificationRequest,
) -> bool {
    d.log(
        t,
        event(
            4003,
            Severity::Information,
            "",
            "SCEP request received.".to_owned(),
        ),
    );
    let verdict = if d.state.intune.connector.cloud_reachable {
        t.spend_ms(250);
        intune::judge(d, t, challenge, request)
    } else {
        t.spend_ms(20_000);
        Verdict::CloudUnreachable
    };
    let entry = if verdict == Verdict::Valid {
        event(
            4004,
            Severity::Information,
            "",
            "SCEP request verified.".to_owned(),
        )
    } else {
        let text = format!(
            "SCEP request verification failed: {} ({}).",
            verdict.sentence(),
            verdict.name()
        );
        event(4005, Severity::Error, verdict.name(), text)
    };
    d.log(t, entry);
    verdict == Verdict::Valid
}
