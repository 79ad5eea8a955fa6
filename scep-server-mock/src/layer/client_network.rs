//! The network between a client and the published name.

use crate::deployment::Deployment;
use crate::state::NetworkPath;
use crate::wire::{Layer, Outcome, Request, Transit};

/// What happens to a client's packets before anything answers: `None` if they arrive.
pub(crate) fn obstacle(path: NetworkPath) -> Option<Outcome> {
    match path {
        NetworkPath::Open => None,
        NetworkPath::Filtered => Some(Outcome::Silence),
        NetworkPath::Refused => Some(Outcome::Refused),
    }
}

pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    t.spend_ms(2);
    if let Some(outcome) = obstacle(d.state.client_network.path) {
        return t.end(Layer::ClientNetwork, outcome);
    }
    super::app_proxy::handle(d, t, request)
}
