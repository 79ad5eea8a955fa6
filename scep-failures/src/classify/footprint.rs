//! What a diagnosis did to the server.

use crate::diagnosis::Footprint;
use crate::observation::{Observations, Outcome, Probe};

pub(super) fn footprint(observations: &Observations) -> Footprint {
    let mut footprint = Footprint::default();
    let mut refused = false;
    let mut pending = false;
    for observation in &observations.items {
        let sent = matches!(observation.probe, Probe::Http { .. })
            && matches!(
                observation.outcome,
                Outcome::Response(_) | Outcome::Failed { .. }
            );
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
