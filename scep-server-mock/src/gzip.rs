//! Content-Encoding gzip.

/// RFC 1952 around stored blocks of RFC 1951: what matters is that the client has to undo it.
pub(crate) fn compress(octets: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut chunks = octets.chunks(0xffff).peekable();
    while let Some(chunk) = chunks.next() {
        out.push(u8::from(chunks.peek().is_none()));
        let length = u16::try_from(chunk.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(chunk);
    }
    out.extend_from_slice(&crc32(octets).to_le_bytes());
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out
}

fn crc32(octets: &[u8]) -> u32 {
    !octets.iter().fold(u32::MAX, |crc, octet| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (0u32.wrapping_sub(crc & 1)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32_and_a_gzip_that_holds_its_content() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let zipped = compress(b"hello");
        assert_eq!(zipped.get(15..20), Some(&b"hello"[..]));
        assert_eq!(zipped.len(), 10 + 5 + 5 + 8);
    }
}
