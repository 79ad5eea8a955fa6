//! The provider that the crate was built with, and what it cannot do.

use std::fmt::Debug;

#[cfg(not(feature = "rustcrypto"))]
use scep_core::crypto::AwsLcRs as Built;
#[cfg(feature = "rustcrypto")]
use scep_core::crypto::RustCrypto as Built;
use scep_core::crypto::{CryptoProvider, DigestAlgorithm, KeyTransport, SignatureAlgorithm};
use scep_core::{Error, Result};

use super::{TestRandom, key};

pub fn provider() -> &'static dyn CryptoProvider {
    &Built
}

/// What the provider lacks of all that the tests ask for, in the words of its errors.
const LACKS: &[&str] = if cfg!(feature = "rustcrypto") {
    &[]
} else {
    &[
        "MD5",
        "signing by RSA PKCS#1 v1.5 with MD5",
        "signing by RSA PKCS#1 v1.5 with SHA-1",
        "signing by RSA PKCS#1 v1.5 with SHA-224",
        "signing by ECDSA with SHA-384 on EC P-256",
        "signing by ECDSA with SHA-512 on EC P-256",
        "signing by ECDSA with SHA-512 on EC P-384",
        "verifying RSA PKCS#1 v1.5 with MD5",
        "verifying RSA PKCS#1 v1.5 with SHA-224",
        "RSA OAEP with SHA-1 and MGF1 with SHA-256",
        "RSA OAEP with SHA-256 and MGF1 with SHA-1",
        "RSA OAEP with SHA-512 and MGF1 with SHA-1",
        "an RSA key of 1024 bits",
        "an RSA key of 1536 bits",
        "making an RSA key of 1024 bits",
    ]
};

/// What came out, if the provider can do it; `None` if it cannot, after a check that it says
/// so: with the first of `needs` that it lacks.
#[track_caller]
pub fn supported<T: Debug>(
    outcome: Result<T>,
    needs: impl IntoIterator<Item = impl ToString>,
) -> Option<T> {
    let mut needs = needs.into_iter().map(|need| need.to_string());
    let Some(missing) = needs.find(|need| LACKS.contains(&need.as_str())) else {
        return Some(outcome.unwrap());
    };
    let expected = Error::Unsupported {
        algorithm: missing,
        provider: provider().name(),
    };
    assert_eq!(outcome.unwrap_err(), expected);
    None
}

pub fn signing(algorithm: SignatureAlgorithm) -> String {
    format!("signing by {algorithm}")
}

pub fn verifying(algorithm: SignatureAlgorithm) -> String {
    format!("verifying {algorithm}")
}

pub fn transporting(transport: KeyTransport) -> String {
    match transport {
        KeyTransport::RsaOaep { digest, mgf_digest } => {
            format!("RSA OAEP with {digest} and MGF1 with {mgf_digest}")
        }
        other => other.to_string(),
    }
}

/// Whether an RSA key signs with this digest; if not, that is checked.
#[track_caller]
pub fn signs_with(digest: DigestAlgorithm) -> bool {
    let algorithm = SignatureAlgorithm::RsaPkcs1v15(digest);
    let outcome = key("client").sign(algorithm, b"message", &mut TestRandom(1));
    supported(outcome, [signing(algorithm)]).is_some()
}
