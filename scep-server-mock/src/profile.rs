//! Server profiles: how the SCEP service answers, as data.

use scep_core::message::FailInfo;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::Certificate;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::overlay;
use crate::pki::Pki;

const FILES: &[(&str, &str)] = &[
    ("ndes-2003", include_str!("../profiles/ndes-2003.toml")),
    ("ndes-2008", include_str!("../profiles/ndes-2008.toml")),
    (
        "ndes-2008r2-without-hotfix",
        include_str!("../profiles/ndes-2008r2-without-hotfix.toml"),
    ),
    ("ndes-2008r2", include_str!("../profiles/ndes-2008r2.toml")),
    ("ndes-2012", include_str!("../profiles/ndes-2012.toml")),
    ("ndes-2012r2", include_str!("../profiles/ndes-2012r2.toml")),
    ("ndes-2016", include_str!("../profiles/ndes-2016.toml")),
    ("ndes-2019", include_str!("../profiles/ndes-2019.toml")),
    ("ndes-2022", include_str!("../profiles/ndes-2022.toml")),
    ("ndes-2025", include_str!("../profiles/ndes-2025.toml")),
    ("plain", include_str!("../profiles/plain.toml")),
    ("rfc8894", include_str!("../profiles/rfc8894.toml")),
    (
        "aws-connector",
        include_str!("../profiles/aws-connector.toml"),
    ),
    ("digicert", include_str!("../profiles/digicert.toml")),
    ("ejbca", include_str!("../profiles/ejbca.toml")),
    (
        "micromdm-old",
        include_str!("../profiles/micromdm-old.toml"),
    ),
    (
        "openxpki-old",
        include_str!("../profiles/openxpki-old.toml"),
    ),
    ("scepman", include_str!("../profiles/scepman.toml")),
    ("step-ca", include_str!("../profiles/step-ca.toml")),
    ("step-ca-old", include_str!("../profiles/step-ca-old.toml")),
    (
        "ber-certificates",
        include_str!("../profiles/ber-certificates.toml"),
    ),
    ("several-cas", include_str!("../profiles/several-cas.toml")),
    ("der-only", include_str!("../profiles/der-only.toml")),
    (
        "no-encryption-certificate",
        include_str!("../profiles/no-encryption-certificate.toml"),
    ),
    (
        "wrong-content-type",
        include_str!("../profiles/wrong-content-type.toml"),
    ),
    (
        "empty-content",
        include_str!("../profiles/empty-content.toml"),
    ),
    ("half-strict", include_str!("../profiles/half-strict.toml")),
    (
        "weak-capabilities",
        include_str!("../profiles/weak-capabilities.toml"),
    ),
    ("wrong-nonce", include_str!("../profiles/wrong-nonce.toml")),
    (
        "half-transaction-id",
        include_str!("../profiles/half-transaction-id.toml"),
    ),
    (
        "signer-withheld",
        include_str!("../profiles/signer-withheld.toml"),
    ),
    (
        "no-line-breaks",
        include_str!("../profiles/no-line-breaks.toml"),
    ),
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
    /// Whether a request with the key and the transaction of an earlier one gets the certificate that
    /// was issued then, for as long as registry value `CacheRequest` says.
    #[serde(default)]
    pub caches_requests: bool,
    /// failInfo for a challenge password that is not accepted.
    pub challenge_fail_info: ChallengeFailInfo,
    /// Whether a security identifier that is asked for as subjectAltName is left out of the certificate.
    /// AD CS leaves it in.
    #[serde(default)]
    pub denies_security_identifiers: bool,
    /// The string types in which a challenge password is understood.
    #[serde(default)]
    pub challenge_string: ChallengeString,
    /// How a message by GET is decoded.
    #[serde(default)]
    pub base64: Base64Reading,
    /// What answers HTTP.
    #[serde(default)]
    pub hosting: Hosting,
    /// Header field Server; empty: there is none.
    #[serde(default = "iis10")]
    pub server: String,
    /// Which messages are decoded.
    #[serde(default)]
    pub encoding: Encoding,
    /// How GetCACaps is answered.
    #[serde(default)]
    pub get_ca_caps: Answered,
    /// How PKIOperation by POST is answered.
    #[serde(default)]
    pub post: Answered,
    /// How PKIOperation by GET is answered.
    #[serde(default)]
    pub get: Answered,
    /// Whether GetCACaps and GetCACert need a CA identifier (`message=`).
    #[serde(default)]
    pub needs_ca_identifier: bool,
    /// Whether requests that are signed with another key than RSA can be verified.
    #[serde(default = "yes")]
    pub verifies_other_keys: bool,
    /// HTTP status for a challenge password that is not accepted; 0: a CertRep says so.
    #[serde(default)]
    pub challenge_status: u16,
    /// HTTP status for a request that is encrypted with AES; 0: it is served.
    #[serde(default)]
    pub aes_status: u16,
    /// HTTP status for a message that cannot be decrypted; 0: as one that cannot be decoded.
    #[serde(default)]
    pub undecryptable_status: u16,
    /// How GetCACert is answered.
    #[serde(default)]
    pub bundle: Bundle,
}

