//! libFuzzer's way into [`scep_fuzz::get_query`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scep_fuzz::get_query(input));
