//! The simulated PKI: real certificates over real keys, minted when a deployment is set up.

use std::sync::Arc;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::asn1::{tag, write};
use scep_core::crypto::{CryptoProvider, DigestAlgorithm, KeyType, PrivateKey, RandomSource};
use scep_core::oid;
use scep_core::x509::{Certificate, CertificateBuilder, Extension, GeneralName, KeyUsage, Name};

use crate::error::Result;
use crate::keys::{KeyPair, Keys};
use crate::names;
use crate::state::{
    CertificateDigest, CertificateIssuer, CertificateState, KeyKind, KeyProvider, Purpose, State,
    Thumbprint, Tls, TlsChain, TlsIssuer,
};

pub(crate) mod crl;
pub(crate) mod issue;
pub(crate) mod snapshot;

const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// URLs under which the two CRLs are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CrlUrls {
    pub(crate) issuing: String,
    pub(crate) renewed: String,
    pub(crate) delta: String,
    pub(crate) root: String,
    /// The certificate of the CA behind the TLS binding.
    pub(crate) tls_issuer: String,
}

impl CrlUrls {
    /// Below `http://<authority>/CertEnroll/`.
    pub(crate) fn at(authority: &str) -> Self {
        let url = |file| format!("http://{authority}/CertEnroll/{file}");
        Self {
            issuing: url(names::CRL_FILE),
            renewed: url(names::RENEWED_CRL_FILE),
            delta: url(names::DELTA_CRL_FILE),
            root: url(names::ROOT_CRL_FILE),
            tls_issuer: url(names::TLS_ISSUER_FILE),
        }
    }
}

/// A certificate with its private key.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: Certificate,
    pub(crate) key: KeyPair,
}

impl Identity {
    pub(crate) fn pair(&self) -> (Certificate, Arc<dyn PrivateKey>) {
        (self.certificate.clone(), Arc::clone(&self.key.key))
    }
}

/// An identity in `LocalMachine\My`, with what the state says of it.
#[derive(Clone, Debug)]
pub(crate) struct StoreEntry {
    pub(crate) identity: Identity,
    pub(crate) state: CertificateState,
}

/// All certificates of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Pki {
    pub(crate) root: Identity,
    pub(crate) issuing_ca: Identity,
    pub(crate) ra_signing: StoreEntry,
    pub(crate) ra_encryption: StoreEntry,
    /// RA certificates that were renewed; they stay in the store.
    superseded: Vec<StoreEntry>,
    pub(crate) connector: StoreEntry,
    /// The policy module's certificate before it was renewed.
    previous_connector: Option<StoreEntry>,
    /// What the issuing CA was before it was renewed with a new key, oldest first.
    former_issuing_cas: Vec<Identity>,
    pub(crate) public_tls_root: Identity,
    pub(crate) private_tls_root: Identity,
    pub(crate) tls: Identity,
    /// A CA below a root, where the certificate of the TLS binding comes from one.
    tls_intermediate: Identity,
    /// What the application proxy shows.
    proxy_tls: Identity,
    /// What a firewall shows that takes TLS apart.
    inspection_tls: Identity,
    /// What a captive portal shows.
    portal_tls: Identity,
    old_web_tls: Identity,
    /// What the CAs' own certificates are signed with.
    ca_digest: DigestAlgorithm,
    /// Trusted Root Certification Authorities of the NDES server: the lab's roots, and what the
    /// settings say was put there by mistake.
    pub(crate) trusted_roots: Vec<Certificate>,
    keys: Keys,
    crl_urls: CrlUrls,
    /// Names and addresses in the certificate of the TLS binding.
    tls_names: Vec<GeneralName>,
}

