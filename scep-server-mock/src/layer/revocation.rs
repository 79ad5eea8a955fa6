//! How Windows checks whether a certificate is revoked: CRL from the cache or over HTTP.

use scep_core::x509::{Certificate, Crl};

use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::log::capi2;
use crate::runtime::crl_cache::CrlCache;
use crate::state::WinhttpProxy;
use crate::wire::{Outcome, Transit};

/// Whose cache is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// The NDES service account.
    Service,
    /// SYSTEM.
    System,
}

fn cache(d: &mut Deployment, account: Account) -> &mut CrlCache {
    match account {
        Account::Service => &mut d.crl_caches.service_account,
        Account::System => &mut d.crl_caches.system,
    }
}

/// Checks a certificate of the issuing CA.
///
/// # Errors
/// The HRESULT that CryptoAPI reports: revoked, or revocation offline.
pub(crate) fn check(
    d: &mut Deployment,
    t: &mut Transit,
    account: Account,
    certificate: &Certificate,
) -> Result<(), Hresult> {
    let subject = certificate.subject().to_string();
    d.log(t, capi2::verify_revocation(&subject));
    let outcome = look_up(d, t, account, certificate, &subject);
    d.log(
        t,
        capi2::revocation_outcome(&subject, outcome.err().unwrap_or(Hresult::OK)),
    );
    outcome
}

fn look_up(
    d: &mut Deployment,
    t: &mut Transit,
    account: Account,
    certificate: &Certificate,
    subject: &str,
) -> Result<(), Hresult> {
    let offline = Hresult::CRYPT_E_REVOCATION_OFFLINE;
    let url = certificate
        .crl_distribution_points()
        .into_iter()
        .next()
        .ok_or(offline)?;
    let base = current(d, t, account, &url, subject)?;
    let mut revoked = base.is_revoked(certificate.serial());
    // A base CRL that names a delta CRL does not count without it.
    if let Some(url) = base.freshest_crls().first() {
        let delta = current(d, t, account, url, subject)?;
        revoked |= delta.is_revoked(certificate.serial());
    }
    if revoked {
        Err(Hresult::CRYPT_E_REVOKED)
    } else {
        Ok(())
    }
}

/// The CRL of a URL, from the cache or from the network, if it is good.
fn current(
    d: &mut Deployment,
    t: &mut Transit,
    account: Account,
    url: &str,
    subject: &str,
) -> Result<Crl, Hresult> {
    let offline = Hresult::CRYPT_E_REVOCATION_OFFLINE;
    let now = t.now();
    let cached = cache(d, account).current(url, now).cloned();
    Ok(match cached {
        Some(crl) => crl,
        None => {
            let crl = retrieve(d, t, url).map_err(|_| offline)?;
            if crl.is_expired_at(t.now()) {
                d.log(
                    t,
                    capi2::revocation_info_rejected("CheckTimeValidity", subject),
                );
                return Err(offline);
            }
            let signed = d.pki.issuing_cas().any(|ca| {
                crl.verify_issued_by(d.provider.as_ref(), &ca.certificate)
                    .is_ok()
            });
            if !signed {
                d.log(
                    t,
                    capi2::revocation_info_rejected("CheckSignature", subject),
                );
                return Err(offline);
            }
            cache(d, account).insert(url, crl.clone());
            crl
        }
    })
}

fn retrieve(d: &mut Deployment, t: &mut Transit, url: &str) -> Result<Crl, Hresult> {
    d.log(t, capi2::retrieve_start(url));
    if d.state.windows.winhttp_proxy == WinhttpProxy::Gone {
        t.spend_ms(2_000);
        d.log(t, capi2::retrieved(url, Hresult::WINHTTP_CANNOT_CONNECT));
        return Err(Hresult::WINHTTP_CANNOT_CONNECT);
    }
    let result = match super::crl::fetch(d, t, url) {
        Outcome::Response(response) if response.status == 200 => {
            Crl::from_der(&response.body).map_err(|_| Hresult::ASN1_BADTAG)
        }
        Outcome::Response(_) => Err(Hresult::HTTP_NOT_FOUND),
        Outcome::Refused | Outcome::Reset | Outcome::Silence => Err(Hresult::WINHTTP_TIMEOUT),
    };
    d.log(
        t,
        capi2::retrieved(url, result.as_ref().err().copied().unwrap_or(Hresult::OK)),
    );
    result
}
