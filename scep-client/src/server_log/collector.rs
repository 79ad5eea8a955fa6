//! Keeps of many records that say the same only the latest.

use std::collections::{HashMap, VecDeque};

use scep_failures::Catalogue;
use scep_failures::catalogue::LogEvidence;
use scep_failures::observation::LogRecord;

/// So many records of one kind are kept: the same log, source, event and code, and the same line of the
/// catalogue that speaks of it.
pub const PER_KIND: usize = 32;

/// So many kinds are told apart in a file; a text that is no log could have any number of them.
const MAX_KINDS: usize = 20_000;

#[derive(PartialEq, Eq, Hash)]
struct Kind {
    log: String,
    source: String,
    event_id: u32,
    code: String,
    /// The first line of the catalogue that means such a record.
    meant_by: Option<usize>,
}

pub(super) struct Collector<'c> {
    evidence: Vec<&'c LogEvidence>,
    kinds: HashMap<Kind, VecDeque<(u64, LogRecord)>>,
    read: u64,
    dropped: u64,
}

impl<'c> Collector<'c> {
    pub(super) fn new(catalogue: &'c Catalogue) -> Self {
        let evidence = catalogue.modes().flat_map(|mode| {
            let of_variants = mode.variants.iter().flat_map(|variant| &variant.evidence);
            mode.evidence.iter().chain(of_variants)
        });
        Self {
            evidence: evidence.collect(),
            kinds: HashMap::new(),
            read: 0,
            dropped: 0,
        }
    }

    pub(super) fn add(&mut self, record: LogRecord) {
        self.read += 1;
        let mut means = self.evidence.iter();
        let kind = Kind {
            log: record.log.clone(),
            source: record.source.clone(),
            event_id: record.event_id,
            code: record.code.clone(),
            meant_by: means.position(|evidence| evidence.matches(&record)),
        };
        if self.kinds.len() >= MAX_KINDS && !self.kinds.contains_key(&kind) {
            self.dropped += 1;
            return;
        }
        let kept = self.kinds.entry(kind).or_default();
        if kept.len() >= PER_KIND {
            kept.pop_front();
            self.dropped += 1;
        }
        kept.push_back((self.read, record));
    }

    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The records in the order in which they came.
    pub(super) fn into_records(self) -> Vec<LogRecord> {
        let mut records: Vec<_> = self.kinds.into_values().flatten().collect();
        records.sort_by_key(|(n, _)| *n);
        records.into_iter().map(|(_, record)| record).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_modes_apart_is_not_lost_among_the_many() {
        let mut collector = Collector::new(Catalogue::builtin());
        let line = |text: &str, time| LogRecord {
            log: "iis".into(),
            code: "403 16".into(),
            text: text.into(),
            time,
            ..LogRecord::default()
        };
        collector.add(line(
            "POST /CertificateRegistrationSvc/Certificate/VerifyRequest",
            0,
        ));
        for n in 1..=100_000 {
            collector.add(line("GET /certsrv/mscep/mscep.dll", n));
        }
        assert_eq!((collector.read(), collector.dropped()), (100_001, 99_968));
        let records = collector.into_records();
        assert_eq!(records.len(), 33);
        assert_eq!(records[0].time, 0);
        assert_eq!(records[32].time, 100_000);
    }

    #[test]
    fn any_number_of_kinds_is_bounded() {
        let mut collector = Collector::new(Catalogue::builtin());
        for n in 0..50_000 {
            collector.add(LogRecord {
                log: "iis".into(),
                code: n.to_string(),
                ..LogRecord::default()
            });
        }
        assert_eq!(collector.into_records().len(), MAX_KINDS);
    }
}
