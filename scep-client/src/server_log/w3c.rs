//! Logs in W3C form: IIS (`u_ex….log`) and HTTP.sys (`httperr….log`). A `#Fields:` line names the
//! columns.

use std::io::BufRead;

use scep_failures::observation::LogRecord;

use super::Failure;
use super::collector::Collector;
use super::event::seconds;
use super::text::Pieces;

pub(super) fn read(
    mut lines: Pieces<impl BufRead>,
    into: &mut Collector<'_>,
) -> Result<(), Failure> {
    let mut columns: Option<Vec<String>> = None;
    while let Some(line) = lines.next()? {
        let line = line.trim_end();
        if let Some(names) = line.strip_prefix("#Fields:") {
            columns = Some(names.split_whitespace().map(str::to_owned).collect());
        } else if let Some(columns) = &columns
            && !line.starts_with('#')
            && !line.is_empty()
            && let Some(record) = record(columns, line)
        {
            into.add(record);
        }
    }
    if columns.is_some() {
        Ok(())
    } else {
        Err(Failure::Format(
            "has no #Fields line, so its columns are not known".into(),
        ))
    }
}

fn record(columns: &[String], line: &str) -> Option<LogRecord> {
    let values: Vec<&str> = line.split_whitespace().collect();
    let value = |name: &str| {
        let at = columns.iter().position(|column| *column == name)?;
        values.get(at).copied()
    };
    let time = seconds(value("date").unwrap_or("-"), value("time").unwrap_or("-"));
    if let Some(reason) = value("s-reason") {
        return Some(LogRecord {
            log: "httperr".into(),
            time,
            severity: "error".into(),
            code: format!("{} {reason}", value("sc-status").unwrap_or("-")),
            text: line.to_owned(),
            ..LogRecord::default()
        });
    }
    // a web server may serve other things too
    let path = value("cs-uri-stem")?.to_lowercase();
    if !path.contains("mscep") && !path.contains("/certificateregistrationsvc/") {
        return None;
    }
    let status = value("sc-status")?;
    let failed = status.starts_with(['4', '5']);
    Some(LogRecord {
        log: "iis".into(),
        time,
        severity: if failed { "error" } else { "information" }.into(),
        code: format!("{status} {}", value("sc-substatus").unwrap_or("0")),
        text: line.to_owned(),
        ..LogRecord::default()
    })
}

#[cfg(test)]
mod tests {
    use super::super::collected;
    use super::*;

    fn parse(text: &str) -> Result<Vec<LogRecord>, String> {
        collected(|into| read(Pieces::lines(text.as_bytes()), into))
    }

    #[test]
    fn the_columns_are_those_of_the_fields_line() {
        let iis = "#Software: Microsoft Internet Information Services 10.0\n\
            #Fields: date time cs-method cs-uri-stem sc-status sc-substatus\n\
            2026-11-25 22:29:20 GET /certsrv/mscep/mscep.dll 404 15\n\
            2026-11-25 22:29:21 GET /favicon.ico 404 0\n\
            2026-11-25 22:29:22 POST /CertificateRegistrationSvc/Certificate/VerifyRequest 403 16\n\
            short line\n";
        let records = parse(iis).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[1].code, "403 16");
        assert!(records[1].text.contains("VerifyRequest"));
        assert_eq!(
            (records[0].log.as_str(), records[0].code.as_str()),
            ("iis", "404 15")
        );
        assert_eq!(records[0].time, seconds("2026-11-25", "22:29:20"));

        let httperr = "#Fields: date time sc-status s-siteid s-reason s-queuename\n\
            2026-11-25 22:29:20 503 1 AppOffline SCEP\n\
            2026-11-25 22:29:20 - - Timer_ConnectionIdle -\n";
        let codes: Vec<String> = parse(httperr)
            .unwrap()
            .into_iter()
            .map(|r| r.code)
            .collect();
        assert_eq!(codes, ["503 AppOffline", "- Timer_ConnectionIdle"]);
        assert!(parse("# no fields\n1 2").is_err());
    }
}
