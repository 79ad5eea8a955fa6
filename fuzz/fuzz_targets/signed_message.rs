//! libFuzzer's way into [`scep_fuzz::signed_message`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scep_fuzz::signed_message(input));
