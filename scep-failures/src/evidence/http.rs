//! Facts of HTTP exchanges.

use scep_core::asn1::transcode;
use scep_core::capabilities::{Capabilities, Capability};
use scep_core::limits::Limits;

use super::page::{Page, Shape};
use super::{Facts, Value, writer};
use crate::observation::{Observation, Observations, Outcome, Probe, Purpose};

/// The sources that an exchange gives facts to.
pub(super) const fn sources(purpose: Purpose) -> &'static [&'static str] {
    match purpose {
        Purpose::Root => &["root"],
        Purpose::BaseUrl => &["base-url"],
        Purpose::GetCaCaps => &["get-ca-caps"],
        Purpose::OtherPath => &["other-path"],
        Purpose::OtherIdentifier => &["other-identifier"],
        Purpose::GetCaCert => &["get-ca-cert"],
        Purpose::MscepAdmin => &["mscep-admin"],
        Purpose::PkiOperationPost => &["pki-operation", "pki-operation-post"],
        Purpose::PkiOperationGet => &["pki-operation", "pki-operation-get"],
        Purpose::PkiOperationGetRaw => &["pki-operation-get-raw"],
        Purpose::Enroll => &["enroll"],
        Purpose::Poll => &["poll"],
        // CRLs, issuers and long URLs are judged as a whole, in their own files.
        Purpose::Crl | Purpose::LongUrl | Purpose::IssuerCertificate => &[],
    }
}

/// Every HTTP exchange with its purpose and URL.
pub(super) fn exchanges(
    observations: &Observations,
) -> impl Iterator<Item = (&Observation, Purpose, &str)> {
    observations
        .items
        .iter()
        .filter_map(|observation| match &observation.probe {
            Probe::Http { purpose, url, .. } => Some((observation, *purpose, url.as_str())),
            Probe::Resolve { .. } | Probe::Connect { .. } | Probe::Tls { .. } => None,
        })
}

pub(super) fn collect(observations: &Observations, facts: &mut Facts) {
    for (observation, purpose, url) in exchanges(observations) {
        for source in sources(purpose) {
            exchange(observation, source, facts);
            if let (Purpose::GetCaCaps, Outcome::Response(http)) = (purpose, &observation.outcome) {
                capabilities(&Page::new(http), observation.n, facts);
            }
            if let (Purpose::OtherIdentifier, Outcome::Response(http)) =
                (purpose, &observation.outcome)
            {
                let page = Page::new(http);
                let valid = page.is_success() && is_capability_list(&page);
                facts.add("other-identifier.valid", valid, &[observation.n]);
            }
            if let (Purpose::OtherPath, Outcome::Response(http)) = (purpose, &observation.outcome) {
                other_path(&Page::new(http), url, observation.n, facts);
            }
        }
    }
    alike(facts);
    now_and_then(observations, facts);
    long_urls(observations, facts);
}

/// The word for how an exchange ended; `None` if it was not tried.
pub(super) fn outcome_word(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Response(_) => Some("response".to_owned()),
        Outcome::Failed { error, .. } => Some(super::network::error_word(*error).to_owned()),
        Outcome::Skipped { .. }
        | Outcome::Resolved { .. }
        | Outcome::Connected
        | Outcome::Secured(_) => None,
    }
}

fn exchange(observation: &Observation, source: &str, facts: &mut Facts) {
    let n = &[observation.n];
    let Some(outcome) = outcome_word(&observation.outcome) else {
        return;
    };
    facts.add(format!("{source}.outcome"), outcome, n);
    facts.add(format!("{source}.elapsed-ms"), observation.elapsed_ms, n);
    let Outcome::Response(http) = &observation.outcome else {
        return;
    };
    let page = Page::new(http);
    let mut put = |name: &str, value: Value| facts.add(format!("{source}.{name}"), value, n);
    put("status", http.status.into());
    put("body-length", http.body_len.into());
    put("shape", page.shape().as_str().into());
    let media_type = page.media_type();
    put(
        "content-type",
        if media_type.is_empty() {
            "none".into()
        } else {
            media_type.into()
        },
    );
    for (name, value) in asn1(&page) {
        put(name, value.into());
    }
    put("app-proxy", page.through_app_proxy().into());
    if let Some(server) = page.header("server") {
        put("server", server.into());
    }
    if let Some(title) = page.title() {
        put("title", title.into());
    }
    if let Some(via) = page.header("via") {
        put("via", via.into());
    }
    for challenge in page.headers("www-authenticate") {
        let scheme = challenge.split([' ', ',']).next().unwrap_or_default();
        put("authenticate", scheme.into());
    }
    if let Some(encoding) = page.header("content-encoding") {
        put("content-encoding", encoding.to_ascii_lowercase().into());
    }
    if let Some((host, path)) = page.location() {
        let elsewhere =
            !host.is_empty() && !host.eq_ignore_ascii_case(asked_host(&observation.probe));
        put("redirect-elsewhere", elsewhere.into());
        put("location-host", host.into());
        put("location-path", path.into());
    }
    for (name, value) in detailed_error(&page) {
        put(name, value.into());
    }
    let identified = writer::identify(&page);
    if identified.writer == writer::Writer::EntraAppProxy {
        if let Some(status) = writer::app_proxy_status(&page) {
            put("app-proxy-status", status.into());
        }
        put("slow-backend", page.lower.contains("timed out").into());
    }
    add_writer(source.to_string(), &identified, n, facts);
}

