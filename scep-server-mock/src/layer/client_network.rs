//! The network between a client and the published name.

use crate::deployment::Deployment;
use crate::page::network as page;
use crate::state::{EgressProxy, NetworkPath};
use crate::wire::{Layer, Outcome, Request, Transit};

/// What happens to a client's packets before anything answers: `None` if they arrive.
pub(crate) fn obstacle(path: NetworkPath) -> Option<Outcome> {
    match path {
        NetworkPath::Open | NetworkPath::Reset | NetworkPath::Silent => None,
        NetworkPath::Filtered => Some(Outcome::Silence),
        NetworkPath::Refused => Some(Outcome::Refused),
    }
}

/// What the client's own network answers, whichever host is asked.
pub(crate) fn intercepted(d: &Deployment, t: &mut Transit) -> Option<Outcome> {
    let network = &d.state.client_network;
    if network.captive_portal {
        return Some(t.answer(Layer::ClientNetwork, page::captive_portal()));
    }
    match network.egress_proxy {
        EgressProxy::Open => None,
        EgressProxy::Authenticating => Some(t.answer(Layer::ClientNetwork, page::proxy_sign_in())),
    }
}

pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    t.spend_ms(2);
    let path = d.state.client_network.path;
    if let Some(outcome) = obstacle(path) {
        return t.end(Layer::ClientNetwork, outcome);
    }
    if path == NetworkPath::Reset {
        return t.end(Layer::ClientNetwork, Outcome::Reset);
    }
    if path == NetworkPath::Silent {
        return t.end(Layer::ClientNetwork, Outcome::Silence);
    }
    if let Some(outcome) = intercepted(d, t) {
        return outcome;
    }
    super::app_proxy::handle(d, t, request)
}

/// A web server that has nothing to do with the deployment.
pub(crate) fn elsewhere(_: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    t.spend_ms(8);
    t.answer(Layer::ClientNetwork, page::old_web_server(&request.path))
}
