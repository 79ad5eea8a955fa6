//! libFuzzer's way into [`scep_fuzz::message_data`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scep_fuzz::message_data(input));
