//! libFuzzer's way into [`scep_fuzz::ca_certificates`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scep_fuzz::ca_certificates(input));
