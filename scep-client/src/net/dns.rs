//! Questions to a name server (RFC 1035): the chain of canonical names behind a host name, which
//! `getaddrinfo` hides, and addresses where another server than the operating system's is asked.
//!
//! A published NDES has a name that leads to the application proxy; whether it does is a clue.
//! The chain is best effort: one question to the first configured name server, and no answer is no
//! chain.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use scep_failures::observation::NetworkErrorKind;
use tokio::net::UdpSocket;

use super::error;
use crate::network::{NetworkError, Resolution};
use crate::platform;

const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_AAAA: u16 = 28;
/// RCODE 3, NXDOMAIN.
const NO_SUCH_NAME: u16 = 3;
/// A question or its answer may get lost; it is asked again after this.
const AGAIN: Duration = Duration::from_secs(2);
const CLASS_IN: u16 = 1;
/// The addresses are known by then; nobody waits long for names.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest chain and longest run of compression pointers that is followed.
const MAX_HOPS: usize = 16;

/// The canonical names on the way from `host`, in order; empty if there are none or nobody tells.
pub(super) async fn canonical_names(host: &str) -> Vec<String> {
    let Some(server) = platform::name_server().await else {
        return Vec::new();
    };
    let id = number();
    let Some(question) = question(id, host, TYPE_A) else {
        return Vec::new();
    };
    match tokio::time::timeout(PATIENCE, ask(server, &question)).await {
        Ok(Ok(answer)) => chain(&answer, id, host).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Addresses and canonical names of `host`, from one name server. Waits for ever for one that is
/// silent.
pub(super) async fn lookup(server: SocketAddr, host: &str) -> Result<Resolution, NetworkError> {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let mut found = Resolution::default();
    if let Ok(address) = literal.parse::<IpAddr>() {
        found.addresses.push(address);
        return Ok(found);
    }
    for kind in [TYPE_A, TYPE_AAAA] {
        let id = number();
        let question = question(id, host, kind).ok_or_else(|| {
            error(
                NetworkErrorKind::NameNotFound,
                format!("{host} cannot be a host name"),
            )
        })?;
        let answer = ask_again(server, &question).await?;
        let records = records(&answer, id).ok_or_else(|| {
            let text = format!("{server} gave an answer that cannot be read");
            error(NetworkErrorKind::ResolverFailed, text)
        })?;
        match answer.get(3).map_or(0, |flags| u16::from(flags & 0x0f)) {
            0 => {}
            NO_SUCH_NAME => {
                let text = format!("{server} says that there is no such name (NXDOMAIN)");
                return Err(error(NetworkErrorKind::NameNotFound, text));
            }
            code => {
                let text = format!("{server} could not answer (RCODE {code})");
                return Err(error(NetworkErrorKind::ResolverFailed, text));
            }
        }
        found
            .addresses
            .extend(records.iter().filter_map(|record| address(&answer, record)));
        if found.cnames.is_empty() {
            found.cnames = follow(&answer, &records, host);
        }
    }
    if found.addresses.is_empty() {
        return Err(error(
            NetworkErrorKind::NameNotFound,
            "the name has no address",
        ));
    }
    Ok(found)
}

/// A number for a question that nobody can guess.
fn number() -> u16 {
    let [id @ .., _, _, _, _, _, _] = RandomState::new().build_hasher().finish().to_ne_bytes();
    u16::from_ne_bytes(id)
}

/// Asks until there is an answer.
async fn ask_again(server: SocketAddr, question: &[u8]) -> Result<Vec<u8>, NetworkError> {
    loop {
        match tokio::time::timeout(AGAIN, ask(server, question)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(e)) => {
                let text = format!("{server}: {e}");
                return Err(error(NetworkErrorKind::ResolverFailed, text));
            }
            Err(_) => {}
        }
    }
}

/// The address in an address record.
fn address(answer: &[u8], record: &Record) -> Option<IpAddr> {
    let data = answer.get(record.data..record.data + record.length)?;
    match record.kind {
        TYPE_A => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
        TYPE_AAAA => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
        _ => None,
    }
}

async fn ask(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let any = if server.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; 4096];
    let length = socket.recv(&mut answer).await?;
    answer.truncate(length);
    Ok(answer)
}

fn question(id: u16, host: &str, kind: u16) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    // recursion desired; one question, nothing else
    for word in [id, 0x0100, 1, 0, 0, 0] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    for label in host.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len())
            .ok()
            .filter(|length| (1..64).contains(length))?;
        out.push(length);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&CLASS_IN.to_be_bytes());
    Some(out)
}

/// A record of an answer.
struct Record {
    owner: String,
    kind: u16,
    /// Where its data begins in the message.
    data: usize,
    length: usize,
}

