//! A small SCEP server: the responder of `scep-core` over a CA of the tests.

use std::sync::{Arc, LazyLock, Mutex};

use scep_client::network::{HttpRequest, HttpResponse};
use scep_core::UnixTime;
use scep_core::ca_certificates::CaCertificates;
use scep_core::client::CaTrust;
use scep_core::crypto::{PrivateKey, SystemRandom};
use scep_core::http::{CT_CA_RA_CERT, CT_PKI_MESSAGE, ServerRequest};
use scep_core::limits::Limits;
use scep_core::message::FailInfo;
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::{
    Authority, Authorization, Decision, EnrollmentRequest, InMemoryTransactions, PollRequest,
    Refusal, ReplyStyle, Responder, ResponderConfig, Transactions,
};
use scep_core::x509::{Extension, KeyUsage, Name};

use crate::fake::{START, response};
use crate::pki::{Identity, name, provider};

pub(crate) const CHALLENGE: &str = "0123456789ABCDEF";
pub(crate) const CAPABILITIES: &str = "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\n";
/// The CRL that the RA certificate names, and one that nobody can fetch by HTTP.
pub(crate) const CRL_URL: &str = "http://crl.example/ca.crl";
pub(crate) const LDAP_URL: &str = "ldap:///CN=ca";

pub(crate) static CA: LazyLock<Identity> = LazyLock::new(|| Identity::root("CN=Test CA"));
static RA: LazyLock<Identity> = LazyLock::new(|| {
    let (key, pkcs8) = crate::pki::new_key();
    let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
    let extensions = vec![
        Extension::key_usage(usage),
        Extension::extended_key_usage(&[scep_core::oid::MS_CERTIFICATE_REQUEST_AGENT]),
        Extension::crl_distribution_points(&[LDAP_URL, CRL_URL]),
    ];
    let certificate = CA.certify(2, name("CN=NDES01-MSCEP-RA"), key.spki_der(), extensions);
    Identity {
        certificate,
        key,
        pkcs8,
    }
});
/// A key for clients.
pub(crate) static CLIENT_KEY: LazyLock<Arc<dyn PrivateKey>> =
    LazyLock::new(|| crate::pki::new_key().0);

/// What the CA does; plain data.
#[derive(Default)]
pub(crate) struct TinyCa {
    /// Issues whatever the challenge password.
    pub(crate) asks_no_challenge: bool,
    /// How many polls a request stays pending; a request is pending if this is not zero.
    pub(crate) pending: Mutex<u32>,
    pub(crate) transactions: InMemoryTransactions,
}

impl TinyCa {
    pub(crate) fn trust() -> CaTrust {
        CaTrust::Certificate(Box::new(CA.certificate.clone()))
    }

    /// Body of GetCACert.
    pub(crate) fn bundle() -> Vec<u8> {
        CaCertificates::new(vec![RA.certificate.clone(), CA.certificate.clone()]).to_bundle()
    }

    /// Answers as a web server with SCEP at `/certsrv/mscep/mscep.dll` would.
    pub(crate) fn serve(&self, request: &HttpRequest) -> HttpResponse {
        let rest = request.url.splitn(4, '/').nth(3).unwrap_or_default();
        let (path, query) = rest
            .split_once('?')
            .map_or((rest, None), |(p, q)| (p, Some(q)));
        match path {
            "" => response(200, "text/html", "<title>IIS Windows Server</title>"),
            "certsrv/mscep_admin/" => response(401, "text/html", "who are you?"),
            "ca.crl" => response(404, "text/html", "no CRL"),
            "certsrv/mscep/mscep.dll" => self.scep(request, query),
            _ => response(404, "text/html", "nothing here"),
        }
    }

    fn scep(&self, request: &HttpRequest, query: Option<&str>) -> HttpResponse {
        match ServerRequest::from_http(&request.method, query, &request.body) {
            Err(_) => response(403, "text/html", "forbidden"),
            Ok(ServerRequest::GetCaCaps { .. }) => response(200, "text/plain", CAPABILITIES),
            Ok(ServerRequest::GetCaCert { .. }) => response(200, CT_CA_RA_CERT, Self::bundle()),
            Ok(ServerRequest::GetNextCaCert { .. }) => response(404, "text/plain", ""),
            Ok(ServerRequest::PkiOperation { message }) => {
                match self
                    .responder()
                    .respond(&message, self, START, &mut SystemRandom)
                {
                    Ok(reply) => response(200, CT_PKI_MESSAGE, reply.der),
                    Err(_) => response(200, "", ""),
                }
            }
        }
    }

    fn responder(&self) -> Responder {
        Responder::new(ResponderConfig {
            provider: provider(),
            signer: (RA.certificate.clone(), RA.key.clone()),
            decrypters: vec![(RA.certificate.clone(), RA.key.clone())],
            issuers: vec![CA.certificate.clone()],
            policy: AlgorithmPolicy::NDES,
            style: ReplyStyle::RFC8894,
            limits: Limits::DEFAULT,
        })
    }

    fn certify(spki: &[u8], subject: &Name) -> Decision {
        let certificate = CA.certify(0x2b, subject.clone(), spki, Vec::new());
        Decision::Issue {
            certificates: vec![certificate],
            server_message: None,
        }
    }
}

impl Authority for TinyCa {
    fn authorize(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Authorization {
        let known = request.challenge().is_some_and(|c| c.expose() == CHALLENGE);
        if !known && !self.asks_no_challenge {
            return Authorization::Refused(Refusal::new(FailInfo::BadMessageCheck));
        }
        if *self.pending.lock().unwrap() > 0 {
            return Authorization::Manual;
        }
        Authorization::Granted
    }

    fn issue(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Decision {
        Self::certify(request.csr.spki_der(), request.csr.subject())
    }

    fn poll(&self, request: &PollRequest<'_>, _now: UnixTime) -> Decision {
        let mut pending = self.pending.lock().unwrap();
        *pending = pending.saturating_sub(1);
        if *pending > 0 {
            return Decision::Pending;
        }
        Self::certify(request.signer.spki_der(), request.signer.subject())
    }

    fn is_revoked(&self, _certificate: &scep_core::x509::Certificate) -> bool {
        false
    }

    fn transactions(&self) -> &dyn Transactions {
        &self.transactions
    }
}