impl Pki {
    /// Mints everything; `origin` is when the deployment's history begins.
    pub(crate) fn mint(
        state: &State,
        keys: Keys,
        crl_urls: CrlUrls,
        tls_names: Vec<GeneralName>,
        origin: UnixTime,
        provider: &dyn CryptoProvider,
        rng: &mut dyn RandomSource,
    ) -> Result<Self> {
        let mut mint = Minter::new(provider, rng);
        mint.ca_digest = digest(state.ca.certificate_digest);
        let root = mint.root("CN=Lab Root CA,O=Lab", &keys.root, origin)?;
        let issuing_ca = mint.issuing_ca(&root, &keys.issuing_ca, &crl_urls.root, origin)?;
        let public_tls_root =
            mint.root("CN=Public Web Root CA,O=Lab", &keys.public_tls_root, origin)?;
        let private_tls_root = mint.root(
            "CN=Private Web Root CA,O=Lab",
            &keys.private_tls_root,
            origin,
        )?;
        let ra_signing = mint.ra(
            RaRole::Signing,
            &state.ndes.ra_signing,
            issuer_of(&state.ndes.ra_signing, &issuing_ca, &private_tls_root),
            &keys,
            &crl_urls.issuing,
            origin,
        )?;
        let ra_encryption = mint.ra(
            RaRole::Encryption,
            &state.ndes.ra_encryption,
            issuer_of(&state.ndes.ra_encryption, &issuing_ca, &private_tls_root),
            &keys,
            &crl_urls.issuing,
            origin,
        )?;
        let connector = mint.connector(
            &state.policy_module.client_certificate,
            issuer_of(
                &state.policy_module.client_certificate,
                &issuing_ca,
                &private_tls_root,
            ),
            &keys.connector,
            &crl_urls.issuing,
            origin,
        )?;
        let tls_root = match state.tls.issuer {
            TlsIssuer::PublicCa => &public_tls_root,
            TlsIssuer::PrivateCa => &private_tls_root,
        };
        let tls_intermediate = mint.ca_below(
            tls_root,
            "CN=Public Web Issuing CA,O=Lab",
            &keys.issuing_ca_renewed,
            Vec::new(),
            origin,
        )?;
        let tls_issuer = if state.tls.via_intermediate {
            &tls_intermediate
        } else {
            tls_root
        };
        let tls = mint.tls(
            &state.tls,
            tls_issuer,
            &keys.tls_server,
            &tls_names,
            &crl_urls.tls_issuer,
            origin,
        )?;
        let mut others = OtherTls {
            mint: &mut mint,
            key: &keys.tls_server,
            urls: &crl_urls,
            origin,
        };
        let proxy_tls = others.certificate(&public_tls_root, &proxy_names(state, &tls_names))?;
        let inspection_tls = others.certificate(&private_tls_root, &tls_names)?;
        let portal = GeneralName::Dns(names::PORTAL_HOST.to_owned());
        let portal_tls = others.certificate(&public_tls_root, &[portal])?;
        let old_web = GeneralName::Dns(names::OLD_WEB_HOST.to_owned());
        let old_web_tls = others.certificate(&public_tls_root, &[old_web])?;
        let intermediates = &state.windows.root_store_intermediates;
        let trusted_roots =
            mint.trusted_roots(intermediates, &root, &issuing_ca, &public_tls_root, origin)?;
        Ok(Self {
            ca_digest: mint.ca_digest,
            trusted_roots,
            root,
            issuing_ca,
            ra_signing,
            ra_encryption,
            superseded: Vec::new(),
            connector,
            previous_connector: None,
            former_issuing_cas: Vec::new(),
            public_tls_root,
            private_tls_root,
            tls,
            tls_intermediate,
            proxy_tls,
            inspection_tls,
            portal_tls,
            old_web_tls,
            keys,
            crl_urls,
            tls_names,
        })
    }

    /// Mints everything below the CAs again, for a history that begins at `origin`.
    pub(crate) fn remint(
        &mut self,
        state: &State,
        origin: UnixTime,
        provider: &dyn CryptoProvider,
        rng: &mut dyn RandomSource,
    ) -> Result<()> {
        let fresh = Self::mint(
            state,
            self.keys.clone(),
            self.crl_urls.clone(),
            self.tls_names.clone(),
            origin,
            provider,
            rng,
        )?;
        // Clients have pinned these; the same keys make them the issuers of what was minted. A renewal
        // belongs to the history that ends.
        let (root, first_issuing_ca) = if self.ca_digest == fresh.ca_digest {
            (self.root.clone(), self.first_issuing_ca().clone())
        } else {
            (fresh.root.clone(), fresh.issuing_ca.clone())
        };
        let mut mint = Minter::new(provider, rng);
        let trusted_roots = mint.trusted_roots(
            &state.windows.root_store_intermediates,
            &root,
            &first_issuing_ca,
            &self.public_tls_root,
            origin,
        )?;
        *self = Self {
            trusted_roots,
            root,
            issuing_ca: first_issuing_ca,
            public_tls_root: self.public_tls_root.clone(),
            private_tls_root: self.private_tls_root.clone(),
            ..fresh
        };
        Ok(())
    }

