//! A name server on loopback that knows the deployment's names (RFC 1035, by UDP).
//!
//! Clients that are told to ask it can use the names that the simulated organisation uses, and meet
//! what is wrong with its DNS.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use tokio::net::UdpSocket;

use super::Shared;
use crate::layer::dns::{Host, NoAnswer, resolve};

const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_AAAA: u16 = 28;
const CLASS_IN: u16 = 1;
/// Answer, authoritative, recursion desired and available.
const FLAGS: u16 = 0x8580;
const FORMAT_ERROR: u16 = 1;
const SERVER_FAILURE: u16 = 2;
const NO_SUCH_NAME: u16 = 3;
/// Nobody shall keep what the next failure mode changes.
const TIME_TO_LIVE: [u8; 4] = [0; 4];
/// Longest question that is read.
const LONGEST: usize = 512;

/// Answers questions until the mock ends.
pub(super) async fn run(shared: Arc<Shared>, socket: UdpSocket) {
    let mut buffer = [0; LONGEST];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else {
            tokio::time::sleep(super::http::BREATH).await;
            continue;
        };
        let asked = buffer.get(..length).unwrap_or_default();
        if let Some(answer) = answer(&shared, asked) {
            let _ = socket.send_to(&answer, peer).await;
        }
    }
}

/// The answer to a question; `None` to what is none.
fn answer(shared: &Shared, asked: &[u8]) -> Option<Vec<u8>> {
    let id = asked.get(..2)?;
    // an answer is not answered
    if asked.get(2)? & 0x80 != 0 {
        return None;
    }
    let Some(question) = Question::read(asked) else {
        return Some(message(id, FORMAT_ERROR, None, &[]));
    };
    let found = shared.look(|s| resolve(s.deployment().state(), &question.name));
    let (host, cnames) = match found {
        Ok(found) => found,
        Err(NoAnswer::NoSuchName) => return Some(message(id, NO_SUCH_NAME, Some(&question), &[])),
        Err(NoAnswer::ServerFailure) => {
            return Some(message(id, SERVER_FAILURE, Some(&question), &[]));
        }
    };
    let mut records = Vec::new();
    let mut owner = question.name.clone();
    for name in cnames {
        records.push(record(&owner, TYPE_CNAME, &labels(&name)));
        owner = name;
    }
    match (address(shared, host), question.kind) {
        (Some(IpAddr::V4(ip)), TYPE_A) => records.push(record(&owner, TYPE_A, &ip.octets())),
        (Some(IpAddr::V6(ip)), TYPE_AAAA) => records.push(record(&owner, TYPE_AAAA, &ip.octets())),
        _ => {}
    }
    Some(message(id, 0, Some(&question), &records))
}

/// Where on this machine a host of the simulation is.
fn address(shared: &Shared, host: Host) -> Option<IpAddr> {
    let here = match shared.addresses.scep.ip() {
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    match host {
        Host::Ndes | Host::Proxy => Some(here),
        Host::Pki => Some(shared.addresses.crl.ip()),
        Host::OldWeb => shared.addresses.old_web.map(|address| address.ip()),
    }
}

struct Question {
    name: String,
    kind: u16,
    /// As it was asked.
    octets: Vec<u8>,
}

impl Question {
    /// The one question of a message.
    fn read(message: &[u8]) -> Option<Self> {
        const HEADER: usize = 12;
        if message.get(4..6)? != [0, 1] {
            return None;
        }
        let mut at = HEADER;
        let mut labels = Vec::new();
        loop {
            let length = usize::from(*message.get(at)?);
            at += 1;
            match length {
                0 => break,
                1..=63 => {
                    let label = message.get(at..at + length)?;
                    labels.push(String::from_utf8_lossy(label).into_owned());
                    at += length;
                }
                // a pointer has nothing to point to in a question
                _ => return None,
            }
        }
        let kind = <[u8; 2]>::try_from(message.get(at..at + 2)?).ok()?;
        Some(Self {
            name: labels.join("."),
            kind: u16::from_be_bytes(kind),
            octets: message.get(HEADER..at + 4)?.to_vec(),
        })
    }
}

fn labels(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        out.push(u8::try_from(label.len()).unwrap_or(0));
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}

fn record(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
    let mut out = labels(owner);
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&CLASS_IN.to_be_bytes());
    out.extend_from_slice(&TIME_TO_LIVE);
    out.extend_from_slice(&u16::try_from(data.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(data);
    out
}

fn message(id: &[u8], code: u16, question: Option<&Question>, records: &[Vec<u8>]) -> Vec<u8> {
    let mut out = id.to_vec();
    out.extend_from_slice(&(FLAGS | code).to_be_bytes());
    out.extend_from_slice(&u16::from(question.is_some()).to_be_bytes());
    let count = u16::try_from(records.len()).unwrap_or(0);
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    if let Some(question) = question {
        out.extend_from_slice(&question.octets);
    }
    out.extend(records.iter().flatten());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_and_a_pointer_or_a_cut_one_is_not() {
        let mut asked = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        asked.extend(labels("ndes.lab.example"));
        asked.extend([0, 1, 0, 1]);
        let question = Question::read(&asked).unwrap();
        assert_eq!(
            (question.name.as_str(), question.kind),
            ("ndes.lab.example", TYPE_A)
        );
        for length in 0..asked.len() {
            assert!(Question::read(&asked[..length]).is_none(), "{length}");
        }
        asked[12] = 0xc0;
        assert!(Question::read(&asked).is_none());
    }
}
