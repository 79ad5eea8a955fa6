//! libFuzzer's way into [`scep_fuzz::private_key`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scep_fuzz::private_key(input));
