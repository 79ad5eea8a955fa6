//! libFuzzer's way into [`scep_fuzz::inspect`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scep_fuzz::inspect(input));
