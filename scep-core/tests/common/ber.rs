//! Writes DER anew as BER, in the ways that BER allows and senders use. Knows nothing of the crate.

use super::TestRandom;
use super::mutate::below;

/// An ASN.1 value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A value that may only get a longer length.
    Plain {
        tag: u8,
        content: Vec<u8>,
    },
    /// A string that may be cut into segments of type `segment`.
    Text {
        tag: u8,
        segment: u8,
        content: Vec<u8>,
    },
    Constructed {
        tag: u8,
        children: Vec<Self>,
    },
}

/// Takes one DER value apart. OCTET STRINGs are not looked into.
pub fn parse(der: &[u8]) -> Node {
    let (mut node, rest) = value(der);
    assert!(rest.is_empty(), "one value, and nothing after it");
    if let Some(content) = encrypted_content(&mut node) {
        let Node::Plain {
            tag: 0x80,
            content: octets,
        } = content
        else {
            panic!("encryptedContent is [0], primitive")
        };
        *content = Node::Text {
            tag: 0x80,
            segment: 0x04,
            content: std::mem::take(octets),
        };
    }
    node
}

fn value(input: &[u8]) -> (Node, &[u8]) {
    let tag = input[0];
    let (len, header) = match input[1] {
        short @ 0..=0x7f => (usize::from(short), 2),
        long => {
            let count = usize::from(long & 0x7f);
            let octets = &input[2..2 + count];
            (
                octets.iter().fold(0, |n, o| n << 8 | usize::from(*o)),
                2 + count,
            )
        }
    };
    let (content, rest) = input[header..].split_at(len);
    let node = if tag & 0x20 != 0 {
        let mut children = Vec::new();
        let mut left = content;
        while !left.is_empty() {
            let (child, after) = value(left);
            children.push(child);
            left = after;
        }
        Node::Constructed { tag, children }
    } else {
        let content = content.to_vec();
        // the string types; a BIT STRING can be cut between octets
        match tag {
            0x04 | 0x0c | 0x12..=0x16 | 0x19..=0x1e => Node::Text {
                tag,
                segment: tag,
                content,
            },
            0x03 if content.len() > 1 => Node::Text {
                tag,
                segment: tag,
                content,
            },
            _ => Node::Plain { tag, content },
        }
    };
    (node, rest)
}

/// The tree with the content of one string exchanged.
pub fn replace_primitive(node: Node, old: &[u8], new: &[u8]) -> Node {
    match node {
        Node::Text {
            tag,
            segment,
            content,
        } if content == old => Node::Text {
            tag,
            segment,
            content: new.to_vec(),
        },
        Node::Constructed { tag, children } => {
            let children = children.into_iter();
            Node::Constructed {
                tag,
                children: children
                    .map(|child| replace_primitive(child, old, new))
                    .collect(),
            }
        }
        other => other,
    }
}

/// The one string that is tagged IMPLICIT in an EnvelopedData.
fn encrypted_content(root: &mut Node) -> Option<&mut Node> {
    const ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
    const AUTH_ENVELOPED_DATA: &[u8] = &[
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17,
    ];
    let fields = children(root)?;
    match fields.first() {
        Some(Node::Plain { tag: 6, content })
            if content == ENVELOPED_DATA || content == AUTH_ENVELOPED_DATA => {}
        _ => return None,
    }
    let enveloped = children(fields.get_mut(1)?)?.first_mut()?;
    let info = children(enveloped)?
        .iter_mut()
        .find(|child| matches!(child, Node::Constructed { tag: 0x30, .. }))?;
    children(info)?.get_mut(2)
}

fn children(node: &mut Node) -> Option<&mut Vec<Node>> {
    match node {
        Node::Constructed { children, .. } => Some(children),
        _ => None,
    }
}

/// The DER form.
pub fn to_der(node: &Node) -> Vec<u8> {
    let mut joined = Vec::new();
    let (tag, content) = match node {
        Node::Plain { tag, content } | Node::Text { tag, content, .. } => (*tag, content),
        Node::Constructed { tag, children } => {
            children
                .iter()
                .for_each(|child| joined.extend_from_slice(&to_der(child)));
            (*tag, &joined)
        }
    };
    let mut out = vec![tag];
    out.extend(length(content.len(), 0));
    out.extend_from_slice(content);
    out
}

/// A BER form, chosen by `rng`.
pub fn to_ber(node: &Node, rng: &mut TestRandom) -> Vec<u8> {
    match node {
        Node::Plain { tag, content } => framed(*tag, content, rng),
        Node::Text { tag, content, .. } if below(rng, 2) == 0 => framed(*tag, content, rng),
        Node::Text {
            tag,
            segment,
            content,
        } => {
            let segments = segments(*segment, content, rng, 0);
            constructed(tag | 0x20, &segments, rng)
        }
        Node::Constructed { tag, children } => {
            let content: Vec<u8> = children
                .iter()
                .flat_map(|child| to_ber(child, rng))
                .collect();
            constructed(*tag, &content, rng)
        }
    }
}

/// `content` in up to five segments, some of them in segments themselves.
fn segments(tag: u8, content: &[u8], rng: &mut TestRandom, depth: usize) -> Vec<u8> {
    let bits = tag == 0x03;
    let mut left = if bits { &content[1..] } else { content };
    let mut out = Vec::new();
    let count = 1 + below(rng, 5);
    // the last segment has the unused bits, and so must have octets
    let unused = if bits { content[0] } else { 0 };
    let least = usize::from(unused != 0);
    for i in 0..count {
        let len = if i + 1 == count {
            left.len()
        } else {
            below(rng, left.len() + 1 - least)
        };
        let (now, later) = left.split_at(len);
        left = later;
        let mut octets = match (bits, i + 1 == count) {
            (false, _) => Vec::new(),
            (true, false) => vec![0],
            (true, true) => vec![unused],
        };
        octets.extend(now);
        out.extend(if depth < 2 && below(rng, 4) == 0 {
            let inner = segments(tag, &octets, rng, depth + 1);
            constructed(tag | 0x20, &inner, rng)
        } else {
            framed(tag, &octets, rng)
        });
    }
    out
}

fn constructed(tag: u8, content: &[u8], rng: &mut TestRandom) -> Vec<u8> {
    if below(rng, 2) == 0 {
        let mut out = vec![tag, 0x80];
        out.extend(content);
        out.extend([0, 0]);
        out
    } else {
        framed(tag, content, rng)
    }
}

fn framed(tag: u8, content: &[u8], rng: &mut TestRandom) -> Vec<u8> {
    let padding = if below(rng, 4) == 0 {
        1 + below(rng, 3)
    } else {
        0
    };
    let mut out = vec![tag];
    out.extend(length(content.len(), padding));
    out.extend(content);
    out
}

/// A definite length with so many octets more than it needs.
fn length(len: usize, padding: usize) -> Vec<u8> {
    if padding == 0 && len < 0x80 {
        return vec![u8::try_from(len).unwrap()];
    }
    let octets = u32::try_from(len).unwrap().to_be_bytes();
    let skip = octets
        .iter()
        .take_while(|octet| **octet == 0)
        .count()
        .min(3);
    let count = padding + octets.len() - skip;
    let mut out = vec![0x80 | u8::try_from(count).unwrap()];
    out.extend(std::iter::repeat_n(0, padding));
    out.extend(&octets[skip..]);
    out
}
