//! What a diagnosis did to the server.

use crate::diagnosis::Footprint;
use crate::observation::{NetworkErrorKind, Observations, Outcome, Probe, Purpose};

pub(super) fn footprint(observations: &Observations) -> Footprint {
    let mut footprint = Footprint::default();
    let mut refused = false;
    let mut pending = false;
    let mut unsure = false;
    for observation in &observations.items {
        let sent = matches!(observation.probe, Probe::Http { .. }) && arrived(&observation.outcome);
        if sent {
            footprint.requests = footprint.requests.saturating_add(1);
        }
        unsure |= sent && may_have_issued(&observation.probe, &observation.outcome);
        let Outcome::Response(http) = &observation.outcome else {
            continue;
        };
        let Some(reply) = &http.reply else { continue };
        footprint.issued.extend(reply.issued_serial.clone());
        refused |= reply.status.as_deref() == Some("failure");
        pending |= reply.status.as_deref() == Some("pending");
    }
    if refused {
        footprint
            .left_behind
            .push("a refused request in the Application log of NDES (event 29 or 31)".to_owned());
    }
    if pending {
        footprint
            .left_behind
            .push("a pending request at the CA".to_owned());
    }
    if !footprint.issued.is_empty() {
        footprint
            .left_behind
            .push("an issued certificate in the database of the CA".to_owned());
    }
    if unsure {
        footprint
            .left_behind
            .push("perhaps a certificate that was issued, and whose reply was lost".to_owned());
    }
    footprint
}

/// Whether a certificate may have been issued, though no decision came back: the request went out, and
/// something on the way answered in the server's place, or nobody did.
fn may_have_issued(probe: &Probe, outcome: &Outcome) -> bool {
    let enrolling = matches!(
        probe,
        Probe::Http {
            purpose: Purpose::Enroll | Purpose::Poll,
            ..
        }
    );
    let undecided = match outcome {
        Outcome::Response(http) => {
            let reply = http.reply.as_ref();
            let decided = reply.is_some_and(|reply| reply.status.is_some());
            http.status >= 500 || http.status == 200 && !decided
        }
        _ => true,
    };
    enrolling && undecided
}

/// Whether a request got as far as a server, or may have.
const fn arrived(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Response(_) => true,
        Outcome::Failed { error, .. } => !matches!(
            error,
            NetworkErrorKind::NameNotFound
                | NetworkErrorKind::ResolverFailed
                | NetworkErrorKind::Refused
                | NetworkErrorKind::Unreachable
                | NetworkErrorKind::TlsFailed
        ),
        Outcome::Resolved { .. }
        | Outcome::Connected
        | Outcome::Secured(_)
        | Outcome::Skipped { .. } => false,
    }
}
