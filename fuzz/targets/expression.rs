#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nabat_fuzz::expression(bytes));
