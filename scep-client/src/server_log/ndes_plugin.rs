//! NDESPlugin.log, of the policy module. It has no form that would be documented: a line is a record.

use std::io::BufRead;

use scep_failures::observation::LogRecord;

use super::Failure;
use super::collector::Collector;
use super::event::code_in;
use super::text::Pieces;

/// What such a log speaks of, and hardly anything else does.
const MARKS: [&str; 6] = [
    "ndesplugin",
    "ndes_plugin",
    "ndes plugin",
    "verifyrequest",
    "certificate registration point",
    "verify challenge returns",
];

pub(super) fn is_log(head: &str) -> bool {
    let head = head.to_ascii_lowercase();
    MARKS.iter().any(|mark| head.contains(mark))
}

pub(super) fn read(
    mut lines: Pieces<impl BufRead>,
    into: &mut Collector<'_>,
) -> Result<(), Failure> {
    while let Some(line) = lines.next()? {
        let line = line.trim();
        if !line.is_empty() {
            into.add(LogRecord {
                log: "ndes-plugin".into(),
                code: code(line).unwrap_or_default(),
                text: line.into(),
                ..LogRecord::default()
            });
        }
    }
    Ok(())
}

/// A code of eight digits; else the status of HTTP or the number of WinHTTP that a line complains of.
fn code(line: &str) -> Option<String> {
    let number = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_digit());
        let value: u32 = word.parse().ok()?;
        let http = word.len() == 3 && (400..600).contains(&value);
        (http || (12_001..12_200).contains(&value)).then(|| word.to_owned())
    };
    code_in(line).or_else(|| {
        line.split([' ', '\t', ':', '(', ')', '<', '>', '='])
            .find_map(number)
    })
}

#[cfg(test)]
mod tests {
    use scep_failures::Catalogue;

    use super::*;

    #[test]
    fn lines_are_records() {
        let mut collector = Collector::new(Catalogue::builtin());
        let text =
            "NDESPlugin: a 0x80094012\n\n[403] Forbidden\nError 12029: no connection\nline 17\n";
        assert!(is_log(text));
        assert!(read(Pieces::lines(text.as_bytes()), &mut collector).is_ok());
        let codes: Vec<String> = collector
            .into_records()
            .into_iter()
            .map(|r| r.code)
            .collect();
        assert_eq!(codes, ["0x80094012", "403", "12029", ""]);
    }
}