    /// Mints again what the new state describes otherwise: `now` is when an administrator changed
    /// it, so that `issued_ago = "0d"` is a certificate requested at that moment. CA certificates
    /// stay, whatever happens: clients have pinned them.
    pub(crate) fn follow(
        &mut self,
        old: &State,
        new: &State,
        now: UnixTime,
        provider: &dyn CryptoProvider,
        rng: &mut dyn RandomSource,
    ) -> Result<()> {
        let mut mint = Minter::new(provider, rng);
        mint.ca_digest = digest(new.ca.certificate_digest);
        if old.ca.renewals != new.ca.renewals {
            let renewed = mint.issuing_ca(
                &self.root,
                &self.keys.issuing_ca_renewed,
                &self.crl_urls.root,
                now,
            )?;
            let former = std::mem::replace(&mut self.issuing_ca, renewed);
            self.former_issuing_cas.push(former);
        }
        let reissued = |old: &CertificateState, new: &CertificateState| {
            let minted = |state: &CertificateState| CertificateState {
                present: true,
                key_read: Vec::new(),
                revoked: false,
                key_provider: KeyProvider::default(),
                ..state.clone()
            };
            minted(old) != minted(new)
        };
        let crl = self.crl_url().to_owned();
        for (role, was, is) in [
            (RaRole::Signing, &old.ndes.ra_signing, &new.ndes.ra_signing),
            (
                RaRole::Encryption,
                &old.ndes.ra_encryption,
                &new.ndes.ra_encryption,
            ),
        ] {
            let entry = match role {
                RaRole::Signing => &mut self.ra_signing,
                RaRole::Encryption => &mut self.ra_encryption,
            };
            if reissued(was, is) {
                let issuer = issuer_of(is, &self.issuing_ca, &self.private_tls_root);
                let renewed = mint.ra(role, is, issuer, &self.keys, &crl, now)?;
                self.superseded.push(std::mem::replace(entry, renewed));
            }
            entry.state = is.clone();
        }
        let (was, is) = (
            &old.policy_module.client_certificate,
            &new.policy_module.client_certificate,
        );
        if reissued(was, is) {
            let issuer = issuer_of(is, &self.issuing_ca, &self.private_tls_root);
            let renewed = mint.connector(is, issuer, &self.keys.connector, &crl, now)?;
            let previous = std::mem::replace(&mut self.connector, renewed);
            self.previous_connector = Some(previous);
        }
        self.connector.state = is.clone();
        if old.windows != new.windows {
            self.trusted_roots = mint.trusted_roots(
                &new.windows.root_store_intermediates,
                &self.root,
                &self.issuing_ca,
                &self.public_tls_root,
                now,
            )?;
        }
        if old.tls != new.tls {
            let root = match new.tls.issuer {
                TlsIssuer::PublicCa => &self.public_tls_root,
                TlsIssuer::PrivateCa => &self.private_tls_root,
            };
            let issuer = if new.tls.via_intermediate {
                &self.tls_intermediate
            } else {
                root
            };
            self.tls = mint.tls(
                &new.tls,
                issuer,
                &self.keys.tls_server,
                &self.tls_names,
                &self.crl_urls.tls_issuer,
                now,
            )?;
        }
        if old.app_proxy.custom_certificate != new.app_proxy.custom_certificate {
            let names = proxy_names(new, &self.tls_names);
            self.proxy_tls = OtherTls {
                mint: &mut mint,
                key: &self.keys.tls_server,
                urls: &self.crl_urls,
                origin: now,
            }
            .certificate(&self.public_tls_root, &names)?;
        }
        Ok(())
    }

