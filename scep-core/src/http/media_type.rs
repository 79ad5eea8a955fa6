//! Comparing content types (RFC 9110 section 8.3.1).

/// Whether a Content-Type names this media type: in any case, and with whatever parameters. Those of
/// SCEP have none, which does not keep servers from adding a charset.
pub(crate) fn is_media_type(content_type: &str, expected: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(expected)
}

#[cfg(test)]
mod tests {
    use super::is_media_type;
    use crate::http::{CT_CA_CERT, CT_PKI_MESSAGE};

    #[test]
    fn neither_case_nor_parameters_count() {
        for same in [
            "application/x-pki-message",
            "Application/X-PKI-Message",
            " application/x-pki-message ",
            "application/x-pki-message;charset=utf-8",
            "application/x-pki-message ; charset=binary; x=y",
        ] {
            assert!(is_media_type(same, CT_PKI_MESSAGE), "{same}");
        }
        for other in [
            "",
            ";",
            "application/x-pki-messages",
            "application/x-pki",
            "text/plain; application/x-pki-message",
            CT_CA_CERT,
        ] {
            assert!(!is_media_type(other, CT_PKI_MESSAGE), "{other}");
        }
    }
}
