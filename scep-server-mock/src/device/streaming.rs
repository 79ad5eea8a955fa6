//! A message as an encoder writes it that does not know lengths beforehand: BER with indefinite
//! lengths around the content (X.690 section 8.1.3.6), as Apple's and Java's encoders do.

use scep_core::asn1::{Reader, tag};

/// How deep indefinite lengths go: ContentInfo, `[0]`, SignedData, encapContentInfo, its `[0]`.
/// What is signed lies deeper, and stays as it is.
const DEPTH: usize = 5;
/// Octets in each part of a constructed OCTET STRING.
const PART: usize = 1024;

/// The same message in BER, with indefinite lengths down to its content and the content in parts, as
/// encoders write it that stream; what is no DER stays as it is.
#[must_use]
pub fn indefinite(der: &[u8]) -> Vec<u8> {
    rewrite(der, 0).unwrap_or_else(|| der.to_vec())
}

fn rewrite(element: &[u8], depth: usize) -> Option<Vec<u8>> {
    let tlv = Reader::new(element).next("an element").ok()?;
    // The sets of algorithms, certificates and signers are left alone: only the way to the content
    // is streamed.
    let on_the_way = tlv.tag == tag::SEQUENCE || tlv.tag == tag::context_constructed(0);
    if tlv.tag == tag::OCTET_STRING && depth == DEPTH {
        let mut out = vec![tag::OCTET_STRING | 0x20, 0x80];
        for part in tlv.value.chunks(PART) {
            out.extend(scep_core::asn1::write::octet_string(part));
        }
        out.extend([0, 0]);
        return Some(out);
    }
    if !on_the_way || depth >= DEPTH {
        return Some(tlv.raw.to_vec());
    }
    let mut out = vec![tlv.tag, 0x80];
    let mut children = tlv.reader();
    while children.peek().is_some() {
        let child = children.next("an element").ok()?;
        // certificates [0] stands where encapContentInfo's [0] does not: after a SET, at depth 2
        let certificates = depth == 2 && child.tag == tag::context_constructed(0);
        if certificates {
            out.extend(child.raw);
        } else {
            out.extend(rewrite(child.raw, depth + 1)?);
        }
    }
    out.extend([0, 0]);
    Some(out)
}
