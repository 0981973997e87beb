//! Cloudflare's Workers AI: any bytes, told or found out, under every content type, cut anywhere.
#![no_main]

#[path = "laws.rs"]
mod laws;

use libfuzzer_sys::fuzz_target;
use millstream_wire::Protocol;

fuzz_target!(|data: &[u8]| {
    laws::keeps(data, |choice| if choice % 8 == 0 { Protocol::Auto } else { Protocol::WorkersAi });
});
