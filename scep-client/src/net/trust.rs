//! Trust anchors, and the verdict over a TLS server's certificate chain.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime as TlsTime};
use rustls::{CertificateError, RootCertStore};
use scep_core::UnixTime;
use scep_core::x509::Certificate;
use scep_failures::observation::TlsVerdict;

use crate::{Error, Result};

/// The certificates that may end a TLS server's chain.
#[derive(Clone, Debug)]
pub struct TrustStore {
    /// Whether the operating system's are among them.
    system: bool,
    added: Arc<RootCertStore>,
    /// All of them, once they have been asked for: reading those of the system takes longer than an
    /// enrollment over http.
    all: Arc<OnceLock<Arc<RootCertStore>>>,
}

impl TrustStore {
    /// Trusts nobody.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            system: false,
            added: Arc::new(RootCertStore::empty()),
            all: Arc::default(),
        }
    }

    /// The operating system's roots, as many as can be read; they are read when they are needed.
    #[must_use]
    pub fn system() -> Self {
        Self {
            system: true,
            ..Self::empty()
        }
    }

    fn roots(&self) -> &Arc<RootCertStore> {
        self.all.get_or_init(|| {
            if !self.system {
                return Arc::clone(&self.added);
            }
            let mut roots = RootCertStore::clone(&self.added);
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Arc::new(roots)
        })
    }

    /// Adds a root from DER.
    ///
    /// # Errors
    /// `Misuse` if it is not an X.509 version 3 certificate.
    pub fn add_der(&mut self, der: &[u8]) -> Result<()> {
        self.all = Arc::default();
        Arc::make_mut(&mut self.added)
            .add(CertificateDer::from(der.to_vec()))
            .map_err(|e| Error::misuse(format!("a certificate cannot be a trust anchor: {e}")))
    }

    /// Adds every certificate of a PEM text, and tells how many there were.
    ///
    /// # Errors
    /// `Misuse` if there is none, or one that cannot be read.
    pub fn add_pem(&mut self, pem: &str) -> Result<usize> {
        let certificates =
            Certificate::all_from_pem(pem).map_err(|e| Error::scep("reading a trust anchor", e))?;
        if certificates.is_empty() {
            return Err(Error::misuse("there is no certificate in the PEM text"));
        }
        for certificate in &certificates {
            self.add_der(certificate.as_der())?;
        }
        Ok(certificates.len())
    }

    /// Number of trust anchors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.roots().len()
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roots().is_empty()
    }
}

/// What is wrong with a TLS server's chain (DER, leaf first) for `server_name` at `now`; `None` if
/// it is trusted.
///
/// Every [`Network`](crate::Network) judges with this one function. Revocation is not looked at.
#[must_use]
pub fn judge_chain<C: AsRef<[u8]>>(
    chain: &[C],
    server_name: &str,
    roots: &TrustStore,
    now: UnixTime,
) -> Option<TlsVerdict> {
    let mut certificates = chain.iter().map(|der| CertificateDer::from(der.as_ref()));
    let Some(leaf) = certificates.next() else {
        return Some(TlsVerdict::Other);
    };
    let intermediates: Vec<_> = certificates.collect();
    let Ok(name) = ServerName::try_from(server_name.to_owned()) else {
        return Some(TlsVerdict::NameMismatch);
    };
    let verifier = WebPkiServerVerifier::builder_with_provider(
        Arc::clone(roots.roots()),
        Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
    )
    .build();
    let Ok(verifier) = verifier else {
        // rustls makes no verifier without any anchor; it looks at the leaf's dates first, so
        // that is what is done here
        return Some(outside_its_dates(&leaf, now).unwrap_or(TlsVerdict::UnknownIssuer));
    };
    let seconds = u64::try_from(now.0).unwrap_or(0);
    let at = TlsTime::since_unix_epoch(Duration::from_secs(seconds));
    match verifier.verify_server_cert(&leaf, &intermediates, &name, &[], at) {
        Ok(_) => None,
        Err(rustls::Error::InvalidCertificate(e)) => Some(verdict(&e)),
        Err(_) => Some(TlsVerdict::Other),
    }
}

/// What is wrong, as words for an error.
pub(super) const fn sentence(verdict: TlsVerdict) -> &'static str {
    match verdict {
        TlsVerdict::UnknownIssuer => "the server's certificate chain ends in an unknown issuer",
        TlsVerdict::NameMismatch => "the server's certificate is for another name",
        TlsVerdict::Expired => "a certificate of the server's chain has expired",
        TlsVerdict::NotYetValid => "a certificate of the server's chain is not valid yet",
        _ => "the server's certificate chain is not acceptable",
    }
}

fn verdict(e: &CertificateError) -> TlsVerdict {
    match e {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsVerdict::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsVerdict::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsVerdict::NameMismatch
        }
        CertificateError::UnknownIssuer => TlsVerdict::UnknownIssuer,
        _ => TlsVerdict::Other,
    }
}

fn outside_its_dates(leaf: &CertificateDer<'_>, now: UnixTime) -> Option<TlsVerdict> {
    let leaf = Certificate::from_der(leaf).ok()?;
    if now > leaf.not_after() {
        Some(TlsVerdict::Expired)
    } else if now < leaf.not_before() {
        Some(TlsVerdict::NotYetValid)
    } else {
        None
    }
}
