//! The TLS binding that clients meet.

use scep_core::x509::Certificate;

use crate::deployment::Deployment;
use crate::wire::{Layer, Outcome, Request, Scheme, Transit};

pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    if request.scheme == Scheme::Https {
        if !d.state.tls.enabled {
            return t.end(Layer::Tls, Outcome::Refused);
        }
        t.spend_ms(4);
    }
    super::http_sys::handle(d, t, request)
}

/// What a TLS handshake shows.
#[derive(Clone, Debug)]
pub struct Handshake {
    /// The certificates sent, leaf first.
    pub chain: Vec<Certificate>,
    /// Whether the chain ends in a root that clients know.
    pub trusted: bool,
    /// Whether the server asked for a client certificate.
    pub client_certificate_requested: bool,
}

/// The handshake of the binding that clients meet; `None` if the port is closed.
pub(crate) fn handshake(d: &Deployment) -> Option<Handshake> {
    let proxied = d.state.app_proxy.present;
    if !d.state.tls.enabled && !proxied {
        return None;
    }
    let chain = d.pki.tls_chain();
    let trusted = chain.last().is_some_and(|last| {
        last.verify_issued_by(d.provider.as_ref(), &d.pki.public_tls_root.certificate)
            .is_ok()
    });
    // IIS asks after it has seen the request, so the first handshake does not show it.
    Some(Handshake {
        chain,
        trusted,
        client_certificate_requested: false,
    })
}
