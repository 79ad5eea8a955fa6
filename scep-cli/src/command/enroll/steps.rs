//! The steps of an enrollment, as they are made.

use scep_client::enroll::Event;
use scep_core::capabilities::Capability;
use scep_core::client::Refusal;
use scep_core::crypto::CryptoProvider;

use crate::render::{Columns, Renderer, Verdict};

const COLUMNS: Columns = Columns { label: 3, name: 12 };

pub(super) fn step(event: &Event<'_>, provider: &dyn CryptoProvider, renderer: &Renderer) {
    let show = |n: u32, name: &str, verdict: Verdict, text: &str| {
        renderer.step(COLUMNS, &format!("[{n}]"), name, verdict, text);
    };
    match event {
        Event::Capabilities {
            n,
            capabilities,
            method,
            algorithms,
        } => {
            let used = match algorithms {
                Some((digest, cipher)) => format!("{digest}, {cipher}"),
                None => "nothing that the policy allows".into(),
            };
            let aes = if capabilities.has(Capability::Aes) {
                ""
            } else {
                " (AES is not offered)"
            };
            show(
                *n,
                "GetCACaps",
                Verdict::Ok,
                &format!("using {}, {used}{aes}", method.as_str()),
            );
        }
        Event::CaCertificates { n, roles } => {
            let text = format!("enveloping to {}", roles.encryption.subject());
            show(*n, "GetCACert", Verdict::Ok, &text);
            let below = " ".repeat(28);
            // the last reason is that of the recipient
            if let Some(why) = roles.why.last() {
                renderer.hanging(&below, why);
            }
            if let Ok(hash) = roles.issuing_ca.sha256(provider) {
                let hex: String = hash.iter().map(|octet| format!("{octet:02x}")).collect();
                renderer.hanging(
                    &below,
                    &format!("issuing CA {}", roles.issuing_ca.subject()),
                );
                renderer.hanging(&below, &format!("SHA-256 {hex}"));
            }
        }
        Event::Pending {
            n,
            transaction_id,
            next_poll,
        } => {
            let text = format!(
                "an administrator has to approve; transaction {transaction_id}, next poll {next_poll}"
            );
            show(*n, "PKIOperation", Verdict::Pending, &text);
        }
        Event::Issued { n, issued } => {
            let c = &issued.certificate;
            let text = format!(
                "issued: {}, serial {}, until {}",
                c.subject(),
                c.serial_hex(),
                c.not_after()
            );
            show(*n, "PKIOperation", Verdict::Ok, &text);
        }
        Event::Refused { n, refusal } => {
            show(*n, "PKIOperation", Verdict::Fail, &refusal_text(refusal));
        }
        Event::GetInstead { n } => show(
            *n,
            "PKIOperation",
            Verdict::Fail,
            "POST is listed, but not taken: asking by GET",
        ),
        Event::Retrying { n, after } => {
            show(
                *n,
                "network",
                Verdict::Fail,
                &format!("trying again in {} s", after.as_secs()),
            );
        }
        _ => {}
    }
}

/// `FAILURE, failInfo badRequest (2), Windows error 0x80094811`
fn refusal_text(refusal: &Refusal) -> String {
    let mut text = String::from("FAILURE");
    if let Some(info) = &refusal.fail_info {
        text.push_str(&format!(", failInfo {info}"));
    }
    if let Some(hresult) = refusal.hresult {
        text.push_str(&format!(", Windows error 0x{hresult:08X}"));
    }
    for words in [&refusal.text, &refusal.server_message]
        .into_iter()
        .flatten()
    {
        text.push_str(&format!(", \"{words}\""));
    }
    text
}
