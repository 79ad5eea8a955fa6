//! Facts of TLS handshakes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scep_core::UnixTime;
use scep_core::x509::Certificate;

use super::network::{Outcomes, error_word};
use super::{Facts, certificates};
use crate::observation::{Observations, Outcome, Probe, Purpose, TlsFacts, TlsVerdict};

pub(super) fn collect(observations: &Observations, facts: &mut Facts) {
    let mut outcomes = Outcomes::default();
    for observation in &observations.items {
        if !matches!(observation.probe, Probe::Tls { .. }) {
            continue;
        }
        match &observation.outcome {
            Outcome::Secured(tls) => {
                outcomes.add("secured", observation.n);
                handshake(tls, observation.n, UnixTime(observations.started), facts);
            }
            Outcome::Failed { error, .. } => outcomes.add(error_word(*error), observation.n),
            _ => {}
        }
    }
    outcomes.report("tls.outcome", facts);
    for (observation, purpose, _) in super::http::exchanges(observations) {
        if let (Purpose::IssuerCertificate, Outcome::Response(http)) =
            (purpose, &observation.outcome)
            && let Some(completes) = http.completes_chain
        {
            facts.add("tls.missing-intermediate", completes, &[observation.n]);
        }
    }
}

fn handshake(tls: &TlsFacts, n: u32, now: UnixTime, facts: &mut Facts) {
    let n = &[n];
    let verdict = match tls.verdict {
        None => "trusted",
        Some(TlsVerdict::UnknownIssuer) => "unknown-issuer",
        Some(TlsVerdict::NameMismatch) => "name-mismatch",
        Some(TlsVerdict::Expired) => "expired",
        Some(TlsVerdict::NotYetValid) => "not-yet-valid",
        Some(TlsVerdict::Other) => "other",
    };
    facts.add("tls.verdict", verdict, n);
    facts.add("tls.version", tls.version.as_str(), n);
    facts.add("tls.chain-length", tls.chain.len(), n);
    facts.add(
        "tls.client-certificate-requested",
        tls.client_certificate_requested,
        n,
    );
    let leaf = tls.chain.first().and_then(|der| STANDARD.decode(der).ok());
    let Some(leaf) = leaf.and_then(|der| Certificate::from_der(&der).ok()) else {
        return;
    };
    facts.add("tls.leaf.self-issued", leaf.is_self_issued(), n);
    facts.add("tls.leaf.expired", leaf.not_after() < now, n);
    facts.add(
        "tls.leaf.days-left",
        certificates::days_left(leaf.not_after(), now),
        n,
    );
    facts.add("tls.leaf.issuer", leaf.issuer().to_string(), n);
    let own = leaf
        .subject_alt_names()
        .iter()
        .any(|name| name.to_ascii_lowercase().ends_with("*.msappproxy.net"));
    facts.add("tls.leaf.app-proxy", own, n);
    for name in leaf.subject_alt_names() {
        facts.add("tls.leaf.name", name, n);
    }
}
