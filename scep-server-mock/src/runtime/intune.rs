//! Intune as far as SCEP sees it: challenges that are signed by the service, and encrypted to the
//! connector.
//!
//! ```text
//! challenge = base64(EnvelopedData(SEQUENCE { OCTET STRING claims, BIT STRING signature }))
//! claims    = JSON: id, expiry, subject, subject alternative names, bits of the key
//! ```
//!
//! The real form is not published; what is the same is what can go wrong with it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scep_core::UnixTime;
use scep_core::asn1::{Reader, tag, write};
use scep_core::cms::{EnvelopedData, Openers, SealTo, seal};
use scep_core::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, RandomSource, SignatureAlgorithm,
};
use scep_core::limits::Limits;
use scep_core::message::ChallengePassword;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::pki::Pki;
use crate::state::ScepProfile;

/// How long a challenge of Intune is good for. Inferred; the documentation gives no number.
const VALIDITY: Duration = Duration::from_secs(3600);
const SIGNATURE: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);

/// Challenges that were used.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Intune {
    made: u64,
    used: Vec<u64>,
    /// Numbers of those that are older than they say.
    aged: Vec<u64>,
}

/// What a challenge was made for. An empty part: whatever is asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Claims {
    id: u64,
    expires: i64,
    subject: String,
    subject_alt_names: Vec<String>,
    key_bits: usize,
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) subject: String,
    pub(crate) subject_alt_names: Vec<String>,
    pub(crate) key_bits: Option<usize>,
}

/// What is said of a challenge; most in the words of Microsoft's library for SCEP servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Valid,
    ChallengeExpired,
    ChallengeDecodingError,
    ChallengePasswordMissing,
    ChallengeAlreadyUsed,
    SubjectNameMismatch,
    SubjectAltNameMismatch,
    KeyLengthMismatch,
    ScepProfileNoLongerTargetedToTheClient,
    NoSigningCertificate,
    NoEncryptionCertificate,
    CloudUnreachable,
}

impl Verdict {
    /// As the library names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Valid => "Success",
            Self::ChallengeExpired => "ChallengeExpired",
            Self::ChallengeDecodingError => "ChallengeDecodingError",
            Self::ChallengePasswordMissing => "ChallengePasswordMissing",
            Self::ChallengeAlreadyUsed => "ChallengeAlreadyUsed",
            Self::SubjectNameMismatch => "SubjectNameMismatch",
            Self::SubjectAltNameMismatch => "SubjectAltNameMismatch",
            Self::KeyLengthMismatch => "KeyLengthMismatch",
            Self::ScepProfileNoLongerTargetedToTheClient => {
                "ScepProfileNoLongerTargetedToTheClient"
            }
            Self::NoSigningCertificate => "NoSigningCertificate",
            Self::NoEncryptionCertificate => "NoEncryptionCertificate",
            Self::CloudUnreachable => "ServiceUnreachable",
        }
    }

    /// As the old connector's log has it: a number where one is documented.
    pub(crate) const fn connector_code(self) -> &'static str {
        match self {
            Self::Valid => "0x0",
            Self::ChallengeExpired => "0x411",
            Self::ChallengeDecodingError => "0x410",
            Self::NoSigningCertificate => "0x409",
            Self::NoEncryptionCertificate => "0x408",
            other => other.name(),
        }
    }

    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Valid => "the request was verified",
            Self::ChallengeExpired => "the challenge has expired",
            Self::ChallengeDecodingError => "the challenge cannot be read",
            Self::ChallengePasswordMissing => "the request has no challenge",
            Self::ChallengeAlreadyUsed => "the challenge was used before",
            Self::SubjectNameMismatch => "the subject is not the one that the challenge is for",
            Self::SubjectAltNameMismatch => {
                "the subject alternative names are not those that the challenge is for"
            }
            Self::KeyLengthMismatch => "the key has not the length that the challenge is for",
            Self::ScepProfileNoLongerTargetedToTheClient => {
                "the SCEP profile is not assigned to the device any more"
            }
            Self::NoSigningCertificate => {
                "the certificate that signs challenges could not be retrieved"
            }
            Self::NoEncryptionCertificate => {
                "the certificate that challenges are encrypted to could not be retrieved"
            }
            Self::CloudUnreachable => "the service could not be reached",
        }
    }
}

