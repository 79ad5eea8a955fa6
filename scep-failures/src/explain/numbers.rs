//! Names of the numbers that people come with: Windows error codes, WinHTTP errors, failInfo of SCEP.

/// A number that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// As an unsigned number; of an HRESULT all 32 bits.
    pub value: u32,
    /// The name that its owner gave it.
    pub name: &'static str,
    /// What it says, in our words.
    pub meaning: &'static str,
}

impl Number {
    /// `0x80094811 (-2146875375)`, or the plain number.
    #[must_use]
    pub fn written(&self) -> String {
        if self.value > 0xffff {
            format!("0x{:08x} ({})", self.value, self.value.cast_signed())
        } else {
            self.value.to_string()
        }
    }
}

/// The number that somebody means: hexadecimal with or without `0x`, signed or unsigned decimal, or its
/// name.
#[must_use]
pub fn number(query: &str) -> Option<Number> {
    let query = query.trim();
    let lower = query.to_ascii_lowercase();
    let hex = lower
        .strip_prefix("0x")
        .or(Some(lower.as_str()).filter(|text| text.len() == 8));
    let value = hex
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .or_else(|| query.parse::<i32>().ok().map(i32::cast_unsigned))
        .or_else(|| query.parse().ok());
    NUMBERS
        .iter()
        .map(|&(value, name, meaning)| Number {
            value,
            name,
            meaning,
        })
        .find(|number| Some(number.value) == value || number.name.eq_ignore_ascii_case(query))
}

