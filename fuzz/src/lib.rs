//! Fuzz targets: one function for each decoder that a stranger's octets reach.
//!
//! A target must return, whatever the input. Where a decoder promises more (DER that stays DER, a
//! position inside the input, a name that reads back), the target asserts that too.
//!
//! `cargo test -p scep-fuzz` replays `corpus/<target>/*` and damaged copies of it through every
//! target. To search for new inputs, on Linux with a C++ compiler:
//!
//! ```text
//! cargo +nightly fuzz run --features libfuzzer inspect        # with cargo-fuzz installed
//!
//! # without it, on stable too; these flags switch libFuzzer's coverage and all checks on
//! export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
//!   -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
//!   -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 \
//!   -Cdebug-assertions=on -Coverflow-checks=on"
//! cargo run --release -p scep-fuzz --features libfuzzer --target x86_64-unknown-linux-gnu \
//!   --target-dir target/fuzz --bin inspect -- -max_total_time=60 target/found fuzz/corpus/inspect
//! ```
//!
//! An input that breaks something belongs into `corpus/<target>/`, small, once it is mended.
#![allow(
    clippy::missing_panics_doc,
    reason = "a panic is what a fuzz target reports"
)]

use std::sync::{Arc, LazyLock};

use scep_core::asn1;
use scep_core::ca_certificates::CaCertificates;
use scep_core::capabilities::{Capabilities, Capability};
use scep_core::cms::{ContentInfo, EnvelopedData, Openers, SignedData};
use scep_core::crypto::{
    CryptoProvider, DigestAlgorithm, PublicKeyAlgorithm, RandomSource, RustCrypto,
};
use scep_core::http::{Operation, ServerRequest};
use scep_core::inspect::Aids;
use scep_core::limits::Limits;
use scep_core::message::{
    ChallengePassword, FailInfo, IssuerAndSerialNumber, IssuerAndSubject, SignedMessage,
};
use scep_core::next_ca_certificates::NextCaCertificates;
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::{
    Authority, Authorization, Decision, EnrollmentRequest, InMemoryTransactions, Refusal,
    Responder, ResponderConfig, Service, Transactions,
};
use scep_core::x509::{Certificate, CertificateBuilder, CertificationRequest, Crl, Name, pem};
use scep_core::{Error, Result, UnixTime};

/// A fuzz target.
pub type Target = fn(&[u8]);

/// Every target by the name of its corpus folder and its binary.
pub const TARGETS: [(&str, Target); 15] = [
    ("transcode", transcode),
    ("signed_message", signed_message),
    ("enveloped_data", enveloped_data),
    ("certificate", certificate),
    ("csr", csr),
    ("crl", crl),
    ("ca_certificates", ca_certificates),
    ("capabilities", capabilities),
    ("get_query", get_query),
    ("name", name),
    ("message_data", message_data),
    ("inspect", inspect),
    ("next_ca_certificates", next_ca_certificates),
    ("private_key", private_key),
    ("responder", responder),
];

const LIMITS: Limits = Limits::DEFAULT;

/// Octets without surprise: fuzzing has to be repeatable, and makes nothing that is kept.
struct Counter(u8);

impl RandomSource for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for octet in out {
            self.0 = self.0.wrapping_mul(181).wrapping_add(73);
            *octet = self.0;
        }
    }
}

/// What every error must be like: it says something, and points into the input.
fn sound<T>(input: &[u8], result: Result<T>) -> Option<T> {
    result
        .map_err(|error: Error| {
            assert!(error.to_string().len() > 10, "{error:?}");
            // it counts octets of the DER, whose headers are hardly ever longer than those of BER
            assert!(error.position().is_none_or(|at| at <= input.len() + 64));
        })
        .ok()
}

/// BER to DER: what comes out is DER, and stays as it is.
pub fn transcode(input: &[u8]) {
    if let Some(first) = sound(input, asn1::transcode(input, &LIMITS)) {
        assert!(first.used <= input.len());
        let again = asn1::transcode(&first.der, &LIMITS);
        assert!(again.is_ok_and(|again| !again.was_ber() && *again.der == *first.der));
    }
}

/// A pkiMessage, its signature and its envelope.
pub fn signed_message(input: &[u8]) {
    if let Some(info) = sound(input, ContentInfo::decode(input, &LIMITS)) {
        sound(
            input,
            SignedData::from_content_info(&info, "a fuzzed message", &LIMITS),
        );
    }
    let Some(message) = sound(input, SignedMessage::decode_prefix(input, &LIMITS)) else {
        return;
    };
    let verified = message.verify(&RustCrypto, &AlgorithmPolicy::LEGACY, &[]);
    if let Some(verified) = sound(input, verified) {
        sound(input, verified.envelope(&LIMITS));
    }
}

