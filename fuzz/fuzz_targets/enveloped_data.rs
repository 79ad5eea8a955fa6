//! libFuzzer's way into [`scep_fuzz::enveloped_data`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scep_fuzz::enveloped_data(input));
