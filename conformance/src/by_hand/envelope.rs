//! EnvelopedData (RFC 5652 section 6) in parts.

use scep_core::asn1::{Reader, tag, write};
use scep_core::cms::{ContentInfo, algorithm};
use scep_core::crypto::{ContentCipher, CryptoProvider, KeyTransport, RandomSource};
use scep_core::limits::Limits;
use scep_core::oid::{self, ObjectIdentifier};
use scep_core::x509::Certificate;

/// An EnvelopedData before it is encoded, or after it was decoded.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Type of the ContentInfo.
    pub info_type: ObjectIdentifier,
    /// version.
    pub version: u32,
    /// recipientInfos, encoded.
    pub recipients: Vec<Vec<u8>>,
    /// contentType of what is encrypted.
    pub content_type: ObjectIdentifier,
    /// contentEncryptionAlgorithm, encoded.
    pub algorithm: Vec<u8>,
    /// encryptedContent; `None`: absent.
    pub ciphertext: Option<Vec<u8>>,
    /// What follows, encoded.
    pub rest: Vec<u8>,
}

/// A KeyTransRecipientInfo; its version follows from how the recipient is named.
#[must_use]
pub fn key_transport_info(recipient: &[u8], algorithm: &[u8], encrypted_key: &[u8]) -> Vec<u8> {
    let by_name = recipient.first() == Some(&tag::SEQUENCE);
    write::sequence(&[
        &write::integer(if by_name { 0 } else { 2 }),
        recipient,
        algorithm,
        &write::octet_string(encrypted_key),
    ])
}

/// A PasswordRecipientInfo with PBKDF2 and HMAC-SHA-1.
#[must_use]
pub fn password_info(iterations: u32, encrypted_key: &[u8]) -> Vec<u8> {
    let derivation = [
        write::oid(oid::PBKDF2),
        write::sequence(&[&write::octet_string(&[7; 8]), &write::integer(iterations)]),
    ];
    let kek = algorithm::content_cipher_identifier(ContentCipher::Aes128Cbc, &[9; 16]);
    write::concat(
        tag::context_constructed(3),
        &[
            &write::integer(0),
            &write::tlv(tag::context_constructed(0), &derivation.concat()),
            &write::algorithm(oid::PWRI_KEK, &kek),
            &write::octet_string(encrypted_key),
        ],
    )
}

impl Envelope {
    /// What a correct encoder writes, for one certificate, in AES-128. `key` encrypts the content.
    ///
    /// # Errors
    /// If the provider lacks an algorithm, or the certificate's key cannot transport keys.
    pub fn new(
        provider: &dyn CryptoProvider,
        recipient: &Certificate,
        key: &[u8; 16],
        plain: &[u8],
        rng: &mut dyn RandomSource,
    ) -> scep_core::Result<Self> {
        let cipher = ContentCipher::Aes128Cbc;
        let mut iv = [0; 16];
        rng.fill(&mut iv);
        let transport = KeyTransport::RsaPkcs1v15;
        let wrapped = provider.wrap_cek(recipient.spki_der(), transport, key, rng)?;
        Ok(Self {
            info_type: oid::ENVELOPED_DATA,
            version: 0,
            recipients: vec![key_transport_info(
                &recipient.issuer_and_serial().to_der(),
                &algorithm::key_transport_identifier(transport),
                &wrapped,
            )],
            content_type: oid::DATA,
            algorithm: algorithm::content_cipher_identifier(cipher, &iv),
            ciphertext: Some(provider.encrypt_content(cipher, key, &iv, plain)?),
            rest: Vec::new(),
        })
    }

    /// The same with a content whose padding is wrong: its last octet counts `padding`.
    ///
    /// # Errors
    /// If the provider cannot encrypt without padding.
    pub fn with_padding(
        mut self,
        provider: &dyn CryptoProvider,
        key: &[u8; 16],
        plain: &[u8],
        padding: u8,
    ) -> scep_core::Result<Self> {
        let iv = [3; 16];
        let mut blocks = plain.to_vec();
        blocks.resize((plain.len() / 16 + 1) * 16, padding);
        provider.encrypt_blocks(ContentCipher::Aes128Cbc, key, &iv, &mut blocks)?;
        self.algorithm = algorithm::content_cipher_identifier(ContentCipher::Aes128Cbc, &iv);
        self.ciphertext = Some(blocks);
        Ok(self)
    }

    /// Takes an envelope apart, BER or DER; `None` if it is none. Nothing is judged.
    #[must_use]
    pub fn read(envelope: &[u8]) -> Option<Self> {
        let info = ContentInfo::decode(envelope, &Limits::DEFAULT).ok()?;
        let mut fields = Reader::new(info.content())
            .expect(tag::SEQUENCE, "EnvelopedData")
            .ok()?
            .reader();
        let version = fields.expect(tag::INTEGER, "version").ok()?;
        let set = fields.expect(tag::SET, "recipientInfos").ok()?;
        let mut recipients = Vec::new();
        let mut infos = set.reader();
        while infos.peek().is_some() {
            recipients.push(infos.next("RecipientInfo").ok()?.raw.to_vec());
        }
        let mut inner = fields.expect(tag::SEQUENCE, "content").ok()?.reader();
        let content_type = inner.expect(tag::OID, "contentType").ok()?.oid().ok()?;
        let algorithm = inner.next("algorithm").ok()?.raw.to_vec();
        let ciphertext = inner.optional(tag::context(0), "encryptedContent").ok()?;
        let ciphertext = ciphertext.map(|octets| octets.value.to_vec());
        let mut rest = Vec::new();
        while fields.peek().is_some() {
            rest.extend(fields.next("what follows").ok()?.raw);
        }
        Some(Self {
            info_type: info.content_type(),
            version: version.small_integer().ok()?,
            recipients,
            content_type,
            algorithm,
            ciphertext,
            rest,
        })
    }

    /// Encodes the ContentInfo.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let ciphertext = match &self.ciphertext {
            Some(octets) => write::tlv(tag::context(0), octets),
            None => Vec::new(),
        };
        let enveloped = write::sequence(&[
            &write::integer(self.version),
            &write::tlv(tag::SET, &self.recipients.concat()),
            &write::sequence(&[&write::oid(self.content_type), &self.algorithm, &ciphertext]),
            &self.rest,
        ]);
        write::sequence(&[
            &write::oid(self.info_type),
            &write::tlv(tag::context_constructed(0), &enveloped),
        ])
    }
}
