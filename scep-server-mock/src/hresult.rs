//! Windows' error codes, as event logs and the NDES attribute show them.

use std::fmt;

/// An HRESULT.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hresult(pub u32);

impl Hresult {
    /// Success.
    pub const OK: Self = Self(0);
    /// Unspecified error.
    pub const E_FAIL: Self = Self(0x8000_4005);
    /// The parameter is incorrect.
    pub const E_INVALIDARG: Self = Self(0x8007_0057);
    /// Access is denied.
    pub const E_ACCESSDENIED: Self = Self(0x8007_0005);
    /// Logon: user name or password wrong (ERROR_LOGON_FAILURE).
    pub const LOGON_FAILURE: Self = Self(0x8007_052E);
    /// Logon: the password has expired (ERROR_PASSWORD_EXPIRED).
    pub const PASSWORD_EXPIRED: Self = Self(0x8007_0532);
    /// Logon: the account is locked out (ERROR_ACCOUNT_LOCKED_OUT).
    pub const ACCOUNT_LOCKED_OUT: Self = Self(0x8007_0775);
    /// Logon: this kind of logon was not granted (ERROR_LOGON_TYPE_NOT_GRANTED).
    pub const LOGON_TYPE_NOT_GRANTED: Self = Self(0x8007_0569);
    /// Logon: the account is disabled (ERROR_ACCOUNT_DISABLED).
    pub const ACCOUNT_DISABLED: Self = Self(0x8007_0533);
    /// The impersonation level does not suffice (ERROR_BAD_IMPERSONATION_LEVEL).
    pub const BAD_IMPERSONATION_LEVEL: Self = Self(0x8007_0542);
    /// A file or a registry value is not there (ERROR_FILE_NOT_FOUND).
    pub const FILE_NOT_FOUND: Self = Self(0x8007_0002);
    /// More data is available (ERROR_MORE_DATA).
    pub const MORE_DATA: Self = Self(0x8007_00EA);
    /// The RPC server is unavailable.
    pub const RPC_UNAVAILABLE: Self = Self(0x8007_06BA);
    /// Bad data.
    pub const NTE_BAD_DATA: Self = Self(0x8009_0005);
    /// Keyset does not exist, or may not be read.
    pub const NTE_BAD_KEYSET: Self = Self(0x8009_0016);
    /// The provider's type does not fit (NTE_BAD_PROV_TYPE).
    pub const NTE_BAD_PROV_TYPE: Self = Self(0x8009_0014);
    /// The target principal name is incorrect (SEC_E_WRONG_PRINCIPAL).
    pub const SEC_E_WRONG_PRINCIPAL: Self = Self(0x8009_0322);
    /// ASN.1: bad tag.
    pub const ASN1_BADTAG: Self = Self(0x8009_310B);
    /// The certificate is revoked.
    pub const CRYPT_E_REVOKED: Self = Self(0x8009_2010);
    /// The revocation server is offline.
    pub const CRYPT_E_REVOCATION_OFFLINE: Self = Self(0x8009_2013);
    /// A certificate is not within its validity period.
    pub const CERT_E_EXPIRED: Self = Self(0x800B_0101);
    /// The chain ends in an untrusted root.
    pub const CERT_E_UNTRUSTEDROOT: Self = Self(0x800B_0109);
    /// A chain cannot be built to a trusted root (CERT_E_CHAINING).
    pub const CERT_E_CHAINING: Self = Self(0x800B_010A);
    /// WinHTTP: the server name cannot be resolved.
    pub const WINHTTP_NAME_NOT_RESOLVED: Self = Self(0x8007_2EE7);
    /// WinHTTP: no connection to the server.
    pub const WINHTTP_CANNOT_CONNECT: Self = Self(0x8007_2EFD);
    /// WinHTTP: the operation timed out.
    pub const WINHTTP_TIMEOUT: Self = Self(0x8007_2EE2);
    /// HTTP 404 (retrieval of a URL).
    pub const HTTP_NOT_FOUND: Self = Self(0x8019_0194);
    /// CA: the subject name is invalid or too long.
    pub const BAD_REQUEST_SUBJECT: Self = Self(0x8009_4001);
    /// CA: no permission to request certificates.
    pub const ENROLL_DENIED: Self = Self(0x8009_4011);
    /// CA: the request is signed too weakly.
    pub const WEAK_SIGNATURE: Self = Self(0x8009_4016);
    /// CA: a name is not among those that its certificate permits (CERT_E_INVALID_NAME).
    pub const INVALID_NAME: Self = Self(0x800B_0114);
    /// CA: no permission on the template.
    pub const TEMPLATE_DENIED: Self = Self(0x8009_4012);
    /// CA: a certificate manager denied the request.
    pub const ADMIN_DENIED: Self = Self(0x8009_4014);
    /// CA: it does not issue certificates of this template.
    pub const UNSUPPORTED_CERT_TYPE: Self = Self(0x8009_4800);
    /// CA: the key is shorter than the template allows.
    pub const KEY_LENGTH: Self = Self(0x8009_4811);