fn iis10() -> String {
    "Microsoft-IIS/10.0".to_owned()
}

const fn yes() -> bool {
    true
}

/// What answers HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hosting {
    /// HTTP.sys and IIS, with NDES in a worker process.
    #[default]
    Iis,
    /// A server of its own, whose errors are plain text, as those of Go programs.
    Text,
    /// A server of its own, whose errors are JSON.
    Json,
    /// A servlet container.
    Servlet,
    /// Apache httpd.
    Apache,
    /// Azure App Service.
    AppService,
    /// An API of Amazon Web Services.
    Aws,
}

/// Which messages are decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// BER.
    #[default]
    Ber,
    /// DER only.
    Der,
}

/// How an operation is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answered {
    /// As it should.
    #[default]
    Well,
    /// 200 without content.
    Empty,
    /// The connection is closed.
    Closed,
}

/// How GetCACert is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bundle {
    /// Whether lengths are indefinite, as DER forbids.
    pub ber: bool,
    /// Whether the content type of the other kind of answer is sent.
    pub other_type: bool,
    /// Whether a content of no octets stands where there is none.
    pub empty_content: bool,
}

/// How a message by GET is decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base64Reading {
    /// Whatever can be understood: blanks for `+`, the URL-safe alphabet.
    #[default]
    Tolerant,
    /// The standard alphabet only, with line breaks or without.
    Strict,
    /// The standard alphabet only, without line breaks.
    Unbroken,
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
        let data = |e: toml::de::Error| Error::Data {
            what: format!("profile {name}"),
            reason: e.to_string(),
        };
        let mut table: toml::Table = toml::from_str(text).map_err(data)?;
        if let Some(toml::Value::String(parent)) = table.remove("extends") {
            let parent = Self::load(&parent)?;
            let mut whole = toml::Table::try_from(parent).map_err(|e| Error::Data {
                what: format!("profile {name}"),
                reason: e.to_string(),
            })?;
            overlay::merge(&mut whole, &table);
            table = whole;
        }
        let mut profile: Self = table.try_into().map_err(data)?;
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
    /// The cipher of content.
    #[serde(default)]
    pub cipher: ReplyCipher,
    /// Whether the content key is encrypted with RSAES-OAEP where the request was with AES.
    #[serde(default)]
    pub oaep_for_aes: bool,
    /// What of the request is repeated wrong.
    #[serde(default)]
    pub echo: EchoKind,
}

/// The cipher of content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplyCipher {
    /// The request's.
    #[default]
    Mirror,
    /// Single DES.
    Des,
    /// Triple DES.
    Des3,
}

/// What of the request is repeated wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EchoKind {
    /// Nothing.
    #[default]
    Right,
    /// recipientNonce.
    OtherNonce,
    /// transactionID.
    HalfTransactionId,
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
    /// SHA-1.
    Sha1,
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