    /// The RA certificates in the machine store, those that were renewed included.
    pub(crate) fn ra_store(&self) -> impl Iterator<Item = &StoreEntry> {
        self.superseded
            .iter()
            .chain([&self.ra_signing, &self.ra_encryption])
    }

    /// The RA certificate that the settings describe.
    pub(crate) const fn ra_certificate(&self, role: RaRole) -> &StoreEntry {
        match role {
            RaRole::Signing => &self.ra_signing,
            RaRole::Encryption => &self.ra_encryption,
        }
    }

    /// An RA certificate of any CA, for tests.
    #[cfg(test)]
    pub(crate) fn mint_ra(
        &self,
        role: RaRole,
        state: &CertificateState,
        ca: &Identity,
        origin: UnixTime,
        provider: &dyn CryptoProvider,
        rng: &mut dyn RandomSource,
    ) -> Result<StoreEntry> {
        Minter::new(provider, rng).ra(role, state, ca, &self.keys, &self.crl_urls.issuing, origin)
    }

    /// RA certificates of a second NDES server: over keys of its own, which are the other way round
    /// those of the first.
    pub(crate) fn second_node(
        &self,
        origin: UnixTime,
        provider: &dyn CryptoProvider,
        rng: &mut dyn RandomSource,
    ) -> Result<(StoreEntry, StoreEntry)> {
        let mut keys = self.keys.clone();
        std::mem::swap(&mut keys.ra_signing, &mut keys.ra_encryption);
        let mut mint = Minter::new(provider, rng);
        let state = CertificateState::default();
        let mut make = |role| {
            mint.ra(
                role,
                &state,
                &self.issuing_ca,
                &keys,
                self.crl_url(),
                origin,
            )
        };
        Ok((make(RaRole::Signing)?, make(RaRole::Encryption)?))
    }

    /// The issuing CA as it was before any renewal.
    pub(crate) fn first_issuing_ca(&self) -> &Identity {
        self.former_issuing_cas.first().unwrap_or(&self.issuing_ca)
    }

    /// The issuing CA by all keys that it has had, the present one first.
    pub(crate) fn issuing_cas(&self) -> impl Iterator<Item = &Identity> {
        std::iter::once(&self.issuing_ca).chain(self.former_issuing_cas.iter().rev())
    }

    /// Who signs the CRL of this file name, if it is one of the issuing CA.
    pub(crate) fn crl_issuer(&self, file: &str) -> Option<&Identity> {
        match file {
            names::CRL_FILE => Some(self.first_issuing_ca()),
            names::RENEWED_CRL_FILE if !self.former_issuing_cas.is_empty() => {
                Some(&self.issuing_ca)
            }
            _ => None,
        }
    }

    /// The distribution point of certificates that are issued now.
    pub(crate) fn crl_url(&self) -> &str {
        if self.former_issuing_cas.is_empty() {
            &self.crl_urls.issuing
        } else {
            &self.crl_urls.renewed
        }
    }

    /// Where the delta CRL lies.
    pub(crate) fn delta_crl_url(&self) -> String {
        self.crl_urls.delta.clone()
    }

    /// Intune, which signs challenges. It has a key and no certificate that anybody here looks at.
    pub(crate) const fn intune(&self) -> &Identity {
        &self.public_tls_root
    }

    /// The connector's certificate, and the one before it.
    pub(crate) fn connectors(&self) -> impl Iterator<Item = &Identity> {
        std::iter::once(&self.connector)
            .chain(&self.previous_connector)
            .map(|entry| &entry.identity)
    }

    /// The certificate that `NDESCertThumbprint` names.
    pub(crate) fn connector_by(&self, thumbprint: Thumbprint) -> &StoreEntry {
        match (thumbprint, &self.previous_connector) {
            (Thumbprint::Previous, Some(previous)) => previous,
            _ => &self.connector,
        }
    }

