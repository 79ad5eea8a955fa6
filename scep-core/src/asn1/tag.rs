//! Identifier octets (ITU-T X.690 section 8.1.2) of the types that SCEP uses.

/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// NULL.
pub const NULL: u8 = 0x05;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// UTF8String.
pub const UTF8_STRING: u8 = 0x0c;
/// PrintableString.
pub const PRINTABLE_STRING: u8 = 0x13;
/// TeletexString.
pub const TELETEX_STRING: u8 = 0x14;
/// IA5String.
pub const IA5_STRING: u8 = 0x16;
/// UTCTime.
pub const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;
/// UniversalString.
pub const UNIVERSAL_STRING: u8 = 0x1c;
/// BMPString.
pub const BMP_STRING: u8 = 0x1e;
/// SEQUENCE, constructed.
pub const SEQUENCE: u8 = 0x30;
/// SET, constructed.
pub const SET: u8 = 0x31;
/// The bit that says "constructed".
pub const CONSTRUCTED: u8 = 0x20;

/// Context-specific primitive `[n]`, n below 31.
#[must_use]
pub const fn context(n: u8) -> u8 {
    0x80 | (n & 0x1f)
}

/// Context-specific constructed `[n]`, n below 31.
#[must_use]
pub const fn context_constructed(n: u8) -> u8 {
    0xa0 | (n & 0x1f)
}

/// A tag's name, for error messages.
#[must_use]
pub fn name(tag: u8) -> alloc::borrow::Cow<'static, str> {
    alloc::borrow::Cow::Borrowed(match tag {
        BOOLEAN => "BOOLEAN",
        INTEGER => "INTEGER",
        BIT_STRING => "BIT STRING",
        OCTET_STRING => "OCTET STRING",
        NULL => "NULL",
        OID => "OBJECT IDENTIFIER",
        UTF8_STRING => "UTF8String",
        PRINTABLE_STRING => "PrintableString",
        TELETEX_STRING => "TeletexString",
        IA5_STRING => "IA5String",
        UTC_TIME => "UTCTime",
        GENERALIZED_TIME => "GeneralizedTime",
        UNIVERSAL_STRING => "UniversalString",
        BMP_STRING => "BMPString",
        SEQUENCE => "SEQUENCE",
        SET => "SET",
        tag if tag & 0xc0 == 0x80 => return alloc::format!("[{}]", tag & 0x1f).into(),
        tag => return alloc::format!("tag 0x{tag:02x}").into(),
    })
}
