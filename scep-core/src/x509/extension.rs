//! Extensions (RFC 5280 section 4.2).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use const_oid::ObjectIdentifier;

use super::{KeyUsage, Name};
use crate::asn1::{Reader, Tlv, tag, write};
use crate::oid;
use crate::{Error, Result, error::Layer};

/// One extension.
///
/// ```text
/// Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// extnID.
    pub oid: ObjectIdentifier,
    /// critical.
    pub critical: bool,
    /// DER inside extnValue.
    pub value: Vec<u8>,
}

/// A GeneralName of the kinds that SCEP clients ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GeneralName {
    /// dNSName.
    Dns(String),
    /// rfc822Name.
    Email(String),
    /// uniformResourceIdentifier.
    Uri(String),
    /// iPAddress.
    Ip(IpAddr),
    /// directoryName.
    Directory(Name),
    /// Any other kind, by its tag.
    Other(u8, Vec<u8>),
}

impl GeneralName {
    fn to_der(&self) -> Vec<u8> {
        match self {
            Self::Email(text) => write::tlv(tag::context(1), text.as_bytes()),
            Self::Dns(text) => write::tlv(tag::context(2), text.as_bytes()),
            Self::Directory(name) => write::tlv(tag::context_constructed(4), name.as_der()),
            Self::Uri(text) => write::tlv(tag::context(6), text.as_bytes()),
            Self::Ip(IpAddr::V4(ip)) => write::tlv(tag::context(7), &ip.octets()),
            Self::Ip(IpAddr::V6(ip)) => write::tlv(tag::context(7), &ip.octets()),
            Self::Other(tag, content) => write::tlv(*tag, content),
        }
    }

    fn from_tlv(tlv: &Tlv<'_>) -> Self {
        let text = || String::from_utf8_lossy(tlv.value).into_owned();
        match (tlv.tag, tlv.value) {
            (0x81, _) => Self::Email(text()),
            (0x82, _) => Self::Dns(text()),
            (0x86, _) => Self::Uri(text()),
            (0x87, [a, b, c, d]) => Self::Ip(IpAddr::from([*a, *b, *c, *d])),
            (0x87, v6) if v6.len() == 16 => {
                Self::Ip(IpAddr::from(<[u8; 16]>::try_from(v6).unwrap_or_default()))
            }
            (0xa4, der) if Name::from_der(der).is_ok() => Name::from_der(der)
                .map_or_else(|_| Self::Other(tlv.tag, der.to_vec()), Self::Directory),
            (tag, content) => Self::Other(tag, content.to_vec()),
        }
    }

    /// Adds the names of a GeneralNames to `out` as text, until that has `most`; returns how many
    /// names there are.
    fn add_texts(der: &[u8], most: usize, out: &mut Vec<String>) -> Result<usize> {
        let mut names = Reader::new(der)
            .expect(tag::SEQUENCE, "GeneralNames")?
            .reader();
        let (mut all, mut count) = (names, 0);
        while !all.is_empty() {
            all.next("GeneralName")?;
            count += 1;
        }
        out.reserve_exact(count.min(most.saturating_sub(out.len())));
        while !names.is_empty() && out.len() < most {
            out.push(format!("{}", Self::from_tlv(&names.next("GeneralName")?)));
        }
        Ok(count)
    }
}

impl core::fmt::Display for GeneralName {
    /// `dns:host`, `ip:address`, `email:…`, `uri:…`, `dir:…`.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Dns(text) => write!(f, "dns:{text}"),
            Self::Email(text) => write!(f, "email:{text}"),
            Self::Uri(text) => write!(f, "uri:{text}"),
            Self::Ip(ip) => write!(f, "ip:{ip}"),
            Self::Directory(name) => write!(f, "dir:{}", name),
            Self::Other(tag, content) => write!(f, "other:0x{tag:02x} ({} octets)", content.len()),
        }
    }
}

impl Extension {
    /// keyUsage, critical.
    #[must_use]
    pub fn key_usage(usage: KeyUsage) -> Self {
        Self {
            oid: oid::KEY_USAGE,
            critical: true,
            value: usage.to_der(),
        }
    }

