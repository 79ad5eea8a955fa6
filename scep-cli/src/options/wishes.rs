//! What is asked for: subject, names and purposes, by flags or by a certification request.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use scep_core::asn1::{tag, write};
use scep_core::crypto::{CryptoProvider, PrivateKey};
use scep_core::message::ChallengePassword;
use scep_core::oid::ObjectIdentifier;
use scep_core::x509::{CertificationRequest, Extension, GeneralName, KeyUsage, Name};

use crate::failure::{Failure, Result};
use crate::files;
use crate::nearest;

/// szOID_NT_PRINCIPAL_NAME: a user principal name as otherName.
const NT_PRINCIPAL_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.3");
/// szOID_NTDS_CA_SECURITY_EXT: the extension that maps a certificate to an account (KB5014754).
const NTDS_CA_SECURITY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.25.2");
/// szOID_NTDS_OBJECTSID, within it.
const NTDS_OBJECT_SID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.25.2.1");

/// Purposes by the names that openssl has for them.
const PURPOSES: [(&str, &str); 7] = [
    ("serverAuth", "1.3.6.1.5.5.7.3.1"),
    ("clientAuth", "1.3.6.1.5.5.7.3.2"),
    ("codeSigning", "1.3.6.1.5.5.7.3.3"),
    ("emailProtection", "1.3.6.1.5.5.7.3.4"),
    ("timeStamping", "1.3.6.1.5.5.7.3.8"),
    ("ipsecIKE", "1.3.6.1.5.5.7.3.17"),
    ("msSmartcardLogin", "1.3.6.1.4.1.311.20.2.2"),
];

/// What is asked for.
#[derive(Args, Debug)]
pub(crate) struct WishArgs {
    /// Subject to ask for, such as CN=printer-01,O=Contoso
    #[arg(long, value_name = "NAME", required_unless_present = "csr")]
    subject: Option<String>,
    /// Ask for what this certification request (PKCS #10, PEM or DER) asks for: subject, extensions and
    /// challenge password. It is signed anew by the key of --key-file, which has to be its own.
    #[arg(long, value_name = "FILE", requires = "key_file", conflicts_with_all = ["subject", "names", "purposes"])]
    csr: Option<PathBuf>,
    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    purposes: PurposeArgs,
}

#[derive(Args, Debug)]
#[group(id = "names", multiple = true)]
struct NameArgs {
    /// Host name to ask for as subjectAltName (may be given several times).
    #[arg(long, value_name = "NAME")]
    dns_name: Vec<String>,
    /// IP address to ask for as subjectAltName (may be given several times).
    #[arg(long, value_name = "ADDRESS")]
    ip: Vec<IpAddr>,
    /// Mail address to ask for as subjectAltName (may be given several times).
    #[arg(long, value_name = "ADDRESS")]
    email: Vec<String>,
    /// URI to ask for as subjectAltName (may be given several times).
    #[arg(long, value_name = "URI")]
    uri: Vec<String>,
    /// User principal name to ask for as subjectAltName, as Windows has it (may be given several times).
    #[arg(long, value_name = "USER@DOMAIN")]
    upn: Vec<String>,
}

#[derive(Args, Debug)]
#[group(id = "purposes", multiple = true)]
struct PurposeArgs {
    /// Key usage to ask for, such as digitalSignature,keyEncipherment.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    key_usage: Vec<String>,
    /// Extended key usage to ask for, such as clientAuth,1.3.6.1.5.5.7.3.17.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    eku: Vec<String>,
    /// Security identifier to ask for, by the extension that Windows maps certificates to accounts by.
    #[arg(long, value_name = "S-1-5-…")]
    sid: Option<String>,
}

/// What goes into the certification request.
pub(crate) struct Wishes {
    pub(crate) subject: Name,
    pub(crate) extensions: Vec<Extension>,
    /// The challenge password of a certification request that was given.
    pub(crate) challenge: Option<ChallengePassword>,
}

