//! libFuzzer's way into [`scep_fuzz::responder`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scep_fuzz::responder(input));
