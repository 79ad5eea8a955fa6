//! CryptoAPI's cache of CRLs: one for each account, on disk, so that it outlives processes.

use std::collections::BTreeMap;

use scep_core::UnixTime;
use scep_core::x509::Crl;

/// CRLs by URL.
#[derive(Debug, Default)]
pub(crate) struct CrlCache {
    crls: BTreeMap<String, Crl>,
}

impl CrlCache {
    /// A CRL that is still current.
    pub(crate) fn current(&self, url: &str, now: UnixTime) -> Option<&Crl> {
        self.crls.get(url).filter(|crl| !crl.is_expired_at(now))
    }

    pub(crate) fn insert(&mut self, url: &str, crl: Crl) {
        self.crls.insert(url.to_owned(), crl);
    }
}

/// The accounts that look after certificates on the NDES server.
#[derive(Debug, Default)]
pub(crate) struct CrlCaches {
    /// The NDES service account.
    pub(crate) service_account: CrlCache,
    /// SYSTEM: Schannel and HTTP.sys, which check client certificates.
    pub(crate) system: CrlCache,
}
