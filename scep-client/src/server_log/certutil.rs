//! What `certutil` prints for `-ping`, `-verify -urlfetch`, `-urlcache CRL` and others. Its sentences are
//! translated; the verb, the codes and the URLs are not.

use std::io::BufRead;

use scep_failures::observation::LogRecord;

use super::Failure;
use super::collector::Collector;
use super::event::code_in;
use super::text::Pieces;

pub(super) fn is_output(head: &str) -> bool {
    head.contains("CertUtil: -")
}

/// Each line with a code is a record, and so is the end of each command. The verb stands there only, so
/// what came before it is that command's.
pub(super) fn read(
    mut lines: Pieces<impl BufRead>,
    into: &mut Collector<'_>,
) -> Result<(), Failure> {
    let mut waiting: Vec<(String, String)> = Vec::new();
    let mut url = String::new();
    while let Some(line) = lines.next()? {
        let line = line.trim();
        if let Some(at) = line.find("http://").or_else(|| line.find("ldap:///")) {
            url = line.get(at..).unwrap_or_default().to_owned();
        }
        let code = code_in(line);
        let Some(verb) = verb(line) else {
            if let Some(code) = code
                && waiting.len() < super::PER_KIND * 8
            {
                let text = if line.contains(&url) {
                    line.to_owned()
                } else {
                    format!("{line} {url}")
                };
                waiting.push((code, text));
            }
            continue;
        };
        let end = code.unwrap_or_else(|| "0x00000000".into());
        waiting.push((end, line.to_owned()));
        for (code, text) in waiting.drain(..) {
            into.add(record(verb, code, text));
        }
        url.clear();
    }
    Ok(())
}

/// `CertUtil: -ping command FAILED: 0x800706ba (…)`
fn verb(line: &str) -> Option<&str> {
    line.strip_prefix("CertUtil: -")?.split_whitespace().next()
}

fn record(verb: &str, code: String, text: String) -> LogRecord {
    LogRecord {
        log: "certutil".into(),
        source: verb.to_ascii_lowercase(),
        severity: if code == "0x00000000" {
            "information"
        } else {
            "error"
        }
        .into(),
        code,
        text,
        ..LogRecord::default()
    }
}

#[cfg(test)]
mod tests {
    use scep_failures::Catalogue;

    use super::*;

    #[test]
    fn each_command_has_its_codes() {
        let text = "Connecting to CA1.lab.example\\Lab Issuing CA ...\r\n\
            Server could not be reached: The RPC server is unavailable. 0x800706ba (WIN32: 1722)\r\n\
            CertUtil: -ping command FAILED: 0x800706ba (WIN32: 1722 RPC_S_SERVER_UNAVAILABLE)\r\n\
            ----------------  Certificate CDP  ----------------\r\n\
            Failed \"CDP\" Time: 0\r\n\
            Error retrieving URL: 0x80072ee7 (WinHttp: 12007)\r\n\
            http://pki.lab.example/CertEnroll/ca.crl\r\n\
            ERROR: 0x80092013 (-2146885613 CRYPT_E_REVOCATION_OFFLINE)\r\n\
            CertUtil: -verify command completed successfully.\r\n";
        assert!(is_output(text));
        let mut collector = Collector::new(Catalogue::builtin());
        assert!(read(Pieces::lines(text.as_bytes()), &mut collector).is_ok());
        let found: Vec<(String, String)> = collector
            .into_records()
            .into_iter()
            .map(|r| (r.source, r.code))
            .collect();
        let expected = [
            ("ping", "0x800706ba"),
            ("ping", "0x800706ba"),
            ("verify", "0x80072ee7"),
            ("verify", "0x80092013"),
            ("verify", "0x00000000"),
        ];
        assert_eq!(
            found,
            expected.map(|(verb, code)| (verb.to_owned(), code.to_owned()))
        );
    }
}
