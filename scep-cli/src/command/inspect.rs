//! `scep inspect`: shows what a message, certificate or request says.

use std::path::PathBuf;

use scep_core::crypto::{CryptoProvider, SystemRandom};
use scep_core::deviation::Deviation;
use scep_core::inspect::{self, Aids, CertificateSummary, OutlineLine, Report, SignatureVerdict};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Result;
use crate::files;
use crate::options;
use crate::render::Renderer;

/// Arguments of `scep inspect`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// File to inspect, or - for stdin: DER, BER, PEM, base64, hexadecimal, a URL or log line with
    /// message=.
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Private key that opens the envelope (may be given several times).
    #[arg(long, value_name = "FILE")]
    key_file: Vec<PathBuf>,
    /// File with challenge passwords, one a line, that may open the envelope.
    #[arg(long, value_name = "FILE")]
    challenge_file: Option<PathBuf>,
    /// Show the ASN.1 values with their offsets.
    #[arg(long)]
    tree: bool,
    /// Certificates that may have signed, such as a GetCACert result.
    #[arg(long, value_name = "FILE")]
    ca_file: Vec<PathBuf>,
    /// Exit with 1 if anything is unusual.
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(args: &Args, provider: &dyn CryptoProvider, renderer: &Renderer) -> Result {
    let mut aids = Aids::default();
    for path in &args.key_file {
        aids.keys.push(options::load_key(provider, path)?);
    }
    for path in &args.ca_file {
        aids.certificates.extend(options::certificates(path)?);
    }
    if let Some(path) = &args.challenge_file {
        aids.passwords = options::challenges(path)?;
    }
    let input = files::read(&args.file)?;
    let report = match inspect::inspect(provider, &input, &aids, &mut SystemRandom) {
        Ok(report) => report,
        Err(error) => {
            not_understood(&input, &error, args.json, renderer);
            return Ok(Exit::Bad);
        }
    };
    let outline = if args.tree {
        outline(&input)
    } else {
        Vec::new()
    };
    if args.json {
        let mut value = to_json(&report);
        if let (true, Some(fields)) = (args.tree, value.as_object_mut()) {
            fields.insert("outline".into(), outline_json(&outline));
        }
        renderer.json(&value);
    } else {
        print(&report, 0, renderer);
        print_outline(&outline, renderer);
    }
    Ok(if args.strict && unusual(&report) {
        Exit::Bad
    } else {
        Exit::Good
    })
}

/// Whether anything is out of order, here or in the content.
fn unusual(report: &Report) -> bool {
    !report.deviations.as_slice().is_empty()
        || matches!(report.signature, Some(SignatureVerdict::Wrong { .. }))
        || report.content.as_deref().is_some_and(unusual)
}

/// The values of the first block of an input, with their offsets.
fn outline(input: &[u8]) -> Vec<OutlineLine> {
    let octets = inspect::unwrap_input(input)
        .ok()
        .and_then(|(_, blocks)| blocks.into_iter().next())
        .unwrap_or_else(|| input.to_vec());
    if octets.first() == Some(&0x30) {
        inspect::outline(&octets)
    } else {
        Vec::new()
    }
}

fn outline_json(outline: &[OutlineLine]) -> Value {
    let line = |l: &OutlineLine| json!({"offset": l.offset, "depth": l.depth, "type": l.name, "len": l.len, "text": l.text, "cut": l.cut});
    outline.iter().map(line).collect()
}

fn print_outline(outline: &[OutlineLine], renderer: &Renderer) {
    for line in outline {
        let len = line
            .len
            .map_or_else(|| "indefinite".to_string(), |len| len.to_string());
        let cut = if line.cut { "  <- cut short" } else { "" };
        renderer.line(format!(
            "{:>6}  {}{} ({len}) {}{cut}",
            line.offset,
            "  ".repeat(line.depth),
            line.name,
            line.text
        ));
    }
}

/// The sentence, and as much of the structure as can be read.
fn not_understood(input: &[u8], error: &scep_core::Error, json: bool, renderer: &Renderer) {
    let outline = outline(input);
    if json {
        renderer.json(&json!({
            "kind": Value::Null,
            "error": error.to_string(),
            "position": error.position(),
            "outline": outline_json(&outline),
        }));
        return;
    }
    renderer.error(&format!("not understood: {error}"));
    if !outline.is_empty() {
        renderer.line("What could be read:");
        print_outline(&outline, renderer);
    }
}

/// The RFC's name of a value, or the value itself if the RFC has no name for it.
fn word<'a>(name: &'a str, value: &'a str) -> &'a str {
    if name == "unknown" { value } else { name }
}

