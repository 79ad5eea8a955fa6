//! Object identifiers of SCEP, CMS, X.509 and Microsoft's extensions.

pub use const_oid::ObjectIdentifier;
use const_oid::ObjectIdentifier as Oid;

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        $($(#[$doc])* pub const $name: Oid = Oid::new_unwrap($value);)*

        /// The constant's name for an OID that this crate knows, in lower case with hyphens.
        #[must_use]
        pub fn name(oid: Oid) -> Option<&'static str> {
            $(if oid == $name { return Some(stringify!($name)); })*
            None
        }
    };
}

oids! {
    /// CMS id-data.
    DATA = "1.2.840.113549.1.7.1";
    /// CMS id-signedData.
    SIGNED_DATA = "1.2.840.113549.1.7.2";
    /// CMS id-envelopedData.
    ENVELOPED_DATA = "1.2.840.113549.1.7.3";
    /// CMS id-encryptedData.
    ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
    /// CMS id-ct-authEnvelopedData.
    AUTH_ENVELOPED_DATA = "1.2.840.113549.1.9.16.1.23";

    /// contentType attribute.
    CONTENT_TYPE = "1.2.840.113549.1.9.3";
    /// messageDigest attribute.
    MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
    /// signingTime attribute.
    SIGNING_TIME = "1.2.840.113549.1.9.5";
    /// challengePassword attribute of a certification request.
    CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7";
    /// extensionRequest attribute of a certification request.
    EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

    /// SCEP messageType.
    MESSAGE_TYPE = "2.16.840.1.113733.1.9.2";
    /// SCEP pkiStatus.
    PKI_STATUS = "2.16.840.1.113733.1.9.3";
    /// SCEP failInfo.
    FAIL_INFO = "2.16.840.1.113733.1.9.4";
    /// SCEP senderNonce.
    SENDER_NONCE = "2.16.840.1.113733.1.9.5";
    /// SCEP recipientNonce.
    RECIPIENT_NONCE = "2.16.840.1.113733.1.9.6";
    /// SCEP transactionID.
    TRANSACTION_ID = "2.16.840.1.113733.1.9.7";
    /// SCEP failInfoText (id-scep-failInfoText).
    FAIL_INFO_TEXT = "1.3.6.1.5.5.7.24.1";
    /// The arc that some servers use in place of failInfoText.
    FAIL_INFO_TEXT_ARC = "1.3.6.1.5.5.7.24";

    /// Microsoft ENROLL_SCEP_ERROR: a signed decimal HRESULT.
    MS_SCEP_ERROR = "1.3.6.1.4.1.311.21.33";
    /// Microsoft ENROLL_SCEP_SERVER_STATE.
    MS_SCEP_SERVER_STATE = "1.3.6.1.4.1.311.21.34";
    /// Microsoft ENROLL_SCEP_CHALLENGE_ANSWER.
    MS_SCEP_CHALLENGE_ANSWER = "1.3.6.1.4.1.311.21.35";
    /// Microsoft ENROLL_SCEP_CLIENT_REQUEST.
    MS_SCEP_CLIENT_REQUEST = "1.3.6.1.4.1.311.21.37";
    /// Microsoft ENROLL_SCEP_SERVER_MESSAGE: a text.
    MS_SCEP_SERVER_MESSAGE = "1.3.6.1.4.1.311.21.38";
    /// Microsoft ENROLL_SCEP_SERVER_SECRET.
    MS_SCEP_SERVER_SECRET = "1.3.6.1.4.1.311.21.40";
    /// Microsoft ENROLL_SCEP_SIGNER_HASH.
    MS_SCEP_SIGNER_HASH = "1.3.6.1.4.1.311.21.42";
    /// Microsoft extended key usage "Certificate Request Agent".
    MS_CERTIFICATE_REQUEST_AGENT = "1.3.6.1.4.1.311.20.2.1";
    /// Microsoft certificate template name (v1 templates).
    MS_CERTIFICATE_TEMPLATE_NAME = "1.3.6.1.4.1.311.20.2";

    /// MD5.
    MD5 = "1.2.840.113549.2.5";
    /// SHA-1.
    SHA_1 = "1.3.14.3.2.26";
    /// SHA-224.
    SHA_224 = "2.16.840.1.101.3.4.2.4";
    /// SHA-256.
    SHA_256 = "2.16.840.1.101.3.4.2.1";
    /// SHA-384.
    SHA_384 = "2.16.840.1.101.3.4.2.2";
    /// SHA-512.
    SHA_512 = "2.16.840.1.101.3.4.2.3";

    /// rsaEncryption.
    RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
    /// md5WithRSAEncryption.
    MD5_WITH_RSA = "1.2.840.113549.1.1.4";
    /// sha1WithRSAEncryption.
    SHA_1_WITH_RSA = "1.2.840.113549.1.1.5";
    /// id-RSAES-OAEP.
    RSAES_OAEP = "1.2.840.113549.1.1.7";
    /// id-mgf1.
    MGF1 = "1.2.840.113549.1.1.8";
    /// id-pSpecified.
    P_SPECIFIED = "1.2.840.113549.1.1.9";
    /// id-RSASSA-PSS.
    RSASSA_PSS = "1.2.840.113549.1.1.10";
    /// sha256WithRSAEncryption.
    SHA_256_WITH_RSA = "1.2.840.113549.1.1.11";
    /// sha384WithRSAEncryption.
    SHA_384_WITH_RSA = "1.2.840.113549.1.1.12";
    /// sha512WithRSAEncryption.
    SHA_512_WITH_RSA = "1.2.840.113549.1.1.13";
    /// sha224WithRSAEncryption.
    SHA_224_WITH_RSA = "1.2.840.113549.1.1.14";
    /// id-ecPublicKey.
    EC_PUBLIC_KEY = "1.2.840.10045.2.1";
    /// P-256 (secp256r1).
    P_256 = "1.2.840.10045.3.1.7";
    /// P-384 (secp384r1).
    P_384 = "1.3.132.0.34";
    /// id-Ed25519.
    ED25519 = "1.3.101.112";
    /// ecdsa-with-SHA1.
    ECDSA_WITH_SHA_1 = "1.2.840.10045.4.1";
    /// ecdsa-with-SHA224.
    ECDSA_WITH_SHA_224 = "1.2.840.10045.4.3.1";
    /// ecdsa-with-SHA256.
    ECDSA_WITH_SHA_256 = "1.2.840.10045.4.3.2";
    /// ecdsa-with-SHA384.
    ECDSA_WITH_SHA_384 = "1.2.840.10045.4.3.3";
    /// ecdsa-with-SHA512.
    ECDSA_WITH_SHA_512 = "1.2.840.10045.4.3.4";

    /// DES-CBC.
    DES_CBC = "1.3.14.3.2.7";
    /// DES-EDE3-CBC.
    DES_EDE3_CBC = "1.2.840.113549.3.7";
    /// AES-128-CBC.
    AES_128_CBC = "2.16.840.1.101.3.4.1.2";
    /// AES-192-CBC.
    AES_192_CBC = "2.16.840.1.101.3.4.1.22";
    /// AES-256-CBC.
    AES_256_CBC = "2.16.840.1.101.3.4.1.42";
    /// AES-128-GCM.
    AES_128_GCM = "2.16.840.1.101.3.4.1.6";
    /// AES-192-GCM.
    AES_192_GCM = "2.16.840.1.101.3.4.1.26";
    /// AES-256-GCM.
    AES_256_GCM = "2.16.840.1.101.3.4.1.46";

    /// id-PBKDF2.
    PBKDF2 = "1.2.840.113549.1.5.12";
    /// id-alg-PWRI-KEK.
    PWRI_KEK = "1.2.840.113549.1.9.16.3.9";
    /// PBES2.
    PBES2 = "1.2.840.113549.1.5.13";
    /// PKCS #12 pkcs8ShroudedKeyBag.
    PKCS8_SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
    /// PKCS #12 certBag.
    CERT_BAG = "1.2.840.113549.1.12.10.1.3";
    /// PKCS #9 x509Certificate, a type of certificate in a certBag.
    X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";
    /// PKCS #9 friendlyName.
    FRIENDLY_NAME = "1.2.840.113549.1.9.20";
    /// PKCS #9 localKeyId.
    LOCAL_KEY_ID = "1.2.840.113549.1.9.21";
    /// hmacWithSHA1.
    HMAC_WITH_SHA_1 = "1.2.840.113549.2.7";
    /// hmacWithSHA224.
    HMAC_WITH_SHA_224 = "1.2.840.113549.2.8";
    /// hmacWithSHA256.
    HMAC_WITH_SHA_256 = "1.2.840.113549.2.9";
    /// hmacWithSHA384.
    HMAC_WITH_SHA_384 = "1.2.840.113549.2.10";
    /// hmacWithSHA512.
    HMAC_WITH_SHA_512 = "1.2.840.113549.2.11";

    /// keyUsage.
    KEY_USAGE = "2.5.29.15";
    /// subjectAltName.
    SUBJECT_ALT_NAME = "2.5.29.17";
    /// basicConstraints.
    BASIC_CONSTRAINTS = "2.5.29.19";
    /// cRLNumber.
    CRL_NUMBER = "2.5.29.20";
    /// cRLDistributionPoints.
    CRL_DISTRIBUTION_POINTS = "2.5.29.31";
    /// authorityInfoAccess.
    AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1";
    /// id-ad-caIssuers.
    CA_ISSUERS = "1.3.6.1.5.5.7.48.2";
    /// deltaCRLIndicator.
    DELTA_CRL_INDICATOR = "2.5.29.27";
    /// freshestCRL (delta CRL distribution points).
    FRESHEST_CRL = "2.5.29.46";
    /// authorityKeyIdentifier.
    AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
    /// subjectKeyIdentifier.
    SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
    /// extKeyUsage.
    EXTENDED_KEY_USAGE = "2.5.29.37";
    /// anyExtendedKeyUsage.
    ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0";
    /// id-kp-cmcRA (RFC 6402).
    CMC_RA = "1.3.6.1.5.5.7.3.28";
    /// id-kp-serverAuth.
    SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    /// id-kp-clientAuth.
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
}
