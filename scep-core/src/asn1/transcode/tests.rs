//! Tests of the transcoder, one rule each.

use super::*;
use crate::asn1::write;
use alloc::vec;
use alloc::vec::Vec;

fn der(input: &[u8]) -> Vec<u8> {
    let out = transcode(input, &Limits::DEFAULT).unwrap();
    assert_eq!(out.used, input.len());
    out.der.into_owned()
}

#[test]
fn der_is_borrowed_and_unchanged() {
    let input = [0x30, 3, 2, 1, 5];
    let out = transcode(&input, &Limits::DEFAULT).unwrap();
    assert!(!out.was_ber());
    assert_eq!(&*out.der, &input);
}

#[test]
fn indefinite_and_padded_lengths_become_minimal() {
    assert_eq!(der(&[0x30, 0x80, 2, 1, 5, 0, 0]), [0x30, 3, 2, 1, 5]);
    assert_eq!(der(&[0x30, 0x82, 0, 3, 2, 1, 5]), [0x30, 3, 2, 1, 5]);
    assert_eq!(der(&[0x30, 4, 2, 0x81, 1, 5]), [0x30, 3, 2, 1, 5]);
}

#[test]
fn segments_of_strings_are_joined_at_any_nesting() {
    assert_eq!(
        der(&[0x24, 0x80, 4, 1, 1, 0x24, 4, 4, 2, 2, 3, 0, 0]),
        [4, 3, 1, 2, 3]
    );
    assert_eq!(
        der(&[0x2c, 5, 0x0c, 3, b'a', b'b', b'c']),
        [0x0c, 3, b'a', b'b', b'c']
    );
}

#[test]
fn segments_of_bit_strings_lose_their_inner_counts() {
    assert_eq!(
        der(&[0x23, 8, 3, 2, 0, 0xaa, 3, 2, 0, 0xbb]),
        [3, 3, 0, 0xaa, 0xbb]
    );
    // unused bits are the last segment's
    assert_eq!(
        der(&[0x23, 8, 3, 2, 0, 0xaa, 3, 2, 3, 0xb8]),
        [3, 3, 3, 0xaa, 0xb8]
    );
    assert!(transcode(&[0x23, 8, 3, 2, 3, 0xa8, 3, 2, 0, 0xbb], &Limits::DEFAULT).is_err());
    assert!(transcode(&[0x23, 2, 3, 0], &Limits::DEFAULT).is_err());
}

#[test]
fn a_string_segment_of_another_type_is_refused() {
    let err = transcode(&[0x24, 3, 2, 1, 1], &Limits::DEFAULT).unwrap_err();
    assert!(err.to_string().contains("segment"), "{err}");
    use alloc::string::ToString;
}

#[test]
fn encrypted_content_in_segments_is_joined_only_there() {
    let oid = write::oid(oid::ENVELOPED_DATA);
    let data = write::oid(oid::DATA);
    let segments = [0xa0, 0x80, 4, 1, 7, 4, 1, 8, 0, 0];
    let eci = write::sequence(&[&data, &write::sequence(&[&data]), &segments]);
    let envelope = write::sequence(&[&write::integer(0), &[0x31, 0], &eci]);
    let input = write::sequence(&[&oid, &write::tlv(0xa0, &envelope)]);
    let out = der(&input);
    let expected = write::sequence(&[&data, &write::sequence(&[&data]), &[0x80, 2, 7, 8]]);
    assert!(out.windows(expected.len()).any(|w| w == expected));
}

#[test]
fn bombs_are_refused() {
    let deep = [0x30, 0x80].repeat(100_000);
    assert!(matches!(
        transcode(&deep, &Limits::DEFAULT),
        Err(Error::TooLarge { .. })
    ));
    let mut wide = vec![0x30, 0x80];
    wide.extend([5_u8, 0].repeat(200_000));
    wide.extend([0, 0]);
    assert!(matches!(
        transcode(&wide, &Limits::DEFAULT),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn truncation_names_the_place() {
    let err = transcode(&[0x30, 5, 2, 1], &Limits::DEFAULT).unwrap_err();
    assert_eq!(err.position(), Some(0));
}