const NUMBERS: &[(u32, &str, &str)] = &[
    // failInfo, RFC 8894 section 3.2.1.4
    (0, "badAlg", "the algorithm is not known or not supported"),
    (
        1,
        "badMessageCheck",
        "the integrity check of the message failed; NDES says so of a wrong challenge password, too",
    ),
    (
        2,
        "badRequest",
        "the transaction is not permitted or not supported",
    ),
    (
        3,
        "badTime",
        "signingTime is too far from the server's clock",
    ),
    (4, "badCertId", "no certificate matches what was asked for"),
    // WinHTTP
    (12_002, "ERROR_WINHTTP_TIMEOUT", "nobody answered in time"),
    (
        12_007,
        "ERROR_WINHTTP_NAME_NOT_RESOLVED",
        "the host name has no address",
    ),
    (
        12_029,
        "ERROR_WINHTTP_CANNOT_CONNECT",
        "no connection to the server",
    ),
    (
        12_030,
        "ERROR_WINHTTP_CONNECTION_ERROR",
        "the connection was cut",
    ),
    (
        12_044,
        "ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED",
        "the server wants a client certificate",
    ),
    (
        12_152,
        "ERROR_WINHTTP_INVALID_SERVER_RESPONSE",
        "the answer is no HTTP",
    ),
    (
        12_175,
        "ERROR_WINHTTP_SECURE_FAILURE",
        "something is wrong with the server's TLS certificate",
    ),
    // COM, Win32
    (0x8000_4005, "E_FAIL", "an error that says no more"),
    (
        0x8007_0002,
        "ERROR_FILE_NOT_FOUND",
        "a file or a registry value is not there",
    ),
    (0x8007_0005, "E_ACCESSDENIED", "access was denied"),
    (0x8007_0057, "E_INVALIDARG", "a parameter is not valid"),
    (
        0x8007_00ea,
        "ERROR_MORE_DATA",
        "there is more data than fits",
    ),
    (
        0x8007_052e,
        "ERROR_LOGON_FAILURE",
        "user name or password is wrong",
    ),
    (
        0x8007_0532,
        "ERROR_PASSWORD_EXPIRED",
        "the password of the account has expired",
    ),
    (
        0x8007_0533,
        "ERROR_ACCOUNT_DISABLED",
        "the account is disabled",
    ),
    (
        0x8007_0542,
        "ERROR_BAD_IMPERSONATION_LEVEL",
        "the right to impersonate does not suffice",
    ),
    (
        0x8007_0569,
        "ERROR_LOGON_TYPE_NOT_GRANTED",
        "the account may not log on in this way",
    ),
    (
        0x8007_06ba,
        "RPC_S_SERVER_UNAVAILABLE",
        "the CA does not answer by RPC",
    ),
    (
        0x8007_0775,
        "ERROR_ACCOUNT_LOCKED_OUT",
        "the account is locked",
    ),
    (
        0x8007_2ee2,
        "ERROR_WINHTTP_TIMEOUT",
        "nobody answered in time",
    ),
    (
        0x8007_2ee7,
        "ERROR_WINHTTP_NAME_NOT_RESOLVED",
        "the host name has no address",
    ),
    (
        0x8007_2efd,
        "ERROR_WINHTTP_CANNOT_CONNECT",
        "no connection to the server",
    ),
    (
        0x8007_2f8f,
        "ERROR_WINHTTP_SECURE_FAILURE",
        "something is wrong with the server's TLS certificate",
    ),
    // cryptography
    (
        0x8009_0005,
        "NTE_BAD_DATA",
        "what was to be decrypted is damaged, or for another key",
    ),
    (
        0x8009_0014,
        "NTE_BAD_PROV_TYPE",
        "the key lies in a provider of another type",
    ),
    (
        0x8009_0016,
        "NTE_BAD_KEYSET",
        "the private key is not there, or may not be read",
    ),
    (
        0x8009_0322,
        "SEC_E_WRONG_PRINCIPAL",
        "the certificate is for another name",
    ),
    (0x8009_2004, "CRYPT_E_NOT_FOUND", "the object is not there"),
    (
        0x8009_2010,
        "CRYPT_E_REVOKED",
        "the certificate has been revoked",
    ),
    (
        0x8009_2012,
        "CRYPT_E_NO_REVOCATION_CHECK",
        "nobody could say whether it has been revoked",
    ),
    (
        0x8009_2013,
        "CRYPT_E_REVOCATION_OFFLINE",
        "no CRL could be fetched, or it has expired",
    ),
    (
        0x8009_310b,
        "CRYPT_E_ASN1_BADTAG",
        "what was received is not encoded as it should be",
    ),
    (
        0x800b_0101,
        "CERT_E_EXPIRED",
        "a certificate has expired, or is not valid yet",
    ),
    (
        0x800b_0109,
        "CERT_E_UNTRUSTEDROOT",
        "the chain ends in a root that is not trusted",
    ),
    (
        0x800b_010a,
        "CERT_E_CHAINING",
        "no chain to a trusted root can be built",
    ),
    (
        0x800b_010f,
        "CERT_E_CN_NO_MATCH",
        "the certificate is for another name",
    ),
    (
        0x800b_0114,
        "CERT_E_INVALID_NAME",
        "a name is excluded by a constraint of a CA",
    ),
    // Certificate Services
    (
        0x8009_4001,
        "CERTSRV_E_BAD_REQUESTSUBJECT",
        "the subject is missing or too long",
    ),
    (
        0x8009_4011,
        "CERTSRV_E_ENROLL_DENIED",
        "the account may not request certificates of this CA",
    ),
    (
        0x8009_4012,
        "CERTSRV_E_TEMPLATE_DENIED",
        "the account may not enroll for this template",
    ),
    (
        0x8009_4014,
        "CERTSRV_E_ADMIN_DENIED_REQUEST",
        "a certificate manager denied the request",
    ),
    (
        0x8009_4016,
        "CERTSRV_E_WEAK_SIGNATURE_OR_KEY",
        "signature or key of the request is too weak",
    ),
    (
        0x8009_4800,
        "CERTSRV_E_UNSUPPORTED_CERT_TYPE",
        "the CA does not issue this template",
    ),
    (
        0x8009_4811,
        "CERTSRV_E_KEY_LENGTH",
        "the key is shorter than the template allows",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_name_however_it_is_written() {
        for query in [
            "0x80094811",
            "80094811",
            "-2146875375",
            "2148091921",
            "CERTSRV_E_KEY_LENGTH",
        ] {
            assert_eq!(
                number(query).unwrap().name,
                "CERTSRV_E_KEY_LENGTH",
                "{query}"
            );
        }
        assert_eq!(
            number("0x80094811").unwrap().written(),
            "0x80094811 (-2146875375)"
        );
        assert_eq!(
            number("12175").unwrap().name,
            "ERROR_WINHTTP_SECURE_FAILURE"
        );
        assert_eq!(number("badmessagecheck").unwrap().value, 1);
        assert_eq!(number("0xdeadbeef"), None);
        assert_eq!(number("revoked"), None);
    }
}
