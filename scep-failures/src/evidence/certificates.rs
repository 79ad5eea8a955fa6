//! Facts of the certificates that GetCACert gives, now or when they were remembered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scep_core::UnixTime;
use scep_core::asn1::{Reader, tag, transcode};
use scep_core::ca_certificates::CaCertificates;
use scep_core::crypto::{DigestAlgorithm, SignatureAlgorithm};
use scep_core::http::{CT_CA_CERT, CT_CA_RA_CERT};
use scep_core::limits::Limits;
use scep_core::x509::{Certificate, KeyUsage};

use super::Facts;
use super::http::exchanges;
use super::page::Page;
use crate::observation::{Observations, Outcome, Purpose};

/// Certificates of a SCEP service by role.
#[derive(Clone, Debug)]
pub(super) struct Roles {
    /// Registration authority certificates.
    pub(super) ra: Vec<Certificate>,
    /// CA certificates, the issuing CA first.
    pub(super) ca: Vec<Certificate>,
    /// The one to encrypt to, if it can be chosen.
    encryption: Option<Certificate>,
}

impl Roles {
    /// Reads the body of GetCACert; `None` if it holds no certificates.
    pub(super) fn from_response(body: &[u8]) -> Option<Self> {
        let certificates = CaCertificates::from_response(body).ok()?;
        let all = certificates.as_slice();
        let roles = certificates.choose().ok();
        let is_ca = |certificate: &&Certificate| all.len() == 1 || certificate.is_ca();
        let mut ca: Vec<Certificate> = all.iter().filter(is_ca).cloned().collect();
        if let Some(roles) = &roles {
            ca.sort_by_key(|certificate| *certificate != roles.issuing_ca);
        }
        let ra: Vec<Certificate> = all
            .iter()
            .filter(|certificate| !is_ca(certificate))
            .cloned()
            .collect();
        if ra.is_empty() && ca.is_empty() {
            return None;
        }
        Some(Self {
            ra,
            ca,
            encryption: roles.map(|roles| roles.encryption),
        })
    }

    /// Of GetCACert as it is answered now.
    pub(super) fn live(observations: &Observations) -> Option<Self> {
        exchanges(observations)
            .filter(|(_, purpose, _)| *purpose == Purpose::GetCaCert)
            .find_map(|(observation, _, _)| match &observation.outcome {
                Outcome::Response(http) => Self::from_response(&Page::new(http).body),
                _ => None,
            })
    }

    /// Of GetCACert as it was remembered.
    pub(super) fn remembered(observations: &Observations) -> Option<Self> {
        let memory = observations.memory.as_ref()?;
        Self::from_response(&STANDARD.decode(&memory.ca_certificates).ok()?)
    }
}

/// Whole days until a time; negative once it has passed.
pub(super) fn days_left(until: UnixTime, now: UnixTime) -> i64 {
    until.0.saturating_sub(now.0).div_euclid(86_400)
}

pub(super) fn collect(observations: &Observations, facts: &mut Facts) {
    let now = UnixTime(observations.started);
    let mut first: Option<Vec<u8>> = None;
    for (observation, purpose, _) in exchanges(observations) {
        let Outcome::Response(http) = &observation.outcome else {
            continue;
        };
        if purpose != Purpose::GetCaCert {
            continue;
        }
        let page = Page::new(http);
        let roles = if page.is_success() {
            Roles::from_response(&page.body)
        } else {
            None
        };
        report("get-ca-cert", roles.as_ref(), &[observation.n], now, facts);
        if let Some(roles) = &roles {
            form(&page, roles, observation.n, facts);
        }
        if roles.is_some() {
            let differs = first.get_or_insert_with(|| page.body.clone()) != &page.body;
            if differs {
                facts.add("get-ca-cert.nodes-differ", true, &[observation.n]);
            }
        }
    }
}

