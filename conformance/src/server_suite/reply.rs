//! A CertRep, taken apart as far as its receiver can.

use scep_client::network::HttpResponse;
use scep_core::cms::{self, Openers};
use scep_core::crypto::{ContentCipher, CryptoProvider, DigestAlgorithm, RandomSource};
use scep_core::limits::Limits;
use scep_core::message::{ChallengePassword, PkiStatus, ScepAttributes, SignedMessage};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::Certificate;

use super::Identity;
use crate::verdict::Stop;

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    /// The HTTP response.
    pub(super) http: HttpResponse,
    /// The signed attributes.
    pub(super) attributes: ScepAttributes,
    /// eContent, as it is.
    pub(super) content: Option<Vec<u8>>,
    /// Who signed.
    pub(super) signer: Certificate,
    /// With which digest.
    pub(super) digest: DigestAlgorithm,
    /// What was in the envelope, if there was one that the receiver's key opens.
    pub(super) opened: Result<Inside, String>,
}

/// The inside of an envelope.
#[derive(Debug)]
pub(super) struct Inside {
    /// How it was encrypted.
    pub(super) cipher: ContentCipher,
    /// The degenerate SignedData.
    pub(super) plain: Vec<u8>,
    /// Its certificates.
    pub(super) certificates: Vec<Certificate>,
}

impl Reply {
    /// Reads a response to a message that `receiver` signed; `signers` may sign replies.
    pub(super) fn read(
        http: HttpResponse,
        (receiver, password): (&Identity, Option<&ChallengePassword>),
        signers: &[Certificate],
        provider: &dyn CryptoProvider,
        rng: &mut dyn RandomSource,
    ) -> Result<Self, Stop> {
        let limits = Limits::DEFAULT;
        if http.status != 200 {
            return Err(Stop::unlike(
                "a CertRep",
                format!("HTTP {} {}", http.status, http.reason),
            ));
        }
        let message = SignedMessage::decode(&http.body, &limits).map_err(|e| {
            let seen = format!("{} octets that are none: {e}", http.body.len());
            Stop::unlike("a CertRep", seen)
        })?;
        let content = message.content().map(<[u8]>::to_vec);
        let verified = message
            .verify(provider, &AlgorithmPolicy::LEGACY, signers)
            .map_err(|e| Stop::unlike("a CertRep whose signature is right", e))?;
        let known = signers.iter().any(|signer| signer == verified.signer());
        if !known {
            return Err(Stop::unlike(
                "a CertRep that is signed by a certificate of GetCACert",
                verified.signer().subject(),
            ));
        }
        let keys = [(receiver.certificate.clone(), receiver.key.clone())];
        let passwords: Vec<ChallengePassword> = password.into_iter().cloned().collect();
        let opened = verified
            .open(
                provider,
                &AlgorithmPolicy::LEGACY,
                &limits,
                Openers {
                    keys: &keys,
                    passwords: &passwords,
                },
                rng,
            )
            .map(|opened| Inside {
                cipher: opened.cipher,
                certificates: cms::certs_only_certificates(&opened.content, &limits)
                    .unwrap_or_default(),
                plain: opened.content.to_vec(),
            })
            .map_err(|e| e.to_string());
        Ok(Self {
            attributes: verified.attributes().clone(),
            content,
            signer: verified.signer().clone(),
            digest: verified.digest(),
            opened,
            http,
        })
    }

    /// Whether it is a SUCCESS.
    pub(super) fn granted(&self) -> bool {
        self.attributes.pki_status == Some(PkiStatus::Success)
    }

    /// pkiStatus and failInfo, for a reader.
    pub(super) fn says(&self) -> String {
        let status = self.attributes.pki_status.as_ref();
        let status = status.map_or("no pkiStatus".to_owned(), |s| {
            format!("pkiStatus {}", s.as_text())
        });
        match &self.attributes.fail_info {
            Some(info) => format!("{status}, failInfo {}", info.as_text()),
            None => status,
        }
    }

    /// The inside.
    ///
    /// # Errors
    /// If there is none that opens.
    pub(super) fn inside(&self) -> Result<&Inside, Stop> {
        self.opened
            .as_ref()
            .map_err(|e| Stop::unlike("an envelope that the requester's key opens", e))
    }

    /// The certificate for a key.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn certificate_for(&self, spki: &[u8]) -> Result<&Certificate, Stop> {
        let inside = self.inside()?;
        let mut certificates = inside.certificates.iter();
        certificates.find(|c| c.spki_der() == spki).ok_or_else(|| {
            Stop::unlike(
                "a certificate for the key of the request",
                format!("{} others", inside.certificates.len()),
            )
        })
    }
}