    /// The certificates that the CA has revoked by their settings.
    pub(crate) fn revoked(&self) -> impl Iterator<Item = &Certificate> {
        self.ra_store()
            .chain([&self.connector])
            .filter(|entry| entry.state.revoked)
            .map(|entry| &entry.identity.certificate)
    }

    /// The chain that a TLS endpoint sends, leaf first. The root is left out, as servers do.
    pub(crate) fn tls_chain(&self, endpoint: TlsEndpoint, tls: &Tls) -> Vec<Certificate> {
        let leaf = match endpoint {
            TlsEndpoint::Binding => &self.tls,
            TlsEndpoint::AppProxy => &self.proxy_tls,
            TlsEndpoint::Inspection => &self.inspection_tls,
            TlsEndpoint::Portal => &self.portal_tls,
            TlsEndpoint::OldWeb => &self.old_web_tls,
        };
        let mut chain = vec![leaf.certificate.clone()];
        let complete = tls.via_intermediate && tls.chain == TlsChain::Complete;
        if endpoint == TlsEndpoint::Binding && complete {
            chain.push(self.tls_intermediate.certificate.clone());
        }
        chain
    }

    /// The CA that issued the certificate of the TLS binding, as its URL gives it.
    pub(crate) fn tls_issuer(&self) -> &Certificate {
        let issuers = [
            &self.tls_intermediate,
            &self.public_tls_root,
            &self.private_tls_root,
        ];
        let issuer = issuers.into_iter().find(|issuer| {
            issuer
                .certificate
                .subject()
                .matches(self.tls.certificate.issuer())
        });
        &issuer.unwrap_or(&self.public_tls_root).certificate
    }

    /// The key of devices that enroll in a scenario's history.
    pub(crate) fn device_key(&self) -> &KeyPair {
        &self.keys.device
    }
}

/// Who answers a TLS handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsEndpoint {
    Binding,
    AppProxy,
    Inspection,
    Portal,
    /// A web server that has nothing to do with the deployment.
    OldWeb,
}

const fn digest(of: CertificateDigest) -> DigestAlgorithm {
    match of {
        CertificateDigest::Sha256 => DigestAlgorithm::Sha256,
        CertificateDigest::Sha1 => DigestAlgorithm::Sha1,
    }
}

/// The names in the certificate that the application proxy shows: without one for the custom domain,
/// those of its own domain.
fn proxy_names(state: &State, published: &[GeneralName]) -> Vec<GeneralName> {
    if state.app_proxy.custom_certificate {
        published.to_vec()
    } else {
        vec![GeneralName::Dns(format!("*{}", names::PROXY_DOMAIN))]
    }
}

/// Certificates of TLS endpoints that are not the server's.
struct OtherTls<'a, 'm> {
    mint: &'a mut Minter<'m>,
    key: &'a KeyPair,
    urls: &'a CrlUrls,
    origin: UnixTime,
}

impl OtherTls<'_, '_> {
    fn certificate(&mut self, issuer: &Identity, names: &[GeneralName]) -> Result<Identity> {
        let tls = Tls::default();
        let url = &self.urls.tls_issuer;
        self.mint
            .tls(&tls, issuer, self.key, names, url, self.origin)
    }
}

/// Which of the two MSCEP-RA certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RaRole {
    /// Exchange Enrollment Agent (Offline request).
    Signing,
    /// CEP Encryption.
    Encryption,
}

/// Makes certificates.
struct Minter<'a> {
    provider: &'a dyn CryptoProvider,
    rng: &'a mut dyn RandomSource,
    /// The digest in signatures of CA certificates.
    ca_digest: DigestAlgorithm,
}

impl<'a> Minter<'a> {
    fn new(provider: &'a dyn CryptoProvider, rng: &'a mut dyn RandomSource) -> Self {
        Self {
            provider,
            rng,
            ca_digest: DigestAlgorithm::Sha256,
        }
    }
}

