//! Answers: any bytes under the formats of applications and OpenAI's, and every content type, cut anywhere.
#![no_main]

#[path = "laws.rs"]
mod laws;

use libfuzzer_sys::fuzz_target;
use millstream_wire::Protocol;

fuzz_target!(|data: &[u8]| laws::keeps(data, |choice| Protocol::ALL[choice % 8]));
