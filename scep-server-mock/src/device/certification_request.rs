//! A certification request with the challenge password in any string type: NDES insists on one, and
//! so clients can be wrong about it.

use scep_core::asn1::{Reader, tag, write};
use scep_core::crypto::{
    DigestAlgorithm, PrivateKey, PublicKeyAlgorithm, RandomSource, SignatureAlgorithm,
};
use scep_core::message::ChallengePassword;
use scep_core::oid;
use scep_core::x509::CertificationRequestBuilder;

use super::behaviour::StringType;
use crate::error::Result;

/// Makes and signs the request; the answer is its DER.
pub(super) fn make(
    mut builder: CertificationRequestBuilder,
    string: StringType,
    key: &dyn PrivateKey,
    digest: DigestAlgorithm,
    rng: &mut dyn RandomSource,
) -> Result<Vec<u8>> {
    if string == StringType::Printable {
        return Ok(builder.sign(key, digest, rng)?.as_der().to_vec());
    }
    let challenge = builder.challenge.take();
    let without = builder.sign(key, digest, rng)?;
    let mut fields = Reader::new(without.as_der())
        .expect(tag::SEQUENCE, "CertificationRequest")?
        .reader();
    let info = fields.expect(tag::SEQUENCE, "certificationRequestInfo")?;
    let algorithm = fields.expect(tag::SEQUENCE, "signatureAlgorithm")?.raw;
    let mut attributes = Vec::new();
    let mut parts = info.reader();
    while parts.peek().is_some() {
        let part = parts.next("a part of certificationRequestInfo")?;
        if part.tag == tag::context_constructed(0) {
            let mut others = part.reader();
            while others.peek().is_some() {
                attributes.push(others.next("an attribute")?.raw.to_vec());
            }
        }
    }
    if let Some(challenge) = challenge {
        attributes.push(write::sequence(&[
            &write::oid(oid::CHALLENGE_PASSWORD),
            &write::tlv(tag::SET, &encoded(&challenge, string)),
        ]));
    }
    let info = write::sequence(&[
        &write::integer(0),
        builder.subject.as_der(),
        key.spki_der(),
        &write::set_of(tag::context_constructed(0), attributes),
    ]);
    let scheme = PublicKeyAlgorithm::of_spki(key.spki_der())
        .map(|kind| SignatureAlgorithm::for_key(kind, digest))?
        .unwrap_or(SignatureAlgorithm::RsaPkcs1v15(digest));
    let signature = key.sign(scheme, &info, rng)?;
    Ok(write::sequence(&[
        &info,
        algorithm,
        &write::bit_string(&signature),
    ]))
}

fn encoded(challenge: &ChallengePassword, string: StringType) -> Vec<u8> {
    /// `BMPString`, which no other message of SCEP has.
    const BMP_STRING: u8 = 0x1e;
    match string {
        StringType::Printable => write::tlv(tag::PRINTABLE_STRING, challenge.expose().as_bytes()),
        StringType::Utf8 => write::tlv(tag::UTF8_STRING, challenge.expose().as_bytes()),
        StringType::Bmp => {
            let units: Vec<u8> = challenge
                .expose()
                .encode_utf16()
                .flat_map(u16::to_be_bytes)
                .collect();
            write::tlv(BMP_STRING, &units)
        }
    }
}
