//! What a diagnosis did to the server.

use crate::diagnosis::Footprint;
use crate::observation::{NetworkErrorKind, Observations, Outcome, Probe};

pub(super) fn footprint(observations: &Observations) -> Footprint {
    let mut footprint = Footprint::default();
    let mut refused = false;
    let mut pending = false;
    for observation in &observations.items {
        let sent = matches!(observation.probe, Probe::Http { .. }) && arrived(&observation.outcome);
        if sent {
            footprint.requests = footprint.requests.saturating_add(1);
        }
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
    footprint
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