impl Intune {
    /// Makes a challenge for what a profile says.
    pub(crate) fn issue(
        &mut self,
        provider: &dyn CryptoProvider,
        pki: &Pki,
        profile: &ScepProfile,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<ChallengePassword> {
        self.made += 1;
        let claims = Claims {
            id: self.made,
            expires: now.plus(VALIDITY).0,
            subject: profile.subject.clone(),
            subject_alt_names: profile.subject_alt_names.clone(),
            key_bits: profile.key_bits,
        };
        let claims = serde_json::to_vec(&claims).unwrap_or_default();
        let signature = pki.intune().key.key.sign(SIGNATURE, &claims, rng)?;
        let signed = write::sequence(&[
            &write::octet_string(&claims),
            &write::bit_string(&signature),
        ]);
        let to = &pki.connector.identity.certificate;
        let to = SealTo::Certificate(to, KeyTransport::RsaPkcs1v15);
        let blob = seal(provider, to, ContentCipher::Aes256Cbc, &signed, rng)?;
        Ok(ChallengePassword::new(STANDARD.encode(blob)))
    }

    /// Opens a challenge, if it is one of Intune for this connector.
    fn open(
        provider: &dyn CryptoProvider,
        pki: &Pki,
        challenge: &ChallengePassword,
        rng: &mut dyn RandomSource,
    ) -> Option<Claims> {
        let blob = STANDARD.decode(challenge.expose()).ok()?;
        let envelope = EnvelopedData::decode(&blob, &Limits::DEFAULT).ok()?;
        let keys: Vec<_> = pki.connectors().map(crate::pki::Identity::pair).collect();
        let signed = envelope
            .open(provider, Openers::keys(&keys), &Limits::DEFAULT, rng)
            .ok()?;
        let mut fields = Reader::new(&signed)
            .expect(tag::SEQUENCE, "challenge")
            .ok()?
            .reader();
        let claims = fields.expect(tag::OCTET_STRING, "claims").ok()?.value;
        let signature = fields.expect(tag::BIT_STRING, "signature").ok()?.value;
        let spki = pki.intune().key.spki();
        provider
            .verify(spki, SIGNATURE, claims, signature.get(1..)?)
            .ok()?;
        serde_json::from_slice(claims).ok()
    }

    /// Compares a request with its challenge, and uses that up if all fits.
    pub(crate) fn redeem(
        &mut self,
        provider: &dyn CryptoProvider,
        pki: &Pki,
        challenge: &ChallengePassword,
        asked: &Asked,
        now: UnixTime,
    ) -> Verdict {
        let Some(claims) = Self::open(
            provider,
            pki,
            challenge,
            &mut scep_core::crypto::SystemRandom,
        ) else {
            return Verdict::ChallengeDecodingError;
        };
        if self.used.contains(&claims.id) {
            return Verdict::ChallengeAlreadyUsed;
        }
        if now.0 >= claims.expires || self.aged.contains(&claims.id) {
            return Verdict::ChallengeExpired;
        }
        if !claims.subject.is_empty() && claims.subject != asked.subject {
            return Verdict::SubjectNameMismatch;
        }
        let kept = |name: &String| {
            asked
                .subject_alt_names
                .iter()
                .any(|have| have.eq_ignore_ascii_case(name))
        };
        if !claims.subject_alt_names.iter().all(kept) {
            return Verdict::SubjectAltNameMismatch;
        }
        if claims.key_bits != 0 && asked.key_bits != Some(claims.key_bits) {
            return Verdict::KeyLengthMismatch;
        }
        self.used.push(claims.id);
        Verdict::Valid
    }

    /// Uses a challenge up, whatever it was made for.
    pub(crate) fn spend(
        &mut self,
        provider: &dyn CryptoProvider,
        pki: &Pki,
        challenge: &ChallengePassword,
    ) {
        let rng = &mut scep_core::crypto::SystemRandom;
        if let Some(claims) = Self::open(provider, pki, challenge, rng) {
            self.used.push(claims.id);
        }
    }

    /// Makes a challenge older than it is.
    pub(crate) fn age(
        &mut self,
        provider: &dyn CryptoProvider,
        pki: &Pki,
        challenge: &ChallengePassword,
    ) {
        let rng = &mut scep_core::crypto::SystemRandom;
        if let Some(claims) = Self::open(provider, pki, challenge, rng) {
            self.aged.push(claims.id);
        }
    }
}
