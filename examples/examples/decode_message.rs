//! Decodes a pkiMessage: here one from a line of an IIS log, as a GET enrollment leaves it there.
//!
//! `cargo run --example decode_message`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use scep_core::crypto::RustCrypto;
use scep_core::inspect::unwrap_input;
use scep_core::limits::Limits;
use scep_core::message::SignedMessage;
use scep_core::policy::AlgorithmPolicy;

/// `message=` of the query holds the message, in base64 with percent signs.
const LOG_LINE: &[u8] = include_bytes!("iis.log");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // DER, BER, PEM, base64, a URL or a log line: whatever it was, now it is octets
    let (encoding, blocks) = unwrap_input(LOG_LINE)?;
    let octets = blocks.first().ok_or("the line holds no message")?;
    println!("{} octets, {encoding}", octets.len());

    // decoding checks the structure only; what is unusual but understood is a deviation
    let message = SignedMessage::decode(octets, &Limits::DEFAULT)?;
    let attributes = message.attributes();
    println!("{}", attributes.message_type);
    println!("transaction {}", attributes.transaction_id);
    for deviation in message.deviations().as_slice() {
        println!("{} (section {})", deviation.text, deviation.section);
    }

    // only a verified message tells who signed, and only it can be opened
    let verified = message.verify(&RustCrypto, &AlgorithmPolicy::RFC8894, &[])?;
    println!("signed by {}", verified.signer().subject());
    let envelope = verified.envelope(&Limits::DEFAULT)?;
    println!("encrypted to {} recipient", envelope.recipients.len());
    Ok(())
}
