//! A device's message as an HTTP request.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use scep_core::http::{CT_PKI_MESSAGE, Operation};

use super::behaviour::{Base64Style, Behaviour};
use crate::wire::Request;

/// Address of the lab's device.
const DEVICE: &str = "192.0.2.201";

/// The request; `None` if the URL is none.
pub(super) fn to_http(behaviour: &Behaviour, url: &str, message: &[u8]) -> Option<Request> {
    let operation = behaviour
        .operation
        .as_deref()
        .unwrap_or(Operation::PkiOperation.name());
    let mut request = if behaviour.post {
        let mut post = Request::post(url, CT_PKI_MESSAGE, message.to_vec())?;
        post.query = Some(format!("operation={operation}"));
        post
    } else {
        let mut get = Request::get(url)?;
        let text = in_query(behaviour, message);
        get.query = Some(format!("operation={operation}&message={text}"));
        get
    };
    request
        .headers
        .push(("user-agent".to_owned(), "lab-device/1.0".to_owned()));
    let host = request.host.clone();
    request.headers.push(("host".to_owned(), host));
    if let Some(encodings) = &behaviour.accept_encoding {
        request
            .headers
            .push(("accept-encoding".to_owned(), encodings.clone()));
    }
    if behaviour.old_http {
        request.headers.retain(|(name, _)| name != "content-length");
    }
    request.peer = DEVICE.to_owned();
    Some(request)
}

/// A message as it stands in a query.
pub(crate) fn in_query(behaviour: &Behaviour, message: &[u8]) -> String {
    let standard = || STANDARD.encode(message);
    match behaviour.base64 {
        Base64Style::Percent => percent(&standard()),
        Base64Style::Raw => standard(),
        Base64Style::UrlSafe => URL_SAFE.encode(message),
        Base64Style::Newlines => {
            let mut lines = String::new();
            for (i, character) in standard().chars().enumerate() {
                if i > 0 && i % 64 == 0 {
                    lines.push('\n');
                }
                lines.push(character);
            }
            percent(&lines)
        }
        Base64Style::Twice => percent(&percent(&standard())),
    }
}

/// Escapes all that base64 text and line breaks have besides letters and digits.
fn percent(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, character| {
        if character.is_ascii_alphanumeric() {
            out.push(character);
        } else {
            out.push_str(&format!("%{:02X}", u32::from(character)));
        }
        out
    })
}