/// An EnvelopedData.
pub fn enveloped_data(input: &[u8]) {
    if let Some(envelope) = sound(input, EnvelopedData::decode(input, &LIMITS)) {
        sound(input, envelope.cipher());
        let passwords = [ChallengePassword::new("secret")];
        let openers = Openers {
            keys: &[],
            passwords: &passwords,
        };
        // PBKDF2 with few rounds only: a fuzzer has no time for more
        let limits = Limits {
            pbkdf2_iterations: 100,
            ..LIMITS
        };
        let nobody = envelope.open(&RustCrypto, openers, &limits, &mut Counter(0));
        assert!(sound(input, nobody).is_none());
    }
}

/// A certificate, and everything that can be asked of it.
pub fn certificate(input: &[u8]) {
    let Some(certificate) = sound(input, Certificate::from_der(input)) else {
        return;
    };
    assert_eq!(certificate.as_der(), input);
    let again = Certificate::from_pem(&certificate.to_pem());
    assert!(again.is_ok_and(|again| again == certificate));
    let shown = format!(
        "{certificate:?} {} {:?} {:?} {} {}",
        certificate.issuer(),
        certificate.subject_alt_names(),
        certificate.crl_distribution_points(),
        certificate.not_before(),
        certificate.not_after(),
    );
    assert!(!shown.is_empty());
    let _ = (certificate.is_ca(), certificate.is_self_issued());
    let _ = (certificate.key_usage(), certificate.extended_key_usages());
    let _ = (
        certificate.subject_key_identifier(),
        certificate.authority_key_identifier(),
    );
    sound(
        input,
        certificate.verify_issued_by(&RustCrypto, &certificate),
    );
}

/// A certification request.
pub fn csr(input: &[u8]) {
    if let Some(csr) = sound(input, CertificationRequest::from_der(input)) {
        assert_eq!(csr.as_der(), input);
        let _ = format!(
            "{csr:?} {:?} {:?}",
            csr.key_usage(),
            csr.subject_alt_names()
        );
        sound(input, csr.verify(&RustCrypto));
    }
}

/// A CRL, DER or PEM.
pub fn crl(input: &[u8]) {
    if let Some(crl) = sound(input, Crl::from_der(input)) {
        let _ = format!("{crl:?} {:?} {:?}", crl.number(), crl.next_update());
        assert!(
            crl.revoked()
                .iter()
                .all(|entry| crl.is_revoked(&entry.serial))
        );
    }
}

/// A GetCACert reply, and who does what in it.
pub fn ca_certificates(input: &[u8]) {
    let Some(certificates) = sound(input, CaCertificates::from_response(input)) else {
        return;
    };
    if let Some(roles) = sound(input, certificates.choose()) {
        assert!(certificates.as_slice().contains(&roles.encryption));
        assert!(certificates.as_slice().contains(&roles.issuing_ca));
    }
    let again = CaCertificates::from_response(&certificates.to_bundle());
    assert!(again.is_ok_and(|again| again == certificates));
}

/// A GetCACaps reply.
pub fn capabilities(input: &[u8]) {
    let capabilities = Capabilities::parse(input);
    let again = Capabilities::parse(capabilities.to_text().as_bytes());
    for capability in Capability::ALL {
        assert_eq!(capabilities.has(capability), again.has(capability));
    }
}

/// A GetNextCACert reply, to a client that knows the current CA.
pub fn next_ca_certificates(input: &[u8]) {
    static CURRENT: LazyLock<Option<CaCertificates>> = LazyLock::new(|| {
        let bundle = include_bytes!("../../scep-core/tests/golden/certs-only.der");
        CaCertificates::from_response(bundle).ok()
    });
    let Some(current) = CURRENT.as_ref() else {
        return;
    };
    let policy = AlgorithmPolicy::LEGACY;
    let next = NextCaCertificates::from_response(input, current, &RustCrypto, &policy, &LIMITS);
    if let Some(next) = sound(input, next) {
        assert!(!next.as_slice().is_empty() && next.next_ca().may_issue());
    }
}

/// A private key.
pub fn private_key(input: &[u8]) {
    if let Some(key) = sound(input, RustCrypto.load_private_key(input)) {
        sound(input, PublicKeyAlgorithm::of_spki(key.spki_der()));
    }
    sound(input, PublicKeyAlgorithm::of_spki(input));
}