    /// As the attribute 1.3.6.1.4.1.311.21.33 holds it.
    #[must_use]
    pub const fn signed(self) -> i32 {
        self.0.cast_signed()
    }

    /// A phrase for it, in our words.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::OK => "no error",
            Self::E_INVALIDARG => "a parameter is not correct",
            Self::E_ACCESSDENIED => "access denied",
            Self::LOGON_FAILURE => "user name or password wrong",
            Self::PASSWORD_EXPIRED => "the account's password has expired",
            Self::ACCOUNT_LOCKED_OUT => "the account is locked out",
            Self::LOGON_TYPE_NOT_GRANTED => "this type of logon is not granted to the account",
            Self::ACCOUNT_DISABLED => "the account is disabled",
            Self::BAD_IMPERSONATION_LEVEL => "the impersonation level does not suffice",
            Self::FILE_NOT_FOUND => "a file or registry value cannot be found",
            Self::MORE_DATA => "more data is available",
            Self::SEC_E_WRONG_PRINCIPAL => "the target principal name is not right",
            Self::NTE_BAD_PROV_TYPE => "the type of the key's provider does not fit",
            Self::CERT_E_CHAINING => "no chain to a trusted root can be built",
            Self::WINHTTP_NAME_NOT_RESOLVED => "the server name cannot be resolved",
            Self::WINHTTP_CANNOT_CONNECT => "no connection to the server",
            Self::RPC_UNAVAILABLE => "the RPC server is unavailable",
            Self::NTE_BAD_DATA => "bad data",
            Self::NTE_BAD_KEYSET => "the key set cannot be opened",
            Self::ASN1_BADTAG => "ASN1 bad tag value met",
            Self::CRYPT_E_REVOKED => "the certificate is revoked",
            Self::CRYPT_E_REVOCATION_OFFLINE => "the revocation server is offline",
            Self::CERT_E_EXPIRED => "a required certificate is not within its validity period",
            Self::CERT_E_UNTRUSTEDROOT => "the chain ends in a root that is not trusted",
            Self::WINHTTP_TIMEOUT => "timed out",
            Self::HTTP_NOT_FOUND => "not found (404)",
            Self::BAD_REQUEST_SUBJECT => "the subject name is invalid or too long",
            Self::ENROLL_DENIED => "the permissions on the CA do not allow this account to request",
            Self::WEAK_SIGNATURE => "the request's signature is weaker than the CA allows",
            Self::INVALID_NAME => "a name is not included in the permitted list",
            Self::TEMPLATE_DENIED => {
                "the permissions on the certificate template do not allow this account to enroll"
            }
            Self::ADMIN_DENIED => "a certificate manager denied the request",
            Self::UNSUPPORTED_CERT_TYPE => {
                "the requested certificate template is not supported by this CA"
            }
            Self::KEY_LENGTH => {
                "the public key does not meet the minimum size required by the template"
            }
            _ => "unspecified error",
        }
    }
}

impl fmt::Display for Hresult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08x}", self.0)
    }
}

impl fmt::Debug for Hresult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_decimals_are_those_of_the_field() {
        assert_eq!(Hresult::TEMPLATE_DENIED.signed(), -2_146_877_422);
        assert_eq!(Hresult::RPC_UNAVAILABLE.signed(), -2_147_023_174);
        assert_eq!(Hresult::CERT_E_EXPIRED.signed(), -2_146_762_495);
        assert_eq!(Hresult::E_INVALIDARG.to_string(), "0x80070057");
    }
}
