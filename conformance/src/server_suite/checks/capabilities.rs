//! GetCACaps (RFC 8894 section 3.5).

use scep_client::network::{HttpRequest, HttpResponse};
use scep_core::crypto::{ContentCipher, DigestAlgorithm};
use scep_core::http::Operation;

use super::checks;
use crate::by_hand::SignedParts;
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

/// Leaves a word out of the list.
fn without(request: &HttpRequest, response: &mut HttpResponse, word: &str) {
    if of_capabilities(&request.url) {
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let words = text.lines().filter(|line| *line != word);
        response.body = words.collect::<Vec<_>>().join("\n").into_bytes();
    }
}

checks! {
    "capabilities.answered", Must, ["R-2.9-a", "R-3.5-a", "R-3.5.2-t"],
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
    ["capabilities.mandatory", "capabilities.des3-listed", "capabilities.sha-512-listed", "capabilities.renewal-listed", "capabilities.next-ca-listed"],
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
    ["capabilities.sha-512-listed", "capabilities.renewal-listed", "capabilities.next-ca-listed"],
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

    "capabilities.private-words", Should, ["R-6-c"],
    "A keyword that the RFC does not have begins with a domain name",
    Flaw::Http(|request, response| if of_capabilities(&request.url) {
        response.body.extend(b"FastTrack\n");
    }),
    [],
    |s| {
        let capabilities = s.capabilities().await?;
        let mut others = capabilities.words().iter().filter(|word| {
            !KEYWORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
        });
        let plain = others.find(|word| !word.contains('.'));
        ensure(plain.is_none(), "Example.com-Keyword", plain.map_or("", |word| word.as_str()))?;
    }

    "capabilities.des3-listed", Should, ["R-3.5.2-c"],
    "If a request in triple DES is served, DES3 is listed",
    Flaw::Http(|request, response| without(request, response, "DES3")),
    [],
    |s| {
        if s.offers("DES3").await.is_err() {
            let wish = s.wish().await?;
            let mut request = s.pkcs_req(&wish).await?;
            request.cipher = ContentCipher::DesEde3Cbc;
            let served = s.answered(&request).await?.is_some_and(|reply| reply.granted());
            ensure(!served, "DES3 in the list", "SUCCESS without it")?;
        }
    }

    "capabilities.sha-512-listed", Should, ["R-3.5.2-i"],
    "If a request that is signed with SHA-512 is served, SHA-512 is listed",
    Flaw::Http(|request, response| without(request, response, "SHA-512")),
    [],
    |s| {
        if s.offers("SHA-512").await.is_err() {
            let wish = s.wish().await?;
            let mut request = s.pkcs_req(&wish).await?;
            request.digest = DigestAlgorithm::Sha512;
            let served = s.answered(&request).await?.is_some_and(|reply| reply.granted());
            ensure(!served, "SHA-512 in the list", "SUCCESS without it")?;
        }
    }

    "capabilities.renewal-listed", Should, ["R-3.5.2-f"],
    "If a RenewalReq is served, Renewal is listed",
    Flaw::Http(|request, response| without(request, response, "Renewal")),
    [],
    |s| {
        if s.offers("Renewal").await.is_err() {
            let (_, request) = super::renewal::unlisted(s).await?;
            let served = s.answered(&request).await?.is_some_and(|reply| reply.granted());
            ensure(!served, "Renewal in the list", "SUCCESS without it")?;
        }
    }

    "capabilities.next-ca-listed", Should, ["R-3.5.2-d"],
    "If GetNextCACert is served, it is listed",
    Flaw::Http(|request, response| without(request, response, "GetNextCACert")),
    [],
    |s| {
        if s.offers("GetNextCACert").await.is_err() {
            let response = s.get(s.url(Operation::GetNextCaCert, "")).await?;
            let served = response.status == 200 && SignedParts::read(&response.body).is_some();
            ensure(!served, "GetNextCACert in the list", "certificates without it")?;
        }
    }
}
