#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| leek_fuzz::run("directory_snapshot", data));
