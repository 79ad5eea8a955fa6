//! libFuzzer's way into [`scep_fuzz::next_ca_certificates`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scep_fuzz::next_ca_certificates(input));