    /// basicConstraints, critical.
    #[must_use]
    pub fn basic_constraints(ca: bool, path_len: Option<u8>) -> Self {
        let ca_flag = if ca { write::boolean(true) } else { Vec::new() };
        let path_len = path_len.map_or_else(Vec::new, |n| write::integer(u32::from(n)));
        Self {
            oid: oid::BASIC_CONSTRAINTS,
            critical: true,
            value: write::sequence(&[&ca_flag, &path_len]),
        }
    }

    /// extKeyUsage.
    #[must_use]
    pub fn extended_key_usage(purposes: &[ObjectIdentifier]) -> Self {
        let purposes: Vec<Vec<u8>> = purposes.iter().map(|p| write::oid(*p)).collect();
        let parts: Vec<&[u8]> = purposes.iter().map(Vec::as_slice).collect();
        Self {
            oid: oid::EXTENDED_KEY_USAGE,
            critical: false,
            value: write::sequence(&parts),
        }
    }

    /// subjectAltName.
    #[must_use]
    pub fn subject_alt_name(names: &[GeneralName]) -> Self {
        let names: Vec<Vec<u8>> = names.iter().map(GeneralName::to_der).collect();
        let parts: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        Self {
            oid: oid::SUBJECT_ALT_NAME,
            critical: false,
            value: write::sequence(&parts),
        }
    }