/// Facts of a set of certificates.
pub(super) fn report(
    source: &str,
    roles: Option<&Roles>,
    n: &[u32],
    now: UnixTime,
    facts: &mut Facts,
) {
    facts.add(format!("{source}.valid"), roles.is_some(), n);
    let Some(roles) = roles else { return };
    facts.add(
        format!("{source}.count"),
        roles.ra.len() + roles.ca.len(),
        n,
    );
    facts.add(format!("{source}.ra.present"), !roles.ra.is_empty(), n);
    if let Some(end) = roles.ra.iter().map(Certificate::not_after).min() {
        facts.add(format!("{source}.ra.expired"), end < now, n);
        facts.add(format!("{source}.ra.days-left"), days_left(end, now), n);
    }
    if !roles.ra.is_empty() && !roles.ca.is_empty() {
        let orphaned = roles
            .ra
            .iter()
            .any(|ra| !roles.ca.iter().any(|ca| could_have_issued(ca, ra)));
        facts.add(format!("{source}.ra.issuer-missing"), orphaned, n);
    }
    if let Some(ca) = roles.ca.first() {
        facts.add(format!("{source}.ca.expired"), ca.not_after() < now, n);
        facts.add(
            format!("{source}.ca.days-left"),
            days_left(ca.not_after(), now),
            n,
        );
    }
    // nobody verifies the signature of a root on itself
    let verified = |at: usize, ca: &Certificate| at == 0 || !ca.is_self_issued();
    for (_, ca) in roles
        .ca
        .iter()
        .enumerate()
        .filter(|(at, ca)| verified(*at, ca))
    {
        facts.add(format!("{source}.ca.signature"), signature(ca), n);
    }
    facts.add(
        format!("{source}.encryption.usable"),
        roles.encryption.is_some() && (roles.ra.is_empty() || roles.ra.iter().any(may_encrypt)),
        n,
    );
    if let Some(encryption) = &roles.encryption {
        facts.add(
            format!("{source}.encryption.key"),
            key_kind(encryption.spki_der()),
            n,
        );
    }
}

/// How the certificates are sent.
fn form(page: &Page<'_>, roles: &Roles, n: u32, facts: &mut Facts) {
    let Ok(value) = transcode(&page.body, &Limits::DEFAULT) else {
        return;
    };
    let bundle = Reader::new(&value.der)
        .next("the body")
        .is_ok_and(|body| body.reader().peek() == Some(tag::OID));
    let fits = match page.media_type().as_str() {
        CT_CA_CERT => !bundle,
        CT_CA_RA_CERT => bundle && (!roles.ra.is_empty() || roles.ca.len() > 1),
        _ => false,
    };
    facts.add("get-ca-cert.type-fits", fits, &[n]);
    if bundle {
        let empty = value
            .der
            .windows(EMPTY_CONTENT.len())
            .any(|window| window == EMPTY_CONTENT);
        let word = if empty { "empty" } else { "absent" };
        facts.add("get-ca-cert.content", word, &[n]);
    }
}

/// encapContentInfo of the type data, with an OCTET STRING of no octets.
const EMPTY_CONTENT: &[u8] = &[
    0x30, 0x0f, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01, 0xa0, 0x02, 0x04,
    0x00,
];

/// The algorithm that a certificate is signed with.
fn signature(certificate: &Certificate) -> String {
    match certificate.signature_scheme() {
        Some(SignatureAlgorithm::RsaPkcs1v15(digest)) => match digest {
            DigestAlgorithm::Md5 => "md5-rsa".to_owned(),
            DigestAlgorithm::Sha1 => "sha1-rsa".to_owned(),
            DigestAlgorithm::Sha224 => "sha224-rsa".to_owned(),
            DigestAlgorithm::Sha256 => "sha256-rsa".to_owned(),
            DigestAlgorithm::Sha384 => "sha384-rsa".to_owned(),
            DigestAlgorithm::Sha512 => "sha512-rsa".to_owned(),
            _ => certificate.signature_algorithm().to_string(),
        },
        Some(SignatureAlgorithm::RsaPss { .. }) => "rsassa-pss".to_owned(),
        Some(SignatureAlgorithm::Ecdsa(_)) => "ecdsa".to_owned(),
        Some(SignatureAlgorithm::Ed25519) => "ed25519".to_owned(),
        _ => certificate.signature_algorithm().to_string(),
    }
}

/// Whether a registration authority certificate is for keyEncipherment, or says nothing of usages.
fn may_encrypt(certificate: &Certificate) -> bool {
    certificate
        .key_usage()
        .is_none_or(|usage| usage.contains(KeyUsage::KEY_ENCIPHERMENT))
}

/// Whether a certificate names this CA as its issuer: by name and, where both have them, by key
/// identifier.
fn could_have_issued(ca: &Certificate, certificate: &Certificate) -> bool {
    let by_key = match (
        certificate.authority_key_identifier(),
        ca.subject_key_identifier(),
    ) {
        (Some(authority), Some(subject)) => authority == subject,
        _ => true,
    };
    by_key && certificate.issuer().matches(ca.subject())
}

/// Kind of key of a SubjectPublicKeyInfo, by the octets of its algorithm's object identifier.
fn key_kind(spki: &[u8]) -> &'static str {
    /// rsaEncryption, 1.2.840.113549.1.1.1
    const RSA: &[u8] = &[
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
    ];
    /// id-ecPublicKey, 1.2.840.10045.2.1
    const EC: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    // The identifier is the first element of the second SEQUENCE, so it stands within the start.
    let start = spki.get(..spki.len().min(32)).unwrap_or(spki);
    let holds = |oid: &[u8]| start.windows(oid.len()).any(|window| window == oid);
    if holds(RSA) {
        "rsa"
    } else if holds(EC) {
        "ec"
    } else {
        "other"
    }
}
