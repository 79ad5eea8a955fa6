//! The TLS binding that clients meet.

use scep_core::x509::Certificate;

use crate::deployment::Deployment;
use crate::pki::TlsEndpoint;
use crate::state::TlsVersions;
use crate::wire::{Layer, Outcome, Request, Scheme, Transit};

pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    if request.scheme == Scheme::Https {
        if !d.state.tls.enabled {
            return t.end(Layer::Tls, Outcome::Refused);
        }
        if !d.state.tls.certificate_bound || d.state.tls.versions == TlsVersions::Tls10Only {
            return t.end(Layer::Tls, Outcome::Reset);
        }
        t.spend_ms(4);
    }
    super::web_server(d, t, request)
}

/// Why a handshake does not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeFailure {
    /// The port is closed.
    Closed,
    /// The connection is cut after the ClientHello: no certificate is bound.
    Reset,
    /// Alert `protocol_version`.
    ProtocolVersion,
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
    /// Whether it is TLS 1.3, where the client can speak it.
    pub tls13: bool,
}

/// Who answers the handshake of a client.
fn endpoint(d: &Deployment) -> TlsEndpoint {
    let network = &d.state.client_network;
    if network.captive_portal {
        TlsEndpoint::Portal
    } else if network.tls_inspection {
        TlsEndpoint::Inspection
    } else if d.state.app_proxy.present {
        TlsEndpoint::AppProxy
    } else {
        TlsEndpoint::Binding
    }
}

/// Who answers the handshake of a client that got to the server, or `elsewhere`.
pub(crate) fn endpoint_at(d: &Deployment, elsewhere: bool) -> TlsEndpoint {
    match endpoint(d) {
        TlsEndpoint::Binding | TlsEndpoint::AppProxy if elsewhere => TlsEndpoint::OldWeb,
        endpoint => endpoint,
    }
}

/// The handshake of whoever answers clients, and of the old web server if that is where they got.
///
/// # Errors
/// Why there is none.
pub(crate) fn handshake(d: &Deployment, elsewhere: bool) -> Result<Handshake, HandshakeFailure> {
    let endpoint = endpoint_at(d, elsewhere);
    if endpoint == TlsEndpoint::Binding {
        if !d.state.tls.enabled {
            return Err(HandshakeFailure::Closed);
        }
        if !d.state.tls.certificate_bound {
            return Err(HandshakeFailure::Reset);
        }
        if d.state.tls.versions == TlsVersions::Tls10Only {
            return Err(HandshakeFailure::ProtocolVersion);
        }
    }
    let chain = d.pki.tls_chain(endpoint, &d.state.tls);
    let trusted = chain.last().is_some_and(|last| {
        last.verify_issued_by(d.provider.as_ref(), &d.pki.public_tls_root.certificate)
            .is_ok()
    });
    // IIS asks after it has seen the request, so the first handshake does not show it.
    Ok(Handshake {
        chain,
        trusted,
        client_certificate_requested: false,
        tls13: endpoint == TlsEndpoint::Binding && d.state.tls.versions == TlsVersions::Tls13Only,
    })
}