fn to_json(report: &Report) -> Value {
    let attributes = report.attributes.as_ref();
    let signature = report.signature.as_ref().map(|verdict| match verdict {
        SignatureVerdict::Valid { signer } => json!({"verdict": "valid", "signer": signer}),
        SignatureVerdict::Wrong { why } => json!({"verdict": "wrong", "why": why}),
        SignatureVerdict::NotChecked { why } => json!({"verdict": "not-checked", "why": why}),
    });
    let recipients: Vec<Value> = report
        .recipients
        .iter()
        .map(|r| json!({"id": r.id, "key_transport": r.algorithm}))
        .collect();
    json!({
        "kind": report.kind.name(),
        "encoding": report.encoding,
        "octets": report.octets,
        "message_type": attributes.map(|a| word(a.message_type.name(), a.message_type.as_text())),
        "transaction_id": attributes.map(|a| a.transaction_id.as_str()),
        "pki_status": attributes.and_then(|a| a.pki_status.as_ref()).map(|s| word(s.name(), s.as_text())),
        "fail_info": attributes.and_then(|a| a.fail_info.as_ref()).map(|i| word(i.name(), i.as_text())),
        "fail_info_text": attributes.and_then(|a| a.fail_info_text.as_deref()),
        "hresult": attributes.and_then(|a| a.microsoft.hresult).map(|h| format!("0x{h:08X}")),
        "server_message": attributes.and_then(|a| a.microsoft.server_message.as_deref()),
        "microsoft": attributes.map(|a| a.microsoft.untyped().map(|(name, value)| (name.to_owned(), json!(value.len()))).collect::<serde_json::Map<_, _>>()),
        "sender_nonce": attributes.and_then(|a| a.sender_nonce.as_ref()).map(|n| format!("{n}")),
        "recipient_nonce": attributes.and_then(|a| a.recipient_nonce.as_ref()).map(|n| format!("{n}")),
        "digest": report.digest,
        "cipher": report.cipher,
        "signer": report.signer,
        "signature": signature,
        "recipients": recipients,
        "certificates": report.certificates.iter().map(certificate).collect::<Vec<_>>(),
        "subject": report.subject,
        "issuer": report.issuer,
        "serial": report.serial,
        "not_before": report.not_before.map(|t| t.to_string()),
        "not_after": report.not_after.map(|t| t.to_string()),
        "subject_alt_names": report.subject_alt_names,
        "has_challenge": report.has_challenge,
        "challenge_type": report.challenge_type,
        "content_len": report.content_len,
        "content": report.content.as_deref().map(to_json),
        "not_opened": report.not_opened,
        "deviations": report.deviations.as_slice().iter().map(deviation).collect::<Vec<_>>(),
    })
}

fn certificate(c: &CertificateSummary) -> Value {
    json!({
        "subject": c.subject,
        "issuer": c.issuer,
        "serial": c.serial,
        "not_before": c.not_before.to_string(),
        "not_after": c.not_after.to_string(),
        "ca": c.is_ca,
        "key_usage": c.key_usage,
    })
}

fn deviation(d: &Deviation) -> Value {
    json!({"id": d.id, "section": d.section, "text": d.text})
}

/// The report in lines `name   value`, indented for decrypted content.
fn print(report: &Report, depth: usize, renderer: &Renderer) {
    let indent = "  ".repeat(depth);
    let row = |name: &str, value: &str| renderer.hanging(&format!("{indent}  {name:<16} "), value);
    if depth == 0 {
        renderer.line(format!(
            "{}, {}, {} octets",
            report.kind.name(),
            report.encoding,
            report.octets
        ));
    } else {
        renderer.line(format!("{indent}{}", report.kind.name()));
    }
    if let Some(a) = &report.attributes {
        row("messageType", &a.message_type.to_string());
        row("transactionID", a.transaction_id.as_str());
        let optional = [
            ("pkiStatus", a.pki_status.as_ref().map(ToString::to_string)),
            ("failInfo", a.fail_info.as_ref().map(ToString::to_string)),
            ("failInfoText", a.fail_info_text.clone()),
            (
                "Windows error",
                a.microsoft.hresult.map(|h| format!("0x{h:08X}")),
            ),
            ("server message", a.microsoft.server_message.clone()),
            (
                "senderNonce",
                a.sender_nonce.as_ref().map(ToString::to_string),
            ),
            (
                "recipientNonce",
                a.recipient_nonce.as_ref().map(ToString::to_string),
            ),
            ("signingTime", a.signing_time.map(|t| t.to_string())),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                row(name, &value);
            }
        }
        for (name, value) in a.microsoft.untyped() {
            row(name, &format!("{} octets (Microsoft)", value.len()));
        }
    }
    let optional = [
        ("subject", report.subject.clone()),
        ("issuer", report.issuer.clone()),
        ("serial", report.serial.clone()),
        ("from", report.not_before.map(|t| t.to_string())),
        ("until", report.not_after.map(|t| t.to_string())),
        ("signer", report.signer.clone()),
        ("digest", report.digest.clone()),
        ("cipher", report.cipher.clone()),
        ("not decrypted", report.not_opened.clone()),
        (
            "challenge",
            report
                .challenge_type
                .as_ref()
                .map(|t| format!("present, {t} (not shown)")),
        ),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            row(name, &value);
        }
    }
    match &report.signature {
        Some(SignatureVerdict::Valid { signer }) => {
            row("signature", &format!("valid, by {signer}"));
        }
        Some(SignatureVerdict::Wrong { why }) => row("signature", &format!("WRONG: {why}")),
        Some(SignatureVerdict::NotChecked { why }) => {
            row("signature", &format!("not checked: {why}"));
        }
        None => {}
    }
    for name in &report.subject_alt_names {
        row("also named", name);
    }
    for recipient in &report.recipients {
        row(
            "recipient",
            &format!("{} ({})", recipient.id, recipient.algorithm),
        );
    }
    for c in &report.certificates {
        row(
            "certificate",
            &format!("{}, serial {}, until {}", c.subject, c.serial, c.not_after),
        );
    }
    if let Some(content) = &report.content {
        renderer.line(format!("{indent}Content, decrypted"));
        print(content, depth + 1, renderer);
    }
    if !report.deviations.as_slice().is_empty() {
        renderer.line(format!("{indent}Deviations"));
        for d in report.deviations.as_slice() {
            renderer.hanging(
                &format!("{indent}  {:<24} {:<14} ", d.id, d.section),
                &d.text,
            );
        }
    }
}
