//! messageData of CertPoll, GetCert and GetCRL (RFC 8894 sections 3.3.3 and 3.3.4).

use alloc::vec::Vec;

use crate::asn1::{Reader, tag, write};
use crate::error::Layer;
use crate::x509::Name;
use crate::{Error, Result};

/// The messageData of a CertPoll.
///
/// ```text
/// IssuerAndSubject ::= SEQUENCE { issuer Name, subject Name }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerAndSubject {
    /// The CA's subject.
    pub issuer: Name,
    /// The subject of the pending request.
    pub subject: Name,
}

impl IssuerAndSubject {
    /// Encodes as DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        write::sequence(&[self.issuer.as_der(), self.subject.as_der()])
    }

    /// Decodes from DER.
    ///
    /// # Errors
    /// `Malformed` if it is not a SEQUENCE of two names.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let mut fields = Reader::new(der)
            .expect(tag::SEQUENCE, "IssuerAndSubject")
            .map_err(|e| e.in_layer(Layer::Message))?
            .reader();
        let issuer = Name::from_der(
            fields
                .expect(tag::SEQUENCE, "issuer of IssuerAndSubject")?
                .raw,
        )?;
        let subject = Name::from_der(
            fields
                .expect(tag::SEQUENCE, "subject of IssuerAndSubject")?
                .raw,
        )?;
        fields.finish("IssuerAndSubject")?;
        Ok(Self { issuer, subject })
    }
}

/// Names a certificate by its issuer and serial number; also the messageData of GetCert and GetCRL.
///
/// ```text
/// IssuerAndSerialNumber ::= SEQUENCE { issuer Name, serialNumber INTEGER }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IssuerAndSerialNumber {
    /// The issuer of the certificate.
    pub issuer: Name,
    /// The serial number: content octets of the INTEGER as they were received.
    pub serial: Vec<u8>,
}

impl IssuerAndSerialNumber {
    /// Encodes as DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        write::sequence(&[
            self.issuer.as_der(),
            &write::tlv(tag::INTEGER, &self.serial),
        ])
    }

    /// Decodes from DER.
    ///
    /// # Errors
    /// `Malformed` if it is not a SEQUENCE of a name and an INTEGER.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let mut outer = Reader::new(der);
        let mut fields = outer
            .expect(tag::SEQUENCE, "IssuerAndSerialNumber")?
            .reader();
        outer.finish("IssuerAndSerialNumber")?;
        let issuer = Name::from_der(fields.expect(tag::SEQUENCE, "issuer")?.raw)?;
        let serial = fields.expect(tag::INTEGER, "serialNumber")?;
        if serial.value.is_empty() {
            return Err(Error::malformed_at(
                Layer::Asn1,
                "serialNumber has no octets",
                serial.offset,
            ));
        }
        fields.finish("IssuerAndSerialNumber")?;
        Ok(Self {
            issuer,
            serial: serial.value.to_vec(),
        })
    }
}
