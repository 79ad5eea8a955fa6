//! The simulated PKI as it is saved: keys, certificates, and what the stores say of them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scep_core::crypto::{CryptoProvider, DigestAlgorithm};
use scep_core::x509::{Certificate, GeneralName};
use serde::{Deserialize, Serialize};

use super::{CrlUrls, Identity, Pki, StoreEntry};
use crate::error::{Error, Result};
use crate::keys::{KeyPair, Keys};
use crate::state::CertificateState;

/// DER in base64.
type Text = String;

/// Everything that cannot be made again as it was.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    /// PKCS#8, by holder.
    keys: BTreeMap<String, Text>,
    /// By holder.
    certificates: BTreeMap<String, Text>,
    /// Certificates in stores, with what is said of them.
    entries: BTreeMap<String, (Text, CertificateState)>,
    superseded: Vec<(Text, CertificateState)>,
    former_issuing_cas: Vec<Text>,
    trusted_roots: Vec<Text>,
    cas_signed_with_sha1: bool,
}

fn text(certificate: &Certificate) -> Text {
    STANDARD.encode(certificate.as_der())
}

fn entry(entry: &StoreEntry) -> (Text, CertificateState) {
    (text(&entry.identity.certificate), entry.state.clone())
}

fn broken(what: impl std::fmt::Display) -> Error {
    Error::Data {
        what: "the saved PKI".to_owned(),
        reason: what.to_string(),
    }
}

fn certificate(saved: &Text) -> Result<Certificate> {
    let der = STANDARD.decode(saved).map_err(broken)?;
    Certificate::from_der(&der).map_err(broken)
}

impl Pki {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let keys = self.keys.by_holder();
        let certificates = [
            ("root", &self.root),
            ("issuing-ca", &self.issuing_ca),
            ("public-tls-root", &self.public_tls_root),
            ("private-tls-root", &self.private_tls_root),
            ("tls", &self.tls),
            ("tls-intermediate", &self.tls_intermediate),
            ("proxy-tls", &self.proxy_tls),
            ("inspection-tls", &self.inspection_tls),
            ("portal-tls", &self.portal_tls),
            ("old-web-tls", &self.old_web_tls),
        ];
        let mut entries = BTreeMap::from([
            ("ra-signing".to_owned(), entry(&self.ra_signing)),
            ("ra-encryption".to_owned(), entry(&self.ra_encryption)),
            ("connector".to_owned(), entry(&self.connector)),
        ]);
        if let Some(previous) = &self.previous_connector {
            entries.insert("previous-connector".to_owned(), entry(previous));
        }
        Snapshot {
            keys: keys
                .into_iter()
                .map(|(holder, key)| (holder.to_owned(), STANDARD.encode(key.pkcs8())))
                .collect(),
            certificates: certificates
                .into_iter()
                .map(|(holder, identity)| (holder.to_owned(), text(&identity.certificate)))
                .collect(),
            entries,
            superseded: self.superseded.iter().map(entry).collect(),
            former_issuing_cas: self
                .former_issuing_cas
                .iter()
                .map(|identity| text(&identity.certificate))
                .collect(),
            trusted_roots: self.trusted_roots.iter().map(text).collect(),
            cas_signed_with_sha1: self.ca_digest == DigestAlgorithm::Sha1,
        }
    }

    /// The PKI as it was.
    ///
    /// # Errors
    /// [`Error::Data`] if something is missing or cannot be read.
    pub(crate) fn restore(
        saved: &Snapshot,
        crl_urls: CrlUrls,
        tls_names: Vec<GeneralName>,
        provider: &dyn CryptoProvider,
    ) -> Result<Self> {
        let keys = Keys::from_holders(|holder| {
            let saved = saved.keys.get(holder);
            let saved = saved.ok_or_else(|| broken(format!("no key of {holder}")))?;
            KeyPair::load(provider, &STANDARD.decode(saved).map_err(broken)?)
        })?;
        let with_key = |saved: &Text| -> Result<Identity> {
            let certificate = certificate(saved)?;
            let holders = keys.by_holder();
            let mut pairs = holders.into_iter().map(|(_, key)| key);
            let key = pairs
                .find(|key| key.spki() == certificate.spki_der())
                .ok_or_else(|| broken(format!("no key for {}", certificate.subject())))?;
            Ok(Identity {
                key: key.clone(),
                certificate,
            })
        };
        let of = |holder: &str| {
            let saved = saved.certificates.get(holder);
            with_key(saved.ok_or_else(|| broken(format!("no certificate of {holder}")))?)
        };
        let store = |(certificate, state): &(Text, CertificateState)| -> Result<StoreEntry> {
            Ok(StoreEntry {
                identity: with_key(certificate)?,
                state: state.clone(),
            })
        };
        let in_store = |holder: &str| {
            let saved = saved.entries.get(holder);
            store(saved.ok_or_else(|| broken(format!("no certificate of {holder}")))?)
        };
        Ok(Self {
            root: of("root")?,
            issuing_ca: of("issuing-ca")?,
            public_tls_root: of("public-tls-root")?,
            private_tls_root: of("private-tls-root")?,
            tls: of("tls")?,
            tls_intermediate: of("tls-intermediate")?,
            proxy_tls: of("proxy-tls")?,
            inspection_tls: of("inspection-tls")?,
            portal_tls: of("portal-tls")?,
            old_web_tls: of("old-web-tls")?,
            ra_signing: in_store("ra-signing")?,
            ra_encryption: in_store("ra-encryption")?,
            connector: in_store("connector")?,
            previous_connector: saved
                .entries
                .get("previous-connector")
                .map(store)
                .transpose()?,
            superseded: saved.superseded.iter().map(store).collect::<Result<_>>()?,
            former_issuing_cas: saved
                .former_issuing_cas
                .iter()
                .map(with_key)
                .collect::<Result<_>>()?,
            trusted_roots: saved
                .trusted_roots
                .iter()
                .map(certificate)
                .collect::<Result<_>>()?,
            ca_digest: if saved.cas_signed_with_sha1 {
                DigestAlgorithm::Sha1
            } else {
                DigestAlgorithm::Sha256
            },
            keys,
            crl_urls,
            tls_names,
        })
    }
}
