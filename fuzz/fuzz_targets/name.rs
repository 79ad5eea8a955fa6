//! libFuzzer's way into [`scep_fuzz::name`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scep_fuzz::name(input));