impl Minter<'_> {
    fn key_id(&self, spki: &[u8]) -> Result<Vec<u8>> {
        Ok(self.provider.digest(DigestAlgorithm::Sha1, spki)?)
    }

    fn build(
        &mut self,
        subject: &str,
        key: &KeyPair,
        issuer: Option<&Identity>,
        (not_before, not_after): (UnixTime, UnixTime),
        extensions: Vec<Extension>,
    ) -> Result<Identity> {
        let subject = Name::from_rfc4514(subject)?;
        let is_ca = extensions.contains(&Extension::basic_constraints(true, Some(0)));
        let mut all = extensions;
        all.push(Extension::subject_key_identifier(&self.key_id(key.spki())?));
        let issuer_spki = issuer.map_or_else(|| key.spki(), |i| i.certificate.spki_der());
        all.push(Extension::authority_key_identifier(
            &self.key_id(issuer_spki)?,
        ));
        let builder = CertificateBuilder {
            serial: serial(self.rng),
            issuer: issuer.map_or_else(|| subject.clone(), |i| i.certificate.subject().clone()),
            subject,
            not_before,
            not_after,
            spki: key.spki().to_vec(),
            extensions: all,
        };
        let signer = issuer.map_or(&key.key, |i| &i.key.key);
        let digest = if is_ca {
            self.ca_digest
        } else {
            DigestAlgorithm::Sha256
        };
        let certificate = builder.sign(signer.as_ref(), digest, self.rng)?;
        Ok(Identity {
            certificate,
            key: key.clone(),
        })
    }

    fn root(&mut self, subject: &str, key: &KeyPair, origin: UnixTime) -> Result<Identity> {
        let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN;
        let extensions = vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(usage),
        ];
        self.build(
            subject,
            key,
            None,
            (origin.minus(YEAR * 2), origin.plus(YEAR * 18)),
            extensions,
        )
    }

    fn issuing_ca(
        &mut self,
        root: &Identity,
        key: &KeyPair,
        root_crl: &str,
        origin: UnixTime,
    ) -> Result<Identity> {
        let crl = Extension::crl_distribution_points(&[root_crl]);
        self.ca_below(root, "CN=Lab Issuing CA,O=Lab", key, vec![crl], origin)
    }

    fn ca_below(
        &mut self,
        root: &Identity,
        subject: &str,
        key: &KeyPair,
        more: Vec<Extension>,
        origin: UnixTime,
    ) -> Result<Identity> {
        // keyEncipherment, because some profiles let the CA itself be the recipient of requests.
        let usage = KeyUsage::DIGITAL_SIGNATURE
            | KeyUsage::KEY_ENCIPHERMENT
            | KeyUsage::KEY_CERT_SIGN
            | KeyUsage::CRL_SIGN;
        let mut extensions = vec![
            Extension::basic_constraints(true, Some(0)),
            Extension::key_usage(usage),
        ];
        extensions.extend(more);
        let term = (origin.minus(YEAR), origin.plus(YEAR * 9));
        self.build(subject, key, Some(root), term, extensions)
    }

    /// The Root store with the certificates of these subjects in it: those of the lab's CAs
    /// themselves, and for other names those of CAs below the lab's root.
    fn trusted_roots(
        &mut self,
        subjects: &[String],
        root: &Identity,
        issuing_ca: &Identity,
        public_tls_root: &Identity,
        origin: UnixTime,
    ) -> Result<Vec<Certificate>> {
        let mut store = vec![
            root.certificate.clone(),
            public_tls_root.certificate.clone(),
        ];
        for subject in subjects {
            let name = Name::from_rfc4514(subject)?;
            if store.iter().any(|held| held.subject().matches(&name)) {
                continue;
            }
            store.push(if issuing_ca.certificate.subject().matches(&name) {
                issuing_ca.certificate.clone()
            } else {
                self.ca_below(root, subject, &issuing_ca.key, Vec::new(), origin)?
                    .certificate
            });
        }
        Ok(store)
    }

    fn ra(
        &mut self,
        role: RaRole,
        state: &CertificateState,
        ca: &Identity,
        keys: &Keys,
        crl: &str,
        origin: UnixTime,
    ) -> Result<StoreEntry> {
        let (key, usage, template) = match role {
            RaRole::Signing => (
                &keys.ra_signing,
                KeyUsage::DIGITAL_SIGNATURE,
                "EnrollmentAgentOffline",
            ),
            RaRole::Encryption => (
                &keys.ra_encryption,
                KeyUsage::KEY_ENCIPHERMENT,
                "CEPEncryption",
            ),
        };
        let purpose = match state.purpose {
            Purpose::Right => oid::MS_CERTIFICATE_REQUEST_AGENT,
            Purpose::ServerOnly => oid::SERVER_AUTH,
        };
        let extensions = vec![
            template_name(template),
            Extension::extended_key_usage(&[purpose]),
            Extension::key_usage(usage),
            Extension::crl_distribution_points(&[crl]),
        ];
        let key = match state.key_kind {
            KeyKind::Rsa => key.clone(),
            KeyKind::Ec => {
                let pkcs8 = self
                    .provider
                    .generate_private_key(KeyType::EcP256, self.rng)?;
                KeyPair::load(self.provider, &pkcs8)?
            }
        };
        let subject = "CN=NDES-MSCEP-RA,O=Lab,C=US";
        let identity = self.build(subject, &key, Some(ca), term(state, origin), extensions)?;
        Ok(StoreEntry {
            identity,
            state: state.clone(),
        })
    }

    fn connector(
        &mut self,
        state: &CertificateState,
        ca: &Identity,
        key: &KeyPair,
        crl: &str,
        origin: UnixTime,
    ) -> Result<StoreEntry> {
        let purposes: &[_] = match state.purpose {
            Purpose::Right => &[oid::CLIENT_AUTH, oid::SERVER_AUTH],
            Purpose::ServerOnly => &[oid::SERVER_AUTH],
        };
        let extensions = vec![
            Extension::extended_key_usage(purposes),
            Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT),
            Extension::crl_distribution_points(&[crl]),
        ];
        let subject = format!("CN={}", names::NDES_HOST);
        let identity = self.build(&subject, key, Some(ca), term(state, origin), extensions)?;
        Ok(StoreEntry {
            identity,
            state: state.clone(),
        })
    }

    fn tls(
        &mut self,
        state: &Tls,
        issuer: &Identity,
        key: &KeyPair,
        names: &[GeneralName],
        issuer_url: &str,
        origin: UnixTime,
    ) -> Result<Identity> {
        let own: Vec<GeneralName> = state.names.iter().cloned().map(GeneralName::Dns).collect();
        let names = if own.is_empty() { names } else { &own };
        let extensions = vec![
            Extension::ca_issuers(&[issuer_url]),
            Extension::basic_constraints(false, None),
            Extension::extended_key_usage(&[oid::SERVER_AUTH]),
            Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT),
            Extension::subject_alt_name(names),
        ];
        let not_before = origin.minus(state.issued_ago.duration());
        let term = (not_before, not_before.plus(state.valid_for.duration()));
        self.build(
            &format!("CN={}", names::NDES_HOST),
            key,
            Some(issuer),
            term,
            extensions,
        )
    }
}

/// Which CA a certificate comes from.
const fn issuer_of<'a>(
    state: &CertificateState,
    issuing_ca: &'a Identity,
    other_ca: &'a Identity,
) -> &'a Identity {
    match state.issuer {
        CertificateIssuer::IssuingCa => issuing_ca,
        CertificateIssuer::OtherCa => other_ca,
    }
}

fn term(state: &CertificateState, origin: UnixTime) -> (UnixTime, UnixTime) {
    let not_before = origin.minus(state.issued_ago.duration());
    (not_before, not_before.plus(state.valid_for.duration()))
}

/// Nineteen octets, as AD CS makes them.
pub(crate) fn serial(rng: &mut dyn RandomSource) -> Vec<u8> {
    let mut serial = vec![0; 19];
    rng.fill(&mut serial);
    if let Some(first) = serial.first_mut() {
        *first = 0x5a;
    }
    serial
}

/// The Microsoft extension that names the (version 1) template, a BMPString.
fn template_name(name: &str) -> Extension {
    let utf16: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    Extension {
        oid: oid::MS_CERTIFICATE_TEMPLATE_NAME,
        critical: false,
        value: write::tlv(tag::BMP_STRING, &utf16),
    }
}
