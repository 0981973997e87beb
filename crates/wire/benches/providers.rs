//! What it costs to turn each provider's bytes into events, beside the least there is to do, which is to find the line
//! ends.
//!
//! `cargo bench -p millstream-wire --bench providers [-- NAME…]`; the names are those of formats. Prints a table and
//! writes `bench/results/providers.json`. The bodies are the recordings under `../shared/fixtures`, each
//! decoded from its start by a decoder of its own in reads of 16 KiB. Formats are interleaved, five rounds; the median
//! counts. Allocations are counted over one round: those of a decoder's start and of metadata are among them.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for developers")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use millstream_wire::{Decoder, DecoderOptions, Event, Protocol};
use serde_json::json;

mod support;

use support::ALLOCATIONS;

const ROUNDS: usize = 5;
const PIECE: usize = 16 * 1024;
/// A sample repeats its work until this is over, so that the clock's grain does not show.
const SAMPLE: Duration = Duration::from_millis(50);

/// Events, and those of them that are text, reasoning or arguments.
fn decode(protocol: Protocol, content_type: &str, body: &[u8]) -> (u64, u64) {
    let options = DecoderOptions { protocol, content_type: Some(content_type.to_owned()), ..DecoderOptions::default() };
    let mut decoder = Decoder::new(options);
    let (mut events, mut content) = (0, 0);
    let mut sink = |event: Event<'_>| {
        let event = black_box(event);
        events += 1;
        content += u64::from(event.is_content());
    };
    for piece in body.chunks(PIECE) {
        if decoder.feed(piece, &mut sink).is_err() {
            break;
        }
    }
    let _ = decoder.end(&mut sink);
    (events, content)
}

fn line_ends(body: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', body).map(black_box).count() as u64
}

struct Scene {
    protocol: Protocol,
    content_type: &'static str,
    bodies: Vec<Vec<u8>>,
    /// One answer with the content of all, so that the text counts and not what is around it.
    long: Vec<u8>,
}

const SSE: &str = "text/event-stream";
const AWS: &str = "application/vnd.amazon.eventstream";
const SCENES: [(Protocol, &str, &str, &[u8]); 9] = [
    (Protocol::OpenAi, SSE, "chat__", b""),
    (Protocol::OpenAiResponses, SSE, "responses__", b"event: response.output_text.delta"),
    (Protocol::Anthropic, SSE, "messages__", b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\""),
    (Protocol::Gemini, SSE, "generate__", b""),
    (Protocol::GeminiInteractions, SSE, "interactions__", b""),
    (Protocol::Ollama, "application/x-ndjson", "chat__", b""),
    (Protocol::Cohere, SSE, "v2chat__", b"event: content-delta"),
    (Protocol::BedrockConverse, AWS, "converse__", b""),
    (Protocol::BedrockInvoke, AWS, "invoke__", b""),
];

fn scenes() -> Vec<Scene> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let Ok(folders) = fs::read_dir(shared) else { return Vec::new() };
    let folders = folders.map(|folder| folder.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    let files: Vec<_> = files.filter(|file| file.is_file()).collect();
    let scene = |(protocol, content_type, prefix, mark): (Protocol, &'static str, &str, &[u8])| {
        let lines = content_type == "application/x-ndjson";
        let named = files.iter().filter(|file| {
            let name = file.file_name().unwrap().to_string_lossy();
            name.starts_with(prefix) && name.ends_with(".ndjson") == lines
        });
        let bodies: Vec<Vec<u8>> = named.map(|file| fs::read(file).unwrap()).collect();
        let mut long = Vec::new();
        if !mark.is_empty() {
            let text: Vec<&[u8]> = bodies
                .iter()
                .flat_map(|body| {
                    let ends = memchr::memmem::find_iter(body, b"\n\n").map(|at| at + 2);
                    let starts = std::iter::once(0).chain(ends.clone());
                    starts.zip(ends).map(|(start, end)| &body[start..end])
                })
                .filter(|event| event.starts_with(mark))
                .collect();
            while long.len() < 1 << 20 && !text.is_empty() {
                text.iter().for_each(|event| long.extend_from_slice(event));
            }
        }
        Scene { protocol, content_type, bodies, long }
    };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |protocol: &Protocol| wanted.is_empty() || wanted.iter().any(|name| name == protocol.as_str());
    SCENES.into_iter().filter(|scene| is_wanted(&scene.0)).map(scene).filter(|scene| !scene.bodies.is_empty()).collect()
}

/// Nanoseconds of one pass over these bodies.
fn time(mut pass: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut passes = 0;
    while start.elapsed() < SAMPLE {
        pass();
        passes += 1;
    }
    start.elapsed().as_nanos() as f64 / f64::from(passes)
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn main() {
    let scenes = scenes();
    if scenes.is_empty() {
        println!("the recordings are not beside the repository");
        return;
    }
    let mut rows: Vec<(&str, Vec<&[u8]>, &Scene)> = Vec::new();
    for scene in &scenes {
        rows.push(("recordings", scene.bodies.iter().map(Vec::as_slice).collect(), scene));
        if !scene.long.is_empty() {
            rows.push(("text alone", vec![&scene.long], scene));
        }
    }
    let mut samples = vec![(Vec::new(), Vec::new()); rows.len()];
    for _ in 0..ROUNDS {
        for ((_, bodies, scene), (ours, lines)) in rows.iter().zip(&mut samples) {
            ours.push(time(|| {
                for body in bodies {
                    black_box(decode(scene.protocol, scene.content_type, body));
                }
            }));
            lines.push(time(|| {
                for body in bodies {
                    black_box(line_ends(body));
                }
            }));
        }
    }
    println!(
        "{:<36} {:>8} {:>10} {:>10} {:>12} {:>14}",
        "", "MB", "GB/s", "lines GB/s", "ns/content", "allocs/content"
    );
    let mut report = Vec::new();
    for ((what, bodies, scene), (ours, lines)) in rows.iter().zip(samples) {
        let bytes: usize = bodies.iter().map(|body| body.len()).sum();
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let content: u64 = bodies.iter().map(|body| decode(scene.protocol, scene.content_type, body).1).sum();
        let allocations = (ALLOCATIONS.load(Ordering::Relaxed) - before) as f64 / content as f64;
        let (ours, lines) = (median(ours), median(lines));
        let (rate, line_rate, each) = (bytes as f64 / ours, bytes as f64 / lines, ours / content as f64);
        let megabytes = bytes as f64 / 1e6;
        let name = format!("{}, {what}", scene.protocol);
        println!("{name:<36} {megabytes:>8.2} {rate:>10.2} {line_rate:>10.2} {each:>12.0} {allocations:>14.2}");
        report.push(json!({
            "format": scene.protocol.as_str(), "what": what, "megabytes": megabytes, "gigabytesPerSecond": rate,
            "lineEndsGigabytesPerSecond": line_rate, "nanosecondsPerContent": each, "allocationsPerContent": allocations,
        }));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/results");
    fs::create_dir_all(&folder).unwrap();
    let report = json!({ "pieceBytes": PIECE, "rounds": ROUNDS, "rows": report });
    fs::write(folder.join("providers.json"), serde_json::to_string_pretty(&report).unwrap()).unwrap();
}