impl WishArgs {
    pub(crate) fn wishes(
        &self,
        provider: &dyn CryptoProvider,
        key: &dyn PrivateKey,
    ) -> Result<Wishes> {
        if let Some(path) = &self.csr {
            let named = |e: scep_core::Error| Failure::local(format!("{}: {e}", path.display()));
            let content = files::read(path)?;
            let csr = match std::str::from_utf8(&content) {
                Ok(text) if text.contains("-----BEGIN") => CertificationRequest::from_pem(text),
                _ => CertificationRequest::from_der(&content),
            };
            let csr = csr.map_err(named)?;
            csr.verify(provider).map_err(named)?;
            if csr.spki_der() != key.spki_der() {
                return Err(Failure::local(format!(
                    "{}: it is for another key than that of --key-file",
                    path.display()
                )));
            }
            return Ok(Wishes {
                subject: csr.subject().clone(),
                extensions: csr.extensions().to_vec(),
                challenge: csr.challenge_password().cloned(),
            });
        }
        let subject = self.subject.as_deref().unwrap_or_default();
        let subject = Name::from_rfc4514(subject);
        let names = self.names.names();
        let mut extensions = self.purposes.extensions()?;
        if !names.is_empty() {
            extensions.push(Extension::subject_alt_name(&names));
        }
        Ok(Wishes {
            subject: subject.map_err(|e| Failure::usage(format!("--subject: {e}")))?,
            extensions,
            challenge: None,
        })
    }
}

impl NameArgs {
    fn names(&self) -> Vec<GeneralName> {
        let dns = self.dns_name.iter().cloned().map(GeneralName::Dns);
        let ip = self.ip.iter().copied().map(GeneralName::Ip);
        let email = self.email.iter().cloned().map(GeneralName::Email);
        let uri = self.uri.iter().cloned().map(GeneralName::Uri);
        let upn = self.upn.iter().map(|upn| {
            let value = write::tlv(tag::UTF8_STRING, upn.as_bytes());
            let content = other_name(NT_PRINCIPAL_NAME, &value);
            GeneralName::Other(tag::context_constructed(0), content)
        });
        dns.chain(ip).chain(email).chain(uri).chain(upn).collect()
    }
}

/// The content of an otherName (RFC 5280 section 4.2.1.6).
fn other_name(kind: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    let value = write::tlv(tag::context_constructed(0), value);
    [write::oid(kind), value].concat()
}

impl PurposeArgs {
    fn extensions(&self) -> Result<Vec<Extension>> {
        let mut extensions = Vec::new();
        if !self.key_usage.is_empty() {
            let mut usage = KeyUsage::default();
            for name in &self.key_usage {
                let known = KeyUsage::from_name(name);
                usage = usage | known.ok_or_else(|| unknown_usage(name))?;
            }
            extensions.push(Extension::key_usage(usage));
        }
        if !self.eku.is_empty() {
            let purposes = self.eku.iter().map(|name| purpose(name));
            let purposes: Vec<_> = purposes.collect::<Result<_>>()?;
            extensions.push(Extension::extended_key_usage(&purposes));
        }
        if let Some(sid) = &self.sid {
            extensions.push(security_identifier(sid)?);
        }
        Ok(extensions)
    }
}

fn unknown_usage(name: &str) -> Failure {
    let known = KeyUsage::ALL.names();
    Failure::usage(nearest::unknown("key usage", name, known))
}

fn purpose(name: &str) -> Result<ObjectIdentifier> {
    let known = PURPOSES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    let dotted = known.map_or(name, |(_, dotted)| dotted);
    ObjectIdentifier::new(dotted).map_err(|_| {
        let known = PURPOSES.map(|(known, _)| known);
        Failure::usage(nearest::unknown("extended key usage", name, known))
    })
}

fn security_identifier(sid: &str) -> Result<Extension> {
    let parts: Vec<&str> = sid.split('-').collect();
    let numbers = parts.get(1..).unwrap_or_default();
    let well_formed = parts.first() == Some(&"S")
        && numbers.len() >= 3
        && numbers.iter().all(|n| n.parse::<u64>().is_ok());
    if !well_formed {
        return Err(Failure::usage(format!(
            "--sid: a security identifier looks like S-1-5-21-1004336348-1177238915-682003330-512, \"{sid}\" does not"
        )));
    }
    let value = write::tlv(tag::OCTET_STRING, sid.as_bytes());
    let name = write::tlv(
        tag::context_constructed(0),
        &other_name(NTDS_OBJECT_SID, &value),
    );
    Ok(Extension {
        oid: NTDS_CA_SECURITY,
        critical: false,
        value: write::tlv(tag::SEQUENCE, &name),
    })
}
