use super::*;
use crate::baseline::Baseline;
use crate::deployment::Parts;
use crate::journal::JournalEntry;
use crate::profile::Profile;

const NOW: UnixTime = UnixTime(1_795_608_000);

struct Lab(Deployment);

impl Lab {
    fn new(baseline: &str) -> Self {
        let baseline = Baseline::load(baseline).unwrap();
        let profile = Profile::load(&baseline.profile).unwrap();
        let parts = Parts {
            seed: Some(1),
            ..Parts::default()
        };
        let mut d = Deployment::new(parts, profile, baseline.state, NOW).unwrap();
        d.start(NOW);
        Self(d)
    }

    /// What the journal says of the last request of a device with this persona.
    fn enroll(&mut self, persona: &str) -> JournalEntry {
        let persona: Persona = toml::from_str(persona).unwrap();
        enroll(&mut self.0, &persona, NOW).unwrap();
        self.0.journal().last().unwrap().clone()
    }

    fn ndes_events(&self) -> Vec<u32> {
        let events = self.0.events();
        events
            .filter(|e| e.source.contains("NetworkDeviceEnrollment"))
            .map(|e| e.id)
            .collect()
    }
}

fn status(entry: &JournalEntry) -> Option<&str> {
    let status = entry.message.as_ref()?.pki_status.as_deref()?;
    status.split(' ').next()
}

#[test]
fn an_honest_device_gets_a_certificate_by_post_and_by_get() {
    let mut lab = Lab::new("ndes-plain");
    for persona in [
        "",
        "method = 'GET'",
        "method = 'GET'\nbase64 = 'newlines'",
        "message = 'ber'",
        "message_len = 9000",
        "subject = 'CN=other,O=Lab'\nsubject_alt_names = ['DNS:other.lab.example', 'IP:192.0.2.7']",
    ] {
        let entry = lab.enroll(persona);
        assert_eq!(status(&entry), Some("SUCCESS"), "{persona}: {entry:?}");
    }
    assert_eq!(lab.0.issued().len(), 6);
    let longest = lab.0.journal().map(|e| e.body_len).max().unwrap();
    assert!((8_500..9_400).contains(&longest), "{longest}");
}

#[test]
fn what_a_device_does_wrong_leaves_the_event_that_a_server_writes_then() {
    for (persona, event) in [
        ("message = 'garbage'", 17),
        ("message = 'truncated'", 17),
        ("recipient = 'ca'", 18),
        ("recipient = 'ra-signing'", 18),
        ("recipient = 'stale'", 18),
        ("method = 'GET'\nbase64 = 'twice'", 16),
        ("challenge = 'wrong'", 29),
        ("challenge = 'missing'", 29),
    ] {
        let mut lab = Lab::new("ndes-plain");
        // Or request filtering answers what is escaped twice.
        lab.0.state.iis.request_filtering.allow_double_escaping = true;
        let entry = lab.enroll(persona);
        assert_ne!(status(&entry), Some("SUCCESS"), "{persona}");
        assert!(
            lab.ndes_events().contains(&event),
            "{persona}: {:?} {entry:?}",
            lab.ndes_events()
        );
    }
}

#[test]
fn a_device_signs_with_what_it_got_and_asks_again_for_what_is_pending() {
    let mut lab = Lab::new("ndes-plain");
    lab.enroll("");
    let renewed = lab.enroll("signer = 'previous'\nchallenge = 'missing'");
    assert_eq!(status(&renewed), Some("SUCCESS"), "{renewed:?}");
    for signer in ["expired", "other-ca"] {
        let refused = lab.enroll(&format!("signer = '{signer}'\nchallenge = 'missing'"));
        assert_ne!(status(&refused), Some("SUCCESS"), "{signer}");
    }

    let approval = "ca.template.manager_approval = true".parse().unwrap();
    lab.0.set(&approval, "test", NOW).unwrap();
    assert_eq!(status(&lab.enroll("")), Some("PENDING"));
    let ask = |lab: &mut Lab| {
        poll(&mut lab.0, &Persona::default(), NOW).unwrap();
        lab.0.journal().last().unwrap().clone()
    };
    assert_eq!(status(&ask(&mut lab)), Some("PENDING"));
    lab.0.resolve_pending(true);
    assert_eq!(status(&ask(&mut lab)), Some("SUCCESS"));
}

#[test]
fn where_a_device_asks_is_its_own_choice() {
    let mut lab = Lab::new("ndes-plain");
    assert_eq!(lab.enroll("path = '/'").path, "/");
    let entry = lab.enroll("operation = 'PKIOperatoin'");
    assert_eq!(entry.operation.as_deref(), Some("PKIOperatoin"));
    assert_ne!(status(&entry), Some("SUCCESS"));
    let before = lab.0.journal().count();
    lab.enroll("times = 3\nchallenge = 'missing'");
    assert_eq!(lab.0.journal().count() - before, 3);
}
