//! Bedrock and SageMaker: any bytes as an AWS event stream, and, so that checksums don't stop the fuzzer, any lines as the
//! payloads of intact messages, cut anywhere.
#![no_main]

#[path = "laws.rs"]
mod laws;

use libfuzzer_sys::fuzz_target;
use millstream_wire::Protocol;

const NAMES: [&str; 8] = [
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
    "chunk",
    "PayloadPart",
];

fn protocol(choice: usize) -> Protocol {
    match choice % 8 {
        0 => Protocol::Auto,
        1..4 => Protocol::BedrockConverse,
        4..6 => Protocol::BedrockInvoke,
        _ => Protocol::SageMaker,
    }
}

/// An intact message. Its name is chosen by the line's first byte, the payload is the rest.
fn message(line: &[u8]) -> Vec<u8> {
    let (&first, payload) = line.split_first().unwrap_or((&0, line));
    let (kind, header) = if first == b'!' { ("exception", ":exception-type") } else { ("event", ":event-type") };
    let mut headers = Vec::new();
    for (name, value) in [(":message-type", kind), (header, NAMES[usize::from(first) % 8])] {
        headers.push(name.len() as u8);
        headers.extend_from_slice(name.as_bytes());
        headers.extend_from_slice(&[7, 0, value.len() as u8]);
        headers.extend_from_slice(value.as_bytes());
    }
    let mut bytes = Vec::new();
    bytes.extend(((16 + headers.len() + payload.len()) as u32).to_be_bytes());
    bytes.extend((headers.len() as u32).to_be_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend(headers);
    bytes.extend(payload);
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fuzz_target!(|data: &[u8]| {
    laws::keeps(data, protocol);
    // The choice of options, the cuts, and lines.
    if let Some((head, body)) = data.split_at_checked(2 + usize::from(data.get(1).unwrap_or(&0) % 16) * 2) {
        let mut wrapped = head.to_vec();
        wrapped.extend(body.split(|byte| *byte == b'\n').flat_map(message));
        laws::keeps(&wrapped, protocol);
    }
});
