//! What it costs to turn a provider's bytes into events: millstream's decoder, next to `eventsource-stream` with
//! `serde_json`, and next to the least there is to do, which is to find the line ends.
//!
//! `cargo bench -p millstream-wire --bench decode`. Prints a table and writes `bench/results/decode.json`. The bodies
//! are the recorded OpenAI chat streams under `../shared/fixtures/openai` where those are there, each decoded from its
//! start by a decoder of its own in reads of 16 KiB, and one long stream of chunks of the usual size. Everything runs
//! interleaved, seven rounds; the median counts. Ways that decode must find the same text, or nothing is reported.
//! Allocations are counted too: decoding a token should need none.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a program for developers")]

use std::borrow::Cow;
use std::convert::Infallible;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use eventsource_stream::Eventsource;
use futures::StreamExt;
use millstream_wire::framing::sse::{SseDecoder, SseItem, SseOptions};
use millstream_wire::{Decoder, DecoderOptions, Event, Protocol};
use serde::Deserialize;
use serde_json::{Value, json};

mod support;

use support::ALLOCATIONS;

const ROUNDS: usize = 7;
const PIECE: usize = 16 * 1024;
/// A sample repeats its work until this is over, so that the clock's grain does not show.
const SAMPLE: Duration = Duration::from_millis(60);

/// What was found: pieces of text, their bytes, and a sum over them that an exchanged byte would change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Found {
    pieces: u64,
    bytes: u64,
    sum: u64,
}

impl Found {
    #[inline]
    fn add(&mut self, text: &str) {
        if !text.is_empty() {
            self.pieces += 1;
            self.bytes += text.len() as u64;
            let ends = text.as_bytes().first().zip(text.as_bytes().last());
            self.sum =
                self.sum.wrapping_mul(31).wrapping_add(ends.map_or(0, |(a, b)| u64::from(*a) << 8 | u64::from(*b)));
        }
    }
}

fn ours(body: &[u8]) -> Found {
    let mut found = Found::default();
    let mut decoder = Decoder::new(DecoderOptions { protocol: Protocol::OpenAi, ..DecoderOptions::default() });
    let mut sink = |event: Event<'_>| {
        if let Event::Text { text, .. } = black_box(event) {
            found.add(&text);
        }
    };
    for piece in body.chunks(PIECE) {
        decoder.feed(piece, &mut sink).unwrap();
    }
    decoder.end(&mut sink).unwrap();
    found
}

/// The fields a client needs, borrowed from the chunk.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    choices: Vec<Choice<'a>>,
    usage: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: u32,
    #[serde(borrow)]
    delta: Delta<'a>,
    finish_reason: Option<&'a str>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    refusal: Option<Cow<'a, str>>,
    tool_calls: Option<Value>,
}

fn read_structs(data: &str, found: &mut Found) {
    if let Ok(chunk) = serde_json::from_str::<Chunk<'_>>(data) {
        black_box((&chunk.id, &chunk.model, &chunk.usage, &chunk.error));
        for choice in &chunk.choices {
            black_box((choice.index, choice.finish_reason, &choice.delta.refusal, &choice.delta.tool_calls));
            found.add(choice.delta.content.as_deref().unwrap_or_default());
        }
    }
}

fn read_value(data: &str, found: &mut Found) {
    if let Ok(chunk) = serde_json::from_str::<Value>(data) {
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            found.add(choice["delta"]["content"].as_str().unwrap_or_default());
        }
        black_box(chunk);
    }
}

fn ours_and_structs(body: &[u8]) -> Found {
    let mut found = Found::default();
    let mut decoder = SseDecoder::new(SseOptions { lenient_end: true, ..SseOptions::default() });
    let mut sink = |item: SseItem<'_>| {
        if let SseItem::Event(event) = item {
            read_structs(&event.data_str(), &mut found);
        }
    };
    for piece in body.chunks(PIECE) {
        decoder.feed(piece, &mut sink).unwrap();
    }
    decoder.end(&mut sink).unwrap();
    found
}

fn theirs(body: &[u8], read: fn(&str, &mut Found)) -> Found {
    let pieces = futures::stream::iter(body.chunks(PIECE).map(Ok::<_, Infallible>));
    futures::executor::block_on(pieces.eventsource().fold(Found::default(), |mut found, event| {
        read(&event.expect("a body it can read").data, &mut found);
        std::future::ready(found)
    }))
}

fn theirs_and_structs(body: &[u8]) -> Found {
    theirs(body, read_structs)
}

fn theirs_and_value(body: &[u8]) -> Found {
    theirs(body, read_value)
}

fn line_ends(body: &[u8]) -> Found {
    let lines = body.chunks(PIECE).map(|piece| memchr::memchr_iter(b'\n', piece).map(black_box).count()).sum::<usize>();
    Found { pieces: lines as u64, ..Found::default() }
}

struct Way {
    name: &'static str,
    run: fn(&[u8]) -> Found,
    decodes: bool,
}

const WAYS: [Way; 5] = [
    Way { name: "millstream", run: ours, decodes: true },
    Way { name: "millstream's framing, serde_json structs", run: ours_and_structs, decodes: true },
    Way { name: "eventsource-stream, serde_json structs", run: theirs_and_structs, decodes: true },
    Way { name: "eventsource-stream, serde_json values", run: theirs_and_value, decodes: true },
    Way { name: "line ends alone (memchr)", run: line_ends, decodes: false },
];

