//! Damage, repeatable: the same seed damages the same octets.

use std::panic::{AssertUnwindSafe, catch_unwind};

use scep_core::crypto::RandomSource;

use super::TestRandom;
use super::ber::{self, Node};

/// A small number below `bound`.
pub fn below(rng: &mut TestRandom, bound: usize) -> usize {
    let mut octets = [0; 4];
    rng.fill(&mut octets);
    usize::try_from(u32::from_be_bytes(octets)).unwrap() % bound.max(1)
}

/// `input` with one to four octets changed, inserted, removed or doubled.
pub fn mutate(input: &[u8], rng: &mut TestRandom) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..=below(rng, 4) {
        if out.is_empty() {
            return out;
        }
        let at = below(rng, out.len());
        match below(rng, 8) {
            0 => out[at] = 0xff,
            1 => out[at] = 0,
            2 => out[at] ^= 1 << below(rng, 8),
            3 => out[at] = out[at].wrapping_add(1),
            4 => out[at] = [0x30, 0x31, 0x80, 0xa0, 0x24, 0x04, 0x02, 0x05][below(rng, 8)],
            5 => {
                out.remove(at);
            }
            6 => out.insert(at, u8::try_from(below(rng, 256)).unwrap()),
            _ => {
                let len = below(rng, 40).min(out.len() - at);
                let copy = out[at..at + len].to_vec();
                let to = below(rng, out.len());
                out.splice(to..to, copy);
            }
        }
    }
    out
}

/// Runs `target` on `input`, and shows the input if that panics.
pub fn survives(what: &str, input: &[u8], target: impl FnOnce(&[u8])) {
    if catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
        let hex: String = input.iter().map(|octet| format!("{octet:02x}")).collect();
        panic!("{what} panics on {} octets: {hex}", input.len());
    }
}

/// One value of a DER tree at a time replaced, removed, doubled, or swapped with its neighbour.
pub fn structured(der: &[u8]) -> Vec<Vec<u8>> {
    let tree = ber::parse(der);
    let mut out = Vec::new();
    for index in 0..count(&tree) {
        for change in 0..CHANGES {
            let mut changed = tree.clone();
            apply(&mut changed, &mut Some(index), change);
            if changed != tree {
                out.push(ber::to_der(&changed));
            }
        }
    }
    out
}

/// Ways to replace a value.
const REPLACEMENTS: usize = 14;
/// Those, and to remove it, to double it, to swap it with the next.
const CHANGES: usize = REPLACEMENTS + 3;

fn count(node: &Node) -> usize {
    match node {
        Node::Constructed { children, .. } => 1 + children.iter().map(count).sum::<usize>(),
        _ => 1,
    }
}

fn replacement(node: &Node, change: usize) -> Node {
    let plain = |tag, content: &[u8]| Node::Plain {
        tag,
        content: content.to_vec(),
    };
    let tag = match node {
        Node::Plain { tag, .. } | Node::Text { tag, .. } | Node::Constructed { tag, .. } => *tag,
    };
    match change {
        0 => plain(tag, b""),
        1 => plain(tag, &[0xff; 4]),
        2 => plain(tag, &[0, 0xff, 0xff, 0xff, 0xff]),
        3 => plain(tag, &[0x7f; 9]),
        4 => plain(tag, &[0x80]),
        5 => plain(tag, &[0x30, 0x03, 0x02, 0x01]),
        6 => plain(0x05, b""),
        7 => plain(0x02, &[0x80, 0, 0, 0]),
        8 => plain(0x04, &[0x30; 300]),
        9 => plain(0x17, b"991332256199Z"),
        10 => plain(0x18, b"00000000000000.999999999-9999"),
        11 => plain(0x1e, &[0xd8]),
        12 => plain(tag ^ 0x20, b"\x06\x01\x80"),
        13 => plain(0x06, &[0xff; 40]),
        _ => node.clone(),
    }
}

/// Changes the value that is `left` values further on; `left` is `None` once that is done.
fn apply(node: &mut Node, left: &mut Option<usize>, change: usize) {
    match *left {
        None => return,
        Some(0) => {
            *node = replacement(node, change);
            *left = None;
            return;
        }
        Some(n) => *left = Some(n - 1),
    }
    let Node::Constructed { children, .. } = node else {
        return;
    };
    for i in 0..children.len() {
        if *left == Some(0) && change >= REPLACEMENTS {
            match change {
                REPLACEMENTS => drop(children.remove(i)),
                c if c == REPLACEMENTS + 1 => children.insert(i, children[i].clone()),
                _ if i + 1 < children.len() => children.swap(i, i + 1),
                _ => {}
            }
            *left = None;
        }
        if left.is_none() {
            return;
        }
        apply(&mut children[i], left, change);
    }
}