    /// The names in subjectAltNames as text, `most` of them, and how many there are.
    pub(super) fn alternative_names<'e>(
        extensions: impl Iterator<Item = &'e Self>,
        most: usize,
    ) -> (Vec<String>, usize) {
        let mut names = Vec::new();
        let count = extensions
            .filter(|extension| extension.oid == oid::SUBJECT_ALT_NAME)
            .filter_map(|extension| GeneralName::add_texts(&extension.value, most, &mut names).ok())
            .sum();
        (names, count)
    }

    /// The subject alternative names among extensions, as text. Those that cannot be read are left out,
    /// so it is for extensions of one's own; a server asks a
    /// [`CertificationRequest`](super::CertificationRequest::has_unreadable_names).
    #[must_use]
    pub fn names_asked_for(extensions: &[Self]) -> Vec<String> {
        Self::alternative_names(extensions.iter(), usize::MAX).0
    }

    /// Whether this is a subjectAltName that cannot be read, or not to its end: another reader may find
    /// names in it.
    pub(crate) fn is_broken_alternative_name(&self) -> bool {
        let readable = || {
            let mut value = Reader::new(&self.value);
            value.expect(tag::SEQUENCE, "GeneralNames")?;
            value.finish("GeneralNames")?;
            GeneralName::add_texts(&self.value, 0, &mut Vec::new())
        };
        self.oid == oid::SUBJECT_ALT_NAME && readable().is_err()
    }

    /// cRLDistributionPoints with one distribution point for each URI.
    #[must_use]
    pub fn crl_distribution_points(uris: &[&str]) -> Self {
        let points: Vec<Vec<u8>> = uris
            .iter()
            .map(|uri| {
                let name = write::tlv(tag::context(6), uri.as_bytes());
                let full_name = write::tlv(tag::context_constructed(0), &name);
                write::sequence(&[&write::tlv(tag::context_constructed(0), &full_name)])
            })
            .collect();
        let parts: Vec<&[u8]> = points.iter().map(Vec::as_slice).collect();
        Self {
            oid: oid::CRL_DISTRIBUTION_POINTS,
            critical: false,
            value: write::sequence(&parts),
        }
    }

    /// authorityInfoAccess that says where the issuer's certificate lies (RFC 5280 section 4.2.2.1).
    #[must_use]
    pub fn ca_issuers(uris: &[&str]) -> Self {
        let descriptions: Vec<Vec<u8>> = uris
            .iter()
            .map(|uri| {
                let location = write::tlv(tag::context(6), uri.as_bytes());
                write::sequence(&[&write::oid(oid::CA_ISSUERS), &location])
            })
            .collect();
        let parts: Vec<&[u8]> = descriptions.iter().map(Vec::as_slice).collect();
        Self {
            oid: oid::AUTHORITY_INFO_ACCESS,
            critical: false,
            value: write::sequence(&parts),
        }
    }

    /// freshestCRL of a CRL: where its delta CRL lies (RFC 5280 section 5.2.6).
    #[must_use]
    pub fn freshest_crl(uris: &[&str]) -> Self {
        Self {
            oid: oid::FRESHEST_CRL,
            ..Self::crl_distribution_points(uris)
        }
    }

    /// deltaCRLIndicator: the number of the CRL that a delta CRL builds upon (RFC 5280 section 5.2.4).
    #[must_use]
    pub fn delta_crl_indicator(base: u32) -> Self {
        Self {
            oid: oid::DELTA_CRL_INDICATOR,
            critical: true,
            value: write::integer(base),
        }
    }

    /// subjectKeyIdentifier.
    #[must_use]
    pub fn subject_key_identifier(id: &[u8]) -> Self {
        Self {
            oid: oid::SUBJECT_KEY_IDENTIFIER,
            critical: false,
            value: write::octet_string(id),
        }
    }

    /// authorityKeyIdentifier with the key identifier only.
    #[must_use]
    pub fn authority_key_identifier(id: &[u8]) -> Self {
        let key_id = write::tlv(tag::context(0), id);
        Self {
            oid: oid::AUTHORITY_KEY_IDENTIFIER,
            critical: false,
            value: write::sequence(&[&key_id]),
        }
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        let critical = if self.critical {
            write::boolean(true)
        } else {
            Vec::new()
        };
        write::sequence(&[
            &write::oid(self.oid),
            &critical,
            &write::octet_string(&self.value),
        ])
    }

    /// Encodes an Extensions SEQUENCE.
    pub(super) fn list_to_der(extensions: &[Self]) -> Vec<u8> {
        let encoded: Vec<Vec<u8>> = extensions.iter().map(Self::to_der).collect();
        let parts: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
        write::sequence(&parts)
    }

    /// Decodes an Extensions SEQUENCE.
    pub(super) fn list_from_tlv(list: &Tlv<'_>) -> Result<Vec<Self>> {
        let mut out = Vec::with_capacity(list.reader().count());
        Self::add_list(list, &mut out)?;
        Ok(out)
    }

    /// Decodes an Extensions SEQUENCE, and adds what is in it to `out`.
    pub(super) fn add_list(list: &Tlv<'_>, out: &mut Vec<Self>) -> Result<()> {
        let mut items = list.reader();
        while !items.is_empty() {
            let mut fields = items.expect(tag::SEQUENCE, "extension")?.reader();
            let oid = fields.expect(tag::OID, "extnID")?.oid()?;
            let critical = fields
                .optional(tag::BOOLEAN, "critical")?
                .is_some_and(|flag| flag.value.iter().any(|octet| *octet != 0));
            let value = fields
                .expect(tag::OCTET_STRING, "extnValue")?
                .value
                .to_vec();
            fields.finish("extension")?;
            out.push(Self {
                oid,
                critical,
                value,
            });
        }
        Ok(())
    }

    /// URIs of a cRLDistributionPoints value.
    pub(super) fn distribution_point_uris(der: &[u8]) -> Result<Vec<String>> {
        let mut points = Reader::new(der)
            .expect(tag::SEQUENCE, "cRLDistributionPoints")?
            .reader();
        let mut out = Vec::new();
        while !points.is_empty() {
            let mut point = points.expect(tag::SEQUENCE, "DistributionPoint")?.reader();
            let Some(name) = point.optional(tag::context_constructed(0), "distributionPoint")?
            else {
                continue;
            };
            let Some(full) = name
                .reader()
                .optional(tag::context_constructed(0), "fullName")?
            else {
                continue;
            };
            let mut names = full.reader();
            while !names.is_empty() {
                if let GeneralName::Uri(uri) = GeneralName::from_tlv(&names.next("GeneralName")?) {
                    out.push(uri);
                }
            }
        }
        Ok(out)
    }

    /// The value of a basicConstraints extension: whether a CA, and the path length.
    pub(super) fn basic_constraints_from_der(der: &[u8]) -> Result<(bool, Option<u32>)> {
        let mut fields = Reader::new(der)
            .expect(tag::SEQUENCE, "basicConstraints")?
            .reader();
        let ca = fields
            .optional(tag::BOOLEAN, "cA")?
            .is_some_and(|flag| flag.value.iter().any(|octet| *octet != 0));
        let path_len = fields
            .optional(tag::INTEGER, "pathLenConstraint")?
            .map(|n| n.small_integer())
            .transpose()
            .map_err(|_| Error::malformed(Layer::X509, "pathLenConstraint is out of range"))?;
        Ok((ca, path_len))
    }
}