/// What a body of ASN.1 is encoded in, and what follows it.
fn asn1(page: &Page<'_>) -> Vec<(&'static str, &'static str)> {
    let whole = u64::try_from(page.body.len()).is_ok_and(|kept| kept == page.http.body_len);
    if page.shape() != Shape::Der || !whole {
        return Vec::new();
    }
    let Ok(value) = transcode(&page.body, &Limits::DEFAULT) else {
        return Vec::new();
    };
    let rest = page.body.get(value.used..).unwrap_or_default();
    let html = rest
        .iter()
        .find(|octet| !octet.is_ascii_whitespace())
        .is_some_and(|octet| *octet == b'<');
    let mut found = vec![("encoding", if value.was_ber() { "ber" } else { "der" })];
    if !rest.is_empty() {
        found.push(("trailing", if html { "html" } else { "other" }));
    }
    found
}

/// The host that a request went to, without port.
fn asked_host(probe: &Probe) -> &str {
    let Probe::Http { url, .. } = probe else {
        return "";
    };
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Whether NDES answers under another path than the one that was given.
fn other_path(page: &Page<'_>, url: &str, n: u32, facts: &mut Facts) {
    let valid = page.is_success() && is_capability_list(page);
    facts.add("other-path.valid", valid, &[n]);
    if valid {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let path = rest.find('/').and_then(|at| rest.get(at..));
        let path = path
            .unwrap_or_default()
            .split('?')
            .next()
            .unwrap_or_default();
        facts.add("other-path.path", path.to_ascii_lowercase(), &[n]);
    }
}

/// Who wrote it, marked as a deduction where the mark is not a sure one.
fn add_writer(source: String, identified: &writer::Identified, n: &[u32], facts: &mut Facts) {
    let path = source + ".writer";
    if identified.certain {
        facts.add(path, identified.writer.as_str(), n);
    } else {
        facts.add_inferred(path, identified.writer.as_str(), n);
    }
}

/// Substatus and error code that IIS' detailed error page shows.
fn detailed_error(page: &Page<'_>) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let title = page.title().unwrap_or_default();
    let Some((_, rest)) = title.split_once("Detailed Error - ") else {
        return found;
    };
    let code: String = rest
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    if code.contains('.') {
        found.push(("substatus", code));
    }
    if let Some(at) = page.lower.find("0x") {
        let digits: String = page
            .lower
            .get(at + 2..)
            .unwrap_or_default()
            .chars()
            .take_while(char::is_ascii_hexdigit)
            .collect();
        if digits.len() == 8 {
            found.push(("win32-code", format!("0x{digits}")));
        }
    }
    found
}

/// Whether a body can be taken for the answer to GetCACaps.
pub(super) fn is_capability_list(page: &Page<'_>) -> bool {
    page.is_success()
        && page.body.len() <= 4096
        && Capabilities::parse(&page.body)
            .words()
            .iter()
            .any(|word| is_known_capability(word))
}

fn is_known_capability(word: &str) -> bool {
    Capability::ALL
        .iter()
        .any(|known| known.keyword().eq_ignore_ascii_case(word))
}

fn capabilities(page: &Page<'_>, n: u32, facts: &mut Facts) {
    let valid = matches!(page.shape(), Shape::Text) && is_capability_list(page);
    facts.add("get-ca-caps.valid", valid, &[n]);
    if valid {
        let list = Capabilities::parse(&page.body);
        for word in list.words() {
            facts.add("get-ca-caps.word", word.as_str(), &[n]);
        }
        let digests = [Capability::Sha1, Capability::Sha256, Capability::Sha512];
        let listed = digests.iter().any(|digest| list.has(*digest));
        facts.add("get-ca-caps.lists-digest", listed, &[n]);
    }
}

/// What GetCACaps and GetCACert have in common.
fn alike(facts: &mut Facts) {
    let mut all = true;
    let mut seen = false;
    for name in [
        "outcome",
        "status",
        "writer",
        "location-host",
        "redirect-elsewhere",
    ] {
        let caps = facts.get(&format!("get-ca-caps.{name}"));
        let cert = facts.get(&format!("get-ca-cert.{name}"));
        match (caps, cert) {
            ([caps], [cert]) if caps.value == cert.value => {
                let numbers: Vec<u32> = caps
                    .observations
                    .iter()
                    .chain(&cert.observations)
                    .copied()
                    .collect();
                let (value, inferred) = (caps.value.clone(), caps.inferred && cert.inferred);
                seen = true;
                if inferred {
                    facts.add_inferred(format!("scep.{name}"), value, &numbers);
                } else {
                    facts.add(format!("scep.{name}"), value, &numbers);
                }
            }
            ([], []) => {}
            _ => {
                seen = true;
                all = false;
            }
        }
    }
    if seen {
        facts.add("scep.alike", all, &[]);
    }
}

/// Octets of a URL in which a message may be replaced by `<n octets>`.
fn url_octets(url: &str) -> usize {
    let placeholder = url.find('<').and_then(|from| {
        let rest = url.get(from + 1..)?;
        let (inner, _) = rest.split_once('>')?;
        let number: usize = inner
            .strip_suffix(" octets")?
            .replace(',', "")
            .parse()
            .ok()?;
        Some((inner.len() + 2, number))
    });
    placeholder.map_or(url.len(), |(written, octets)| url.len() - written + octets)
}

/// A queue that is full at times refuses some requests and lets others through; what is switched off
/// refuses all.
fn now_and_then(observations: &Observations, facts: &mut Facts) {
    let (mut refused, mut answered) = (Vec::new(), Vec::new());
    for (observation, purpose, _) in exchanges(observations) {
        let of_application = matches!(
            purpose,
            Purpose::BaseUrl | Purpose::GetCaCaps | Purpose::GetCaCert
        );
        let Outcome::Response(http) = &observation.outcome else {
            continue;
        };
        let by = writer::identify(&Page::new(http)).writer;
        if of_application && http.status == 503 && by == writer::Writer::HttpSys {
            refused.push(observation.n);
        } else if of_application && matches!(by, writer::Writer::Iis | writer::Writer::Mscep) {
            answered.push(observation.n);
        }
    }
    if !refused.is_empty() && !answered.is_empty() {
        let seen = [refused, answered].concat();
        facts.add("scep.refused-now-and-then", true, &seen);
    }
}

fn long_urls(observations: &Observations, facts: &mut Facts) {
    // Without one answer to a short URL there is nothing to compare with.
    let Some(short) = facts.only("get-ca-caps.status").cloned() else {
        return;
    };
    let mut longest_ok: Option<(usize, u32)> = None;
    let mut shortest_broken: Option<(usize, &Observation)> = None;
    // what breaks far beyond the limit names the limit that is meant: at its very edge headers count too
    let mut longest_broken: Option<(usize, &Observation)> = None;
    for (observation, _, url) in
        exchanges(observations).filter(|(_, purpose, _)| *purpose == Purpose::LongUrl)
    {
        if outcome_word(&observation.outcome).is_none() {
            continue;
        }
        let octets = url_octets(url);
        let ok =
            matches!(&observation.outcome, Outcome::Response(http) if short == http.status.into());
        if ok {
            if longest_ok.is_none_or(|(known, _)| octets > known) {
                longest_ok = Some((octets, observation.n));
            }
        } else {
            if shortest_broken.is_none_or(|(known, _)| octets < known) {
                shortest_broken = Some((octets, observation));
            }
            if longest_broken.is_none_or(|(known, _)| octets > known) {
                longest_broken = Some((octets, observation));
            }
        }
    }
    if let Some((octets, n)) = longest_ok {
        facts.add("long-url.longest-ok", octets, &[n]);
        if shortest_broken.is_none() {
            facts.add("long-url.broken", false, &[n]);
        }
    }
    let (Some((octets, shortest)), Some((_, observation))) = (shortest_broken, longest_broken)
    else {
        return;
    };
    facts.add("long-url.shortest-broken", octets, &[shortest.n]);
    let n = &[observation.n];
    facts.add("long-url.broken", true, n);
    if let Some(outcome) = outcome_word(&observation.outcome) {
        facts.add("long-url.outcome", outcome, n);
    }
    if let Outcome::Response(http) = &observation.outcome {
        let page = Page::new(http);
        facts.add("long-url.status", http.status, n);
        add_writer("long-url".to_owned(), &writer::identify(&page), n, facts);
        for (name, value) in detailed_error(&page) {
            if name == "substatus" {
                facts.add("long-url.substatus", value, n);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::url_octets;

    #[test]
    fn a_placeholder_counts_for_what_it_stands_for() {
        assert_eq!(
            url_octets("http://h/?operation=GetCACaps&message=<9000 octets>"),
            38 + 9000
        );
        assert_eq!(url_octets("http://h/?x"), 11);
        assert_eq!(url_octets("http://h/?<x"), 12);
    }
}
