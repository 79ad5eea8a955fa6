//! HTML pages of NDES itself: the information page and the admin page.

use crate::wire::Response;

/// What the SCEP URL shows without an operation, if no policy module is installed.
pub(crate) fn information() -> Response {
    let body = "<HTML>\r\n<HEAD>\r\n<TITLE>Network Device Enrollment Service</TITLE>\r\n</HEAD>\r\n\
        <BODY>\r\n<P><B>Network Device Enrollment Service</B></P>\r\n\
        <P>Devices enroll for certificates at this address, by the Simple Certificate Enrollment \
        Protocol.</P>\r\n</BODY>\r\n</HTML>\r\n";
    Response::new(200, "OK", "text/html", body.into())
}

/// What the admin page has to say.
pub(crate) enum Admin<'a> {
    /// A password was made.
    Password {
        /// MD5 of the CA certificate, in upper-case hexadecimal.
        thumbprint: &'a str,
        /// The challenge password.
        password: &'a str,
        /// Minutes it lives, or `None` if for ever and for everyone.
        minutes: Option<u64>,
    },
    /// Too many unused passwords.
    CacheFull,
    /// The caller may not enroll on the template.
    NoPermission,
}

impl Admin<'_> {
    /// The page, in UTF-16LE without a byte order mark, while its own META says UTF-8: so does the
    /// original.
    pub(crate) fn page(&self) -> Response {
        let content = match self {
            Self::Password {
                thumbprint,
                password,
                minutes,
            } => {
                let term = match minutes {
                    Some(minutes) => {
                        format!(
                            "This password can be used only once and will expire within {minutes} minutes."
                        )
                    }
                    None => {
                        "This password can be used multiple times and will not expire.".to_owned()
                    }
                };
                format!(
                    "<P> The thumbprint (hash value) for the CA certificate is: <B> {} </B>\r\n\
                     <P> The enrollment challenge password is: <B> {password} </B>\r\n<P> {term}\r\n",
                    groups(thumbprint)
                )
            }
            Self::CacheFull => {
                "<P> The password cache is full.\r\n<P> Wait until a password has been used or has \
                 expired, or restart IIS.\r\n"
                    .to_owned()
            }
            Self::NoPermission => {
                "<P> You do not have sufficient permission to enroll with SCEP.\r\n".to_owned()
            }
        };
        let html = format!(
            "<HTML>\r\n<HEAD>\r\n<META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset=UTF-8\">\r\n\
             <TITLE>Network Device Enrollment Service</TITLE>\r\n</HEAD>\r\n<BODY>\r\n\
             <P><B>Network Device Enrollment Service</B>\r\n{content}</BODY>\r\n</HTML>"
        );
        let body = html.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Response::new(200, "OK", "text/html", body)
    }
}

/// `0123456789ABCDEF…` in groups of eight.
fn groups(hex: &str) -> String {
    let mut out = String::new();
    for (i, c) in hex.chars().enumerate() {
        if i > 0 && i.is_multiple_of(8) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_page_is_utf_16_and_holds_what_scrapers_look_for() {
        let page = Admin::Password {
            thumbprint: "0011223344556677889900AABBCCDDEE",
            password: "0123456789ABCDEF",
            minutes: Some(60),
        }
        .page();
        assert_eq!(page.body.get(..4), Some(&b"<\0H\0"[..]));
        let units: Vec<u16> = page
            .body
            .chunks_exact(2)
            .map(|c| u16::from_le_bytes([c[0], c[1]]))
            .collect();
        let text = String::from_utf16(&units).unwrap();
        assert!(
            text.contains("<B> 00112233 44556677 889900AA BBCCDDEE </B>"),
            "{text}"
        );
        assert!(text.contains("<B> 0123456789ABCDEF </B>"));
        assert!(text.contains("will expire within 60 minutes"));
    }
}
