//! The certificate registration point (`CertificateRegistrationSvc`) of the old Intune connector,
//! on the same server, reached over TLS with a client certificate.

use scep_core::message::ChallengePassword;
use scep_core::x509::CertificationRequest;

use super::intune;
use super::revocation::{self, Account};
use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::log::event_xml::Details;
use crate::log::{Entry, Log, Severity, capi2, system, text};
use crate::page::iis::HttpError;
use crate::runtime::intune::Verdict;
use crate::state::{Authentication, CrpSite, Thumbprint};
use crate::wire::{Request, Scheme, Transit};

const VERIFY_REQUEST: &str = "/CertificateRegistrationSvc/Certificate/VerifyRequest";

const UNTRUSTED: HttpError =
    HttpError::new(403, 16, "Forbidden", "IIS Web Core").win32(Hresult::CERT_E_UNTRUSTEDROOT);
const REVOKED: HttpError = HttpError::new(403, 13, "Forbidden", "IIS Web Core");
const EXPIRED: HttpError =
    HttpError::new(403, 17, "Forbidden", "IIS Web Core").win32(Hresult::CERT_E_EXPIRED);
const NO_CERTIFICATE: HttpError =
    HttpError::new(403, 7, "Forbidden", "IIS Web Core").win32(Hresult(64));
const SIGN_IN: HttpError = HttpError::new(401, 2, "Unauthorized", "IIS Web Core").win32(Hresult(5));

/// Why the module does not get through.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refused {
    /// IIS sends this page.
    Page(HttpError),
    /// The module has no certificate that it could show, and sends nothing.
    NotSent,
}

/// The module's certificate, then TLS and IIS in front of the registration point.
///
/// # Errors
/// What comes instead.
pub(crate) fn admit(d: &mut Deployment, t: &mut Transit) -> Result<(), Refused> {
    t.spend_ms(6);
    let thumbprint = d.state.policy_module.thumbprint;
    let certificate = &d.pki.connector_by(thumbprint).identity.certificate;
    if thumbprint == Thumbprint::Previous && !certificate.is_valid_at(t.now()) {
        let subject = certificate.subject().to_string();
        d.log(t, capi2::objects(&subject));
        d.log(t, capi2::chain_policy(&subject, Hresult::CERT_E_EXPIRED));
        return Err(Refused::NotSent);
    }
    let refused = client_certificate(d, t).err().or_else(|| {
        // The module has no Windows account to sign in with.
        (d.state.policy_module.crp.authentication == Authentication::Windows).then_some(SIGN_IN)
    });
    match refused {
        None => Ok(()),
        Some(error) => {
            log_line(d, t, (error.status, error.substatus, error.win32));
            Err(Refused::Page(error))
        }
    }
}

/// Schannel and HTTP.sys check the client certificate.
fn client_certificate(d: &mut Deployment, t: &mut Transit) -> Result<(), HttpError> {
    if d.pki
        .trusted_roots
        .iter()
        .any(|held| !held.is_self_issued())
    {
        // With a certificate in the Root store that is no root, the list of issuers for client
        // certificates is not to be trusted, and no client certificate is.
        return Err(UNTRUSTED);
    }
    let thumbprint = d.state.policy_module.thumbprint;
    let certificate = d.pki.connector_by(thumbprint).identity.certificate.clone();
    // Schannel passes over a certificate that is for something else: as if none had been sent.
    if !certificate
        .extended_key_usages()
        .contains(&scep_core::oid::CLIENT_AUTH)
    {
        return Err(NO_CERTIFICATE);
    }
    let issued_here = d
        .pki
        .issuing_cas()
        .any(|ca| certificate.is_issued_by(d.provider.as_ref(), &ca.certificate));
    if !issued_here {
        return Err(UNTRUSTED);
    }
    if !certificate.is_valid_at(t.now()) {
        return Err(EXPIRED);
    }
    revocation::check(d, t, Account::System, &certificate).map_err(|code| REVOKED.win32(code))
}

/// Whether the registration point cannot even compile its page; it says so in its logs.
pub(crate) fn is_broken(d: &mut Deployment, t: &mut Transit) -> bool {
    if d.state.policy_module.crp.temp_writable {
        return false;
    }
    t.spend_ms(90);
    d.log(t, system::compilation_error());
    log_line(d, t, (500, 0, Hresult::OK));
    true
}

/// The WinHTTP error that the module meets before any answer, if it does.
pub(crate) fn unreachable(d: &Deployment, t: &mut Transit) -> Option<&'static str> {
    match d.state.policy_module.crp.site {
        CrpSite::Running => None,
        CrpSite::Stopped => {
            t.spend_ms(2_000);
            Some("12029")
        }
        CrpSite::PublicNameOnly => Some("12175"),
    }
}

/// Puts a request to the registration point, which has admitted the module.
pub(crate) fn verify_request(
    d: &mut Deployment,
    t: &mut Transit,
    challenge: Option<&ChallengePassword>,
    request: &CertificationRequest,
) -> Verdict {
    t.spend_ms(60);
    let connector = &d.state.intune.connector;
    let verdict = if !connector.signing_certificate {
        Verdict::NoSigningCertificate
    } else if !connector.encryption_certificate {
        Verdict::NoEncryptionCertificate
    } else {
        intune::judge(d, t, challenge, request)
    };
    let (id, severity) = match verdict {
        Verdict::Valid => (20500, Severity::Information),
        Verdict::NoSigningCertificate
        | Verdict::NoEncryptionCertificate
        | Verdict::ChallengeDecodingError
        | Verdict::ChallengePasswordMissing => (20502, Severity::Error),
        _ => (20501, Severity::Error),
    };
    let code = verdict.connector_code();
    d.log(
        t,
        Entry {
            log: Log::IntuneConnector,
            source: "Microsoft Intune Connector",
            id,
            severity,
            code: code.to_owned(),
            text: format!(
                "Certificate registration point: {} ({code}).",
                verdict.sentence()
            ),
            details: Details::Code,
        },
    );
    let status = if verdict == Verdict::Valid { 201 } else { 200 };
    log_line(d, t, (status, 0, Hresult::OK));
    verdict
}

fn log_line(d: &mut Deployment, t: &Transit, status: (u16, u16, Hresult)) {
    let request = Request {
        method: "POST".to_owned(),
        scheme: Scheme::Https,
        path: VERIFY_REQUEST.to_owned(),
        headers: vec![("user-agent".to_owned(), "NDES_Plugin".to_owned())],
        peer: "192.0.2.10".to_owned(),
        ..Request::default()
    };
    let line = text::iis(t.now(), &request, "-", status, 60);
    d.log(t, line);
}