/// A request, as far as a server without keys and certificates looks at it.
pub fn responder(input: &[u8]) {
    /// Grants nothing.
    struct Nobody(InMemoryTransactions);
    impl Authority for Nobody {
        fn authorize(&self, _: &EnrollmentRequest<'_>, _: UnixTime) -> Authorization {
            Authorization::Refused(Refusal::new(FailInfo::BadRequest))
        }
        fn issue(&self, _: &EnrollmentRequest<'_>, _: UnixTime) -> Decision {
            Decision::Pending
        }
        fn is_revoked(&self, _: &Certificate) -> bool {
            true
        }
        fn transactions(&self) -> &dyn Transactions {
            &self.0
        }
    }
    static SERVICE: LazyLock<Option<Service>> = LazyLock::new(|| {
        let key = include_bytes!("../../scep-core/tests/keys/p256-ca.der");
        let key = RustCrypto.load_private_key(key).ok()?;
        let name = Name::from_rfc4514("CN=Fuzzed CA").ok()?;
        let root = CertificateBuilder {
            serial: vec![1],
            issuer: name.clone(),
            subject: name,
            not_before: UnixTime(0),
            not_after: UnixTime::MAX,
            spki: key.spki_der().to_vec(),
            extensions: Vec::new(),
        };
        let root = root.sign(key.as_ref(), DigestAlgorithm::Sha256, &mut Counter(0));
        let root = root.ok()?;
        let identity = (root.clone(), key);
        let config = ResponderConfig::new(Arc::new(RustCrypto), identity, root.clone());
        let (responder, certificates) = (Responder::new(config), CaCertificates::new(vec![root]));
        Some(Service::new(responder, certificates, &mut Counter(0)))
    });
    let Some(service) = SERVICE.as_ref() else {
        return;
    };
    let nobody = Nobody(InMemoryTransactions::default());
    let (now, rng) = (UnixTime(1_790_000_000), &mut Counter(0));
    let query = Some("operation=PKIOperation");
    let reply = service.handle("POST", query, input, &nobody, now, rng);
    assert!(matches!(reply.status, 200 | 400 | 404 | 413) && !reply.body.is_empty());
}

/// The query of a GET request.
pub fn get_query(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for method in ["GET", "POST"] {
        sound(
            text.as_bytes(),
            ServerRequest::from_http(method, Some(&text), input),
        );
    }
    // what we escape reads back
    let url = Operation::GetCaCert.url("http://ca.example/scep", Some(&text));
    let query = url.split_once('?').map(|(_, query)| query);
    let message = Some(text.into_owned());
    let expected = ServerRequest::GetCaCert { message };
    assert_eq!(ServerRequest::from_http("GET", query, b""), Ok(expected));
}

/// The text form of a distinguished name.
pub fn name(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Some(name) = sound(text.as_bytes(), Name::from_rfc4514(&text)) {
        let again = Name::from_rfc4514(&name.to_string());
        assert!(again.is_ok_and(|again| again.matches(&name)), "{name}");
    }
    if let Some(name) = sound(input, Name::from_der(input)) {
        assert!(name.matches(&name) && name.as_der() == input);
        let _ = format!("{name} {:?}", name.common_name());
    }
}

/// The content of CertPoll, GetCert and GetCRL.
pub fn message_data(input: &[u8]) {
    if let Some(data) = sound(input, IssuerAndSubject::from_der(input)) {
        let again = IssuerAndSubject::from_der(&data.to_der());
        assert_eq!(again.as_ref(), Ok(&data));
    }
    if let Some(data) = sound(input, IssuerAndSerialNumber::from_der(input)) {
        let again = IssuerAndSerialNumber::from_der(&data.to_der());
        assert_eq!(again.as_ref(), Ok(&data));
    }
}

/// Anything that somebody may want explained.
pub fn inspect(input: &[u8]) {
    let (aids, mut rng) = (Aids::default(), Counter(0));
    let report = scep_core::inspect::inspect(&RustCrypto, input, &aids, &mut rng);
    if let Some(report) = sound(input, report) {
        assert_eq!(report.octets, input.len());
    }
    assert!(scep_core::inspect::outline(input).len() <= 1000);
    let text = String::from_utf8_lossy(input);
    sound(text.as_bytes(), pem::blocks(&text));
    if let Some(der) = sound(input, scep_core::inspect::private_key_der(input)) {
        private_key(&der);
    }
}