struct Scene {
    name: &'static str,
    bodies: Vec<Vec<u8>>,
    bytes: usize,
    chunks: usize,
}

impl Scene {
    fn new(name: &'static str, bodies: Vec<Vec<u8>>) -> Self {
        let bytes = bodies.iter().map(Vec::len).sum();
        let chunks = bodies.iter().map(|body| memchr::memmem::find_iter(body, b"data: {").count()).sum();
        Self { name, bodies, bytes, chunks }
    }

    fn found(&self, way: &Way) -> Vec<Found> {
        self.bodies.iter().map(|body| (way.run)(body)).collect()
    }

    /// Bytes a second of this thread's time.
    fn sample(&self, way: &Way) -> f64 {
        let start = (Instant::now(), thread_time());
        let mut runs = 0_u32;
        while start.0.elapsed() < SAMPLE {
            for body in &self.bodies {
                black_box((way.run)(black_box(body)));
            }
            runs += 1;
        }
        let elapsed = match (start.1, thread_time()) {
            (Some(start), Some(end)) => end.saturating_sub(start),
            _ => start.0.elapsed(),
        };
        self.bytes as f64 * f64::from(runs) / elapsed.as_secs_f64()
    }

    /// Allocations a chunk.
    fn allocations(&self, way: &Way) -> f64 {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        for body in &self.bodies {
            black_box((way.run)(body));
        }
        (ALLOCATIONS.load(Ordering::Relaxed) - before) as f64 / self.chunks as f64
    }
}

/// How long this thread was on a processor, where the system says (Linux): others on the machine count less then.
fn thread_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

fn recorded() -> Option<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/openai");
    let mut files: Vec<_> = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let is_chat = |name: &str| name.starts_with("chat__") && name.ends_with(".sse") && !name.contains("error");
    files.retain(|file| file.file_name().and_then(|name| name.to_str()).is_some_and(is_chat));
    let read = |file| fs::read(file).ok().map(|body: Vec<u8>| [body.trim_ascii_end(), b"\n\n"].concat());
    files.into_iter().map(read).collect()
}

fn long() -> Vec<u8> {
    const WORDS: [&str; 8] = [" the", " stream", ",", " of", "\\n\\n", " tokens", " caf\u{e9}", " \\\"quoted\\\""];
    let head = "{\"id\":\"chatcmpl-B9QQVYPbmzI2Zj0i0rN6LcOgbVLQN\",\"object\":\"chat.completion.chunk\",\"created\":1741569952,\
                \"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_06737a9306\",\"choices\":[";
    let mut body = Vec::new();
    for (number, word) in WORDS.iter().cycle().take(4_000).enumerate() {
        let padding = &"xyzzyplughplover"[..4 + number % 12];
        let chunk = format!(
            "data: {head}{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}},\"logprobs\":null,\"finish_reason\":null}}],\
             \"usage\":null,\"obfuscation\":\"{padding}\"}}\n\n"
        );
        body.extend_from_slice(chunk.as_bytes());
    }
    let last = format!("data: {head}{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n");
    body.extend_from_slice(last.as_bytes());
    body
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let mut scenes = Vec::new();
    if let Some(bodies) = recorded() {
        scenes.push(Scene::new("recorded OpenAI chat streams", bodies));
    }
    scenes.push(Scene::new("one long stream", vec![long()]));
    for scene in &scenes {
        println!(
            "{}: {} streams, {} bytes, {} chunks of {} bytes",
            scene.name,
            scene.bodies.len(),
            scene.bytes,
            scene.chunks,
            scene.bytes / scene.chunks
        );
        let expected = scene.found(&WAYS[0]);
        for way in WAYS.iter().filter(|way| way.decodes) {
            assert_eq!(scene.found(way), expected, "{} differs on {}", way.name, scene.name);
        }
    }
    let mut rates = vec![vec![Vec::new(); WAYS.len()]; scenes.len()];
    for _ in 0..ROUNDS {
        for (scene, rates) in scenes.iter().zip(&mut rates) {
            for (way, rates) in WAYS.iter().zip(rates) {
                rates.push(scene.sample(way));
            }
        }
    }

    let mut rows = Vec::new();
    for (scene, rates) in scenes.iter().zip(rates) {
        println!(
            "\n{:44} {:>8} {:>8} {:>8} {:>10} {:>12}",
            scene.name, "GB/s", "lowest", "highest", "ns/chunk", "allocations"
        );
        for (way, rates) in WAYS.iter().zip(rates) {
            let lowest = rates.iter().copied().fold(f64::INFINITY, f64::min) / 1e9;
            let highest = rates.iter().copied().fold(0.0, f64::max) / 1e9;
            let middle = median(rates) / 1e9;
            let nanoseconds = scene.bytes as f64 / scene.chunks as f64 / middle;
            let allocations = scene.allocations(way);
            println!("{:44} {middle:8.2} {lowest:8.2} {highest:8.2} {nanoseconds:10.0} {allocations:12.3}", way.name);
            rows.push(json!({
                "scene": scene.name, "reader": way.name, "nanosecondsPerChunk": nanoseconds,
                "gigabytesPerSecond": { "median": middle, "lowest": lowest, "highest": highest },
                "allocationsPerChunk": allocations,
            }));
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/results");
    fs::create_dir_all(&folder).unwrap();
    let report = json!({ "pieceBytes": PIECE, "rounds": ROUNDS, "rows": rows });
    fs::write(folder.join("decode.json"), serde_json::to_string_pretty(&report).unwrap()).unwrap();
}
