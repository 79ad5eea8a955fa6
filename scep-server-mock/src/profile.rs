//! Server profiles: how the SCEP service answers, as data.

use scep_core::message::FailInfo;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::Certificate;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::pki::Pki;

const FILES: [(&str, &str); 3] = [
    ("ndes-2019", include_str!("../profiles/ndes-2019.toml")),
    ("plain", include_str!("../profiles/plain.toml")),
    ("rfc8894", include_str!("../profiles/rfc8894.toml")),
];

/// Names of all profiles.
#[must_use]
pub fn names() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

/// How a SCEP service answers. Nothing in the code asks for a profile's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// One line about it.
    pub title: String,
    /// The lines of GetCACaps.
    pub capabilities: Vec<String>,
    /// Which algorithms are accepted.
    pub accepts: Accepts,
    /// Who signs and decrypts.
    pub responder: ResponderRole,
    /// The certificates of GetCACert, in order.
    pub certificates: Vec<CertificateRole>,
    /// How replies are made.
    pub reply: ReplyProfile,
    /// What a message gets that cannot be decoded.
    pub undecodable: Undecodable,
    /// What an operation gets that the server does not know.
    pub unknown_operation: UnknownOperation,
    /// Which message types are served.
    pub message_types: Vec<Served>,
    /// failInfo for a challenge password that is not accepted.
    pub challenge_fail_info: ChallengeFailInfo,
    /// The string types in which a challenge password is understood.
    #[serde(default)]
    pub challenge_string: ChallengeString,
}

/// The string types in which a challenge password is understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChallengeString {
    /// Any.
    #[default]
    Any,
    /// PrintableString, as NDES.
    PrintableOnly,
}

impl Profile {
    /// The profile of that name.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is none.
    pub fn load(name: &str) -> Result<Self> {
        let text = FILES
            .iter()
            .find(|(candidate, _)| *candidate == name)
            .map(|(_, text)| *text)
            .ok_or_else(|| Error::Unknown {
                kind: "profile",
                name: name.to_owned(),
                nearest: nearest(name, names()),
            })?;
        let mut profile: Self = toml::from_str(text).map_err(|e| Error::Data {
            what: format!("profile {name}"),
            reason: e.to_string(),
        })?;
        name.clone_into(&mut profile.name);
        Ok(profile)
    }

    /// The certificates of GetCACert, if NDES has these two RA certificates.
    pub(crate) fn certificates(
        &self,
        pki: &Pki,
        signing: &Certificate,
        encryption: &Certificate,
    ) -> Vec<Certificate> {
        self.certificates
            .iter()
            .map(|role| match role {
                CertificateRole::RaSigning => signing,
                CertificateRole::RaEncryption => encryption,
                CertificateRole::IssuingCa => &pki.issuing_ca.certificate,
                CertificateRole::Root => &pki.root.certificate,
            })
            .cloned()
            .collect()
    }

    /// The body of GetCACaps.
    #[must_use]
    pub fn capabilities_text(&self) -> String {
        self.capabilities
            .iter()
            .fold(String::new(), |text, word| text + word + "\n")
    }
}

/// A named algorithm policy of `scep-core`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accepts {
    /// What RFC 8894 asks for.
    Rfc8894,
    /// What NDES accepts.
    Ndes,
    /// Everything in the field.
    Legacy,
}

impl Accepts {
    /// The policy.
    #[must_use]
    pub const fn policy(self) -> AlgorithmPolicy {
        match self {
            Self::Rfc8894 => AlgorithmPolicy::RFC8894,
            Self::Ndes => AlgorithmPolicy::NDES,
            Self::Legacy => AlgorithmPolicy::LEGACY,
        }
    }
}

/// Who signs replies and decrypts requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResponderRole {
    /// The two MSCEP-RA certificates.
    RaPair,
    /// The issuing CA itself.
    IssuingCa,
}

/// A certificate that GetCACert may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateRole {
    /// The MSCEP-RA certificate that signs.
    RaSigning,
    /// The MSCEP-RA certificate that decrypts.
    RaEncryption,
    /// The issuing CA.
    IssuingCa,
    /// The root CA.
    Root,
}

/// How a CertRep is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyProfile {
    /// Whether the signer's certificate is in it.
    pub signer_certificate: bool,
    /// What stands for "no content" on PENDING and FAILURE.
    pub empty_content: EmptyContentKind,
    /// How the signature algorithm is named.
    pub signature_oid: SignatureOidKind,
    /// Which digest is used.
    pub digest: DigestChoice,
    /// Whether HRESULT and server message are added.
    pub microsoft_attributes: bool,
    /// Whether failInfoText is added.
    pub fail_info_text: bool,
}

/// What stands for "no content".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmptyContentKind {
    /// No eContent, as the RFC wants it.
    Absent,
    /// An empty OCTET STRING.
    ZeroLength,
    /// One octet of zero.
    OneZeroOctet,
}

/// How the signature algorithm is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureOidKind {
    /// `rsaEncryption`.
    RsaEncryption,
    /// `sha256WithRSAEncryption` and its siblings.
    WithDigest,
}

/// Which digest a reply is signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestChoice {
    /// The client's.
    Mirror,
    /// SHA-256.
    Sha256,
}

/// What a message gets that cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undecodable {
    /// 200 without content type and without content.
    EmptyOk,
    /// 400.
    BadRequest,
}

/// What an operation gets that the server does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownOperation {
    /// The same as a request without an operation.
    AsBareUrl,
    /// 400.
    BadRequest,
}

/// A message type that the server can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Served {
    /// PKCSReq (19).
    PkcsReq,
    /// RenewalReq (17).
    RenewalReq,
    /// CertPoll (20).
    CertPoll,
    /// GetCert (21).
    GetCert,
    /// GetCRL (22).
    GetCrl,
}

/// failInfo for a challenge password that is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChallengeFailInfo {
    /// 1, as NDES answers.
    BadMessageCheck,
    /// 2.
    BadRequest,
}

impl ChallengeFailInfo {
    /// As the message has it.
    #[must_use]
    pub const fn fail_info(self) -> FailInfo {
        match self {
            Self::BadMessageCheck => FailInfo::BadMessageCheck,
            Self::BadRequest => FailInfo::BadRequest,
        }
    }
}