/// The records of an answer; `None` if it cannot be read, or is to another question.
fn records(answer: &[u8], id: u16) -> Option<Vec<Record>> {
    let word = |at: usize| Some(u16::from_be_bytes([*answer.get(at)?, *answer.get(at + 1)?]));
    if word(0)? != id {
        return None;
    }
    let mut at = 12;
    for _ in 0..word(4)? {
        at = name(answer, at)?.1 + 4;
    }
    let mut records = Vec::new();
    for _ in 0..word(6)? {
        let (owner, after) = name(answer, at)?;
        let (kind, length) = (word(after)?, usize::from(word(after + 8)?));
        let data = after + 10;
        at = data + length;
        records.push(Record {
            owner,
            kind,
            data,
            length,
        });
    }
    Some(records)
}

/// The CNAME records of an answer from `host` on; `None` if the answer cannot be read.
fn chain(answer: &[u8], id: u16, host: &str) -> Option<Vec<String>> {
    let records = records(answer, id)?;
    for record in records.iter().filter(|record| record.kind == TYPE_CNAME) {
        name(answer, record.data)?;
    }
    Some(follow(answer, &records, host))
}

/// Follows the CNAME records from `host` on.
fn follow(answer: &[u8], records: &[Record], host: &str) -> Vec<String> {
    let aliases: Vec<(&str, String)> = records
        .iter()
        .filter(|record| record.kind == TYPE_CNAME)
        .filter_map(|record| Some((record.owner.as_str(), name(answer, record.data)?.0)))
        .collect();
    let mut names: Vec<String> = Vec::new();
    let mut current = host.trim_end_matches('.').to_owned();
    while names.len() < MAX_HOPS {
        let Some((_, next)) = aliases
            .iter()
            .find(|(owner, _)| owner.eq_ignore_ascii_case(&current))
        else {
            break;
        };
        current.clone_from(next);
        names.push(next.clone());
    }
    names
}

/// Reads a name, following compression pointers; also gives where reading goes on.
fn name(message: &[u8], start: usize) -> Option<(String, usize)> {
    let (mut at, mut after, mut hops) = (start, None, 0);
    let mut labels: Vec<String> = Vec::new();
    loop {
        let length = *message.get(at)?;
        match length {
            0 => return Some((labels.join("."), after.unwrap_or(at + 1))),
            1..=63 => {
                let end = at + 1 + usize::from(length);
                labels.push(String::from_utf8_lossy(message.get(at + 1..end)?).into_owned());
                at = end;
            }
            0xc0.. => {
                after.get_or_insert(at + 2);
                at = (usize::from(length & 0x3f) << 8) | usize::from(*message.get(at + 1)?);
            }
            _ => return None,
        }
        hops += 1;
        if hops > 128 {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to `question` with CNAME records; owners are pointers to `owner_at`.
    fn answer(question: &[u8], records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut out = question.to_vec();
        out[6..8].copy_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
        for (owner_at, target) in records {
            out.extend_from_slice(&(0xc000 | owner_at).to_be_bytes());
            out.extend_from_slice(&[0, 5, 0, 1, 0, 0, 0, 60]);
            out.extend_from_slice(&u16::try_from(target.len()).unwrap().to_be_bytes());
            out.extend_from_slice(target);
        }
        out
    }

    #[test]
    fn a_chain_is_followed_in_order() {
        let question = question(7, "ndes.example", TYPE_A).unwrap();
        let second = u16::try_from(question.len() + 12).unwrap();
        // the second record's owner is the first one's target
        let message = answer(
            &question,
            &[(12, b"\x03app\x05proxy\x00"), (second, b"\x04edge\xc0\x11")],
        );
        assert_eq!(
            chain(&message, 7, "NDES.example.").unwrap(),
            ["app.proxy", "edge.example"]
        );
        assert_eq!(chain(&message, 8, "ndes.example"), None);
        assert_eq!(
            chain(&message, 7, "other.example").unwrap(),
            Vec::<String>::new()
        );
    }

    #[test]
    fn addresses_are_read_from_their_records() {
        let question = question(7, "ndes.example", TYPE_A).unwrap();
        let mut message = answer(&question, &[(12, b"\x03app\x05proxy\x00")]);
        message[7] = 2;
        message.extend_from_slice(b"\xc0\x0c\x00\x01\x00\x01\0\0\0\x3c\x00\x04\x7f\0\0\x02");
        let records = records(&message, 7).unwrap();
        let found: Vec<IpAddr> = records
            .iter()
            .filter_map(|r| address(&message, r))
            .collect();
        assert_eq!(found, [IpAddr::from([127, 0, 0, 2])]);
    }

    #[test]
    fn damaged_answers_end() {
        let question = question(7, "ndes.example", TYPE_A).unwrap();
        let looped = answer(
            &question,
            &[(u16::try_from(question.len()).unwrap(), b"\x00")],
        );
        assert_eq!(chain(&looped, 7, "ndes.example"), None);
        for length in 0..question.len() {
            let _ = chain(&question[..length], 7, "ndes.example");
        }
        let circle = answer(&question, &[(12, b"\xc0\x0c")]);
        assert!(chain(&circle, 7, "ndes.example").unwrap().len() <= MAX_HOPS);
    }
}
