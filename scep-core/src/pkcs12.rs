//! PKCS #12 (RFC 7292): a key with its certificates in one file, as Windows, Java and browsers take it.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::asn1::{tag, write};
use crate::crypto::{CryptoProvider, DigestAlgorithm, RandomSource};
use crate::pbes2;
use crate::x509::Certificate;
use crate::{Result, oid};

/// Octets that SHA-256 works on at once, and octets that it gives.
const BLOCK: usize = 64;
/// Iterations for the key of the MAC.
const ITERATIONS: u32 = 100_000;
/// What the key derivation is for (RFC 7292 appendix B.3): a key for the MAC.
const FOR_MAC: u8 = 3;

/// What goes into a PKCS #12 file.
#[derive(Clone)]
pub struct Pkcs12<'a> {
    /// The private key: PKCS #8, DER.
    pub key: &'a [u8],
    /// Its certificate.
    pub certificate: &'a Certificate,
    /// The certificates above.
    pub chain: &'a [Certificate],
    /// The name under which programs show it.
    pub friendly_name: Option<String>,
}

impl core::fmt::Debug for Pkcs12<'_> {
    /// Leaves the key out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pkcs12")
            .field("certificate", &self.certificate)
            .field("friendly_name", &self.friendly_name)
            .finish_non_exhaustive()
    }
}

impl Pkcs12<'_> {
    /// Encrypts key and certificates with PBES2 (PBKDF2, AES-256), and protects the whole with
    /// HMAC-SHA-256, as OpenSSL does since 3.0 and Windows reads since Server 2019.
    ///
    /// # Errors
    /// If the provider lacks an algorithm.
    pub fn encode(
        &self,
        provider: &dyn CryptoProvider,
        password: &str,
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let id = provider.digest(DigestAlgorithm::Sha1, self.certificate.as_der())?;
        let secret = password.as_bytes();
        let mut bags = certificate_bag(self.certificate, &self.attributes(&id));
        for certificate in self.chain {
            bags.extend(certificate_bag(certificate, &[]));
        }
        let (identifier, ciphertext) = pbes2::encrypt(provider, secret, &sequence(&bags), rng)?;
        let certificates = write::sequence(&[
            &write::integer(0),
            &write::sequence(&[
                &write::oid(oid::DATA),
                &identifier,
                &write::tlv(tag::context(0), &ciphertext),
            ]),
        ]);
        let shrouded = pbes2::encrypt_private_key(provider, secret, self.key, rng)?;
        let key = bag(
            oid::PKCS8_SHROUDED_KEY_BAG,
            &shrouded,
            &self.attributes(&id),
        );
        let safe = write::sequence(&[
            &content_info(oid::ENCRYPTED_DATA, &certificates),
            &content_info(oid::DATA, &write::octet_string(&sequence(&key))),
        ]);
        let mac = mac_data(provider, password, &safe, rng)?;
        Ok(write::sequence(&[
            &write::integer(3),
            &content_info(oid::DATA, &write::octet_string(&safe)),
            &mac,
        ]))
    }

    /// What joins a key and its certificate: an id, and a name for the reader.
    fn attributes(&self, id: &[u8]) -> Vec<u8> {
        let attribute =
            |oid, value: &[u8]| write::sequence(&[&write::oid(oid), &write::tlv(tag::SET, value)]);
        let mut all = alloc::vec![attribute(oid::LOCAL_KEY_ID, &write::octet_string(id))];
        if let Some(name) = &self.friendly_name {
            let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let value = write::tlv(tag::BMP_STRING, &units);
            all.push(attribute(oid::FRIENDLY_NAME, &value));
        }
        write::set_of(tag::SET, all)
    }
}

fn sequence(content: &[u8]) -> Vec<u8> {
    write::tlv(tag::SEQUENCE, content)
}

fn content_info(kind: oid::ObjectIdentifier, content: &[u8]) -> Vec<u8> {
    let explicit = write::tlv(tag::context_constructed(0), content);
    write::sequence(&[&write::oid(kind), &explicit])
}

/// A SafeBag.
fn bag(kind: oid::ObjectIdentifier, value: &[u8], attributes: &[u8]) -> Vec<u8> {
    let explicit = write::tlv(tag::context_constructed(0), value);
    write::sequence(&[&write::oid(kind), &explicit, attributes])
}

fn certificate_bag(certificate: &Certificate, attributes: &[u8]) -> Vec<u8> {
    let octets = write::octet_string(certificate.as_der());
    let explicit = write::tlv(tag::context_constructed(0), &octets);
    let value = write::sequence(&[&write::oid(oid::X509_CERTIFICATE), &explicit]);
    bag(oid::CERT_BAG, &value, attributes)
}

fn mac_data(
    provider: &dyn CryptoProvider,
    password: &str,
    content: &[u8],
    rng: &mut dyn RandomSource,
) -> Result<Vec<u8>> {
    let mut salt = [0; 16];
    rng.fill(&mut salt);
    let key = derive(provider, password, &salt)?;
    let mac = hmac(provider, &key, content)?;
    let identifier = crate::cms::algorithm::digest_identifier(DigestAlgorithm::Sha256);
    Ok(write::sequence(&[
        &write::sequence(&[&identifier, &write::octet_string(&mac)]),
        &write::octet_string(&salt),
        &write::integer(ITERATIONS),
    ]))
}

/// The key of the MAC (RFC 7292 appendix B.2): as it is as long as a digest, one round will do.
fn derive(
    provider: &dyn CryptoProvider,
    password: &str,
    salt: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let mut units: Zeroizing<Vec<u8>> =
        Zeroizing::new(password.encode_utf16().flat_map(u16::to_be_bytes).collect());
    units.extend([0, 0]);
    let mut input = Zeroizing::new(alloc::vec![FOR_MAC; BLOCK]);
    for part in [salt, &units] {
        let whole = part.len().div_ceil(BLOCK) * BLOCK;
        input.extend(part.iter().cycle().take(whole));
    }
    let mut key = Zeroizing::new(provider.digest(DigestAlgorithm::Sha256, &input)?);
    for _ in 1..ITERATIONS {
        key = Zeroizing::new(provider.digest(DigestAlgorithm::Sha256, &key)?);
    }
    Ok(key)
}

/// HMAC (RFC 2104) with a key that is no longer than a block.
fn hmac(provider: &dyn CryptoProvider, key: &[u8], message: &[u8]) -> Result<Vec<u8>> {
    let padded = |with: u8| {
        let mut block = Zeroizing::new(alloc::vec![with; BLOCK]);
        for (octet, of_key) in block.iter_mut().zip(key) {
            *octet ^= of_key;
        }
        block
    };
    let mut inner = padded(0x36);
    inner.extend_from_slice(message);
    let inner = provider.digest(DigestAlgorithm::Sha256, &inner)?;
    let mut outer = padded(0x5c);
    outer.extend_from_slice(&inner);
    provider.digest(DigestAlgorithm::Sha256, &outer)
}

#[cfg(all(test, feature = "rustcrypto"))]
mod tests {
    use super::*;
    use crate::crypto::RustCrypto;

    /// RFC 4231, test case 2.
    #[test]
    fn the_mac_is_that_of_the_rfc() {
        let mac = hmac(&RustCrypto, b"Jefe", b"what do ya want for nothing?").unwrap();
        let hex: String = mac
            .iter()
            .map(|octet| alloc::format!("{octet:02x}"))
            .collect();
        assert_eq!(
            hex,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
