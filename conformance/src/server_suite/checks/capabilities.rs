//! GetCACaps (RFC 8894 section 3.5).

use scep_core::http::Operation;

use super::checks;
use crate::server_suite::flaw::set_content_type;
use crate::server_suite::{Flaw, ensure, ensure_content_type};
use crate::verdict::Stop;

/// The keywords of the RFC, as it prints them.
const KEYWORDS: [&str; 9] = [
    "AES",
    "DES3",
    "GetNextCACert",
    "POSTPKIOperation",
    "Renewal",
    "SHA-1",
    "SHA-256",
    "SHA-512",
    "SCEPStandard",
];

fn of_capabilities(url: &str) -> bool {
    url.contains("operation=GetCACaps")
}

checks! {
    "capabilities.answered", Must, ["R-2.9-a", "R-3.5-a"],
    "GetCACaps is answered with 200 and a list",
    Flaw::Http(|request, response| if of_capabilities(&request.url) { response.status = 404; }),
    ["*"],
    |s| {
        let response = s.get(s.url(Operation::GetCaCaps, "")).await?;
        ensure(response.status == 200, "status 200", response.status)?;
        ensure(!response.body.is_empty(), "at least one keyword", "an empty body")?;
    }

    "capabilities.keywords", Must, ["R-3.5.2-m"],
    "Keywords have exactly the case that the RFC prints",
    Flaw::Http(|request, response| if of_capabilities(&request.url) {
        response.body.make_ascii_lowercase();
    }),
    ["capabilities.mandatory"],
    |s| {
        let capabilities = s.capabilities().await?;
        for word in capabilities.words() {
            let known = KEYWORDS.iter().find(|known| known.eq_ignore_ascii_case(word));
            if let Some(known) = known {
                ensure(word == known, known, word)?;
            }
        }
    }

    "capabilities.lines", Must, ["R-3.5.2-a"],
    "The list is plain text, one keyword a line",
    Flaw::Http(|request, response| if of_capabilities(&request.url) {
        for octet in &mut response.body {
            if *octet == b'\n' { *octet = b' '; }
        }
    }),
    [],
    |s| {
        let response = s.get(s.url(Operation::GetCaCaps, "")).await?;
        let text = String::from_utf8(response.body)
            .map_err(|_| Stop::unlike("text", "octets that are none"))?;
        for line in text.lines() {
            let one = line.trim_end().bytes().all(|c| c.is_ascii_graphic());
            ensure(one, "one keyword a line", format!("{line:?}"))?;
        }
    }

    "capabilities.content-type", Should, ["R-3.5.2-aa"],
    "Its Content-Type is text/plain",
    Flaw::Http(|request, response| if of_capabilities(&request.url) {
        set_content_type(response, "application/octet-stream");
    }),
    [],
    |s| {
        let response = s.get(s.url(Operation::GetCaCaps, "")).await?;
        ensure_content_type(&response, "text/plain")?;
    }

    "capabilities.mandatory", Must, ["R-2.9-d", "R-2.9-e", "R-2.9-f", "R-3.5.2-j"],
    "AES, SHA-256 and POST are listed, by name or as SCEPStandard",
    Flaw::Http(|request, response| if of_capabilities(&request.url) {
        response.body = b"POSTPKIOperation\nDES3\nSHA-1\n".to_vec();
    }),
    [],
    |s| {
        let capabilities = s.capabilities().await?;
        let has = |word: &str| capabilities.words().iter().any(|w| w == word);
        for word in ["AES", "SHA-256", "POSTPKIOperation"] {
            let listed = has(word) || has("SCEPStandard");
            ensure(listed, format!("{word}, or SCEPStandard"), capabilities.words().join(" "))?;
        }
    }

    "capabilities.identifier", Must, ["R-3.5.1-a"],
    "A CA identifier in message= does not change the list",
    Flaw::Http(|request, response| if request.url.contains("GetCACaps&message=") {
        response.body = b"DES3\n".to_vec();
    }),
    [],
    |s| {
        let without = s.get(s.url(Operation::GetCaCaps, "")).await?;
        ensure(without.status == 200, "status 200", without.status)?;
        for identifier in ["", "anything"] {
            let url = s.url(Operation::GetCaCaps, &format!("&message={identifier}"));
            let with = s.get(url).await?;
            ensure(with.body == without.body, "the same list", format!("HTTP {}, {} octets", with.status, with.body.len()))?;
        }
    }
}
