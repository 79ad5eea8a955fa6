//! The chain of canonical names behind a host name (RFC 1035 CNAME), which `getaddrinfo` hides.
//!
//! A published NDES has a name that leads to the application proxy; whether it does is a clue.
//! Best effort: one question to the first configured name server, and no answer is no chain.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

use crate::platform;

const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
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
    let [id @ .., _, _, _, _, _, _] = RandomState::new().build_hasher().finish().to_ne_bytes();
    let id = u16::from_ne_bytes(id);
    let Some(question) = question(id, host) else {
        return Vec::new();
    };
    match tokio::time::timeout(PATIENCE, ask(server, &question)).await {
        Ok(Ok(answer)) => chain(&answer, id, host).unwrap_or_default(),
        _ => Vec::new(),
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

fn question(id: u16, host: &str) -> Option<Vec<u8>> {
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
    out.extend_from_slice(&TYPE_A.to_be_bytes());
    out.extend_from_slice(&CLASS_IN.to_be_bytes());
    Some(out)
}

/// Follows the CNAME records of an answer from `host` on; `None` if the answer cannot be read.
fn chain(answer: &[u8], id: u16, host: &str) -> Option<Vec<String>> {
    let word = |at: usize| Some(u16::from_be_bytes([*answer.get(at)?, *answer.get(at + 1)?]));
    if word(0)? != id {
        return None;
    }
    let mut at = 12;
    for _ in 0..word(4)? {
        at = name(answer, at)?.1 + 4;
    }
    let mut aliases = Vec::new();
    for _ in 0..word(6)? {
        let (owner, after) = name(answer, at)?;
        let (kind, length) = (word(after)?, usize::from(word(after + 8)?));
        let data = after + 10;
        if kind == TYPE_CNAME {
            aliases.push((owner, name(answer, data)?.0));
        }
        at = data + length;
    }
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
    Some(names)
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
        let question = question(7, "ndes.example").unwrap();
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
    fn damaged_answers_end() {
        let question = question(7, "ndes.example").unwrap();
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
