//! What `netsh winhttp show proxy` prints: whether the machine's services go through a forward proxy.

use std::io::BufRead;

use scep_failures::observation::LogRecord;

use super::Failure;
use super::collector::Collector;
use super::text::Pieces;

pub(super) fn is_output(head: &str) -> bool {
    head.contains("WinHTTP")
}

/// One record: code `proxy` or `direct`, and what was printed.
pub(super) fn read(
    mut lines: Pieces<impl BufRead>,
    into: &mut Collector<'_>,
) -> Result<(), Failure> {
    let mut text = Vec::new();
    while let Some(line) = lines.next()? {
        if !line.trim().is_empty() && text.len() < super::PER_KIND {
            text.push(line.trim().to_owned());
        }
    }
    let proxied = text
        .iter()
        .any(|line| line.split_whitespace().any(is_authority));
    into.add(LogRecord {
        log: "netsh".into(),
        code: if proxied { "proxy" } else { "direct" }.into(),
        severity: "information".into(),
        text: text.join(" "),
        ..LogRecord::default()
    });
    Ok(())
}

/// `proxy.example:8080`, also as `http=proxy.example:8080;https=…`
fn is_authority(word: &str) -> bool {
    word.split([';', '=']).any(|part| {
        part.rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use scep_failures::Catalogue;

    use super::*;

    #[test]
    fn a_proxy_is_told_from_none() {
        for (line, code) in [
            ("    Direct access (no proxy server).", "direct"),
            (
                "    Proxy Server(s) :  proxy.example:8080\r\n    Bypass List : <local>",
                "proxy",
            ),
            (
                "    Proxyserver:  http=10.0.0.1:80;https=10.0.0.1:80",
                "proxy",
            ),
        ] {
            let text = format!("\r\nCurrent WinHTTP proxy settings:\r\n\r\n{line}\r\n\r\n");
            assert!(is_output(&text));
            let mut collector = Collector::new(Catalogue::builtin());
            assert!(read(Pieces::lines(text.as_bytes()), &mut collector).is_ok());
            assert_eq!(collector.into_records()[0].code, code, "{line}");
        }
    }
}
