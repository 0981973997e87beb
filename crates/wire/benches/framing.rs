//! What it costs to cut a body into events: millstream's decoder next to `eventsource-stream`, and next to the least
//! there is to do, which is to find the line ends.
//!
//! `cargo bench -p millstream-wire --bench framing`. Prints a table and writes `bench/results/framing.json`. The body is
//! every recorded OpenAI stream under `../shared/fixtures/openai` where that is there, else generated chunks of the same
//! size. Everything runs interleaved, five rounds; the median counts. What takes seconds a time is run once. Decoders must agree on the number of events and
//! the bytes of data, or nothing is reported.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a program for developers")]

use std::convert::Infallible;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use eventsource_stream::Eventsource;
use futures::StreamExt;
use millstream_wire::framing::sse::{SseDecoder, SseItem, SseOptions};
use serde_json::json;

const ROUNDS: usize = 5;
/// A sample repeats its work until this is over, so that the clock's grain does not show.
const SAMPLE: Duration = Duration::from_millis(40);
/// What takes longer than this a time is quadratic here, and its one sample says so well enough.
const ENOUGH: Duration = Duration::from_secs(2);

/// Events and bytes of data, by which two ways of reading a body are compared.
type Count = (usize, usize);

fn ours(body: &[u8], piece: usize) -> Count {
    let (mut events, mut bytes) = (0, 0);
    let mut decoder = SseDecoder::new(SseOptions::default());
    let mut sink = |item: SseItem<'_>| {
        if let SseItem::Event(event) = item {
            events += 1;
            bytes += black_box(event.data).len();
        }
    };
    for piece in body.chunks(piece) {
        decoder.feed(piece, &mut sink).unwrap();
    }
    decoder.end(&mut sink).unwrap();
    (events, bytes)
}

/// As [`ours`], and every event's data as text.
fn ours_as_text(body: &[u8], piece: usize) -> Count {
    let (mut events, mut bytes) = (0, 0);
    let mut decoder = SseDecoder::new(SseOptions::default());
    let mut sink = |item: SseItem<'_>| {
        if let SseItem::Event(event) = item {
            events += 1;
            bytes += black_box(event.data_str()).len();
        }
    };
    for piece in body.chunks(piece) {
        decoder.feed(piece, &mut sink).unwrap();
    }
    decoder.end(&mut sink).unwrap();
    (events, bytes)
}

fn theirs(body: &[u8], piece: usize) -> Count {
    let pieces = futures::stream::iter(body.chunks(piece).map(Ok::<_, Infallible>));
    futures::executor::block_on(pieces.eventsource().fold((0, 0), |(events, bytes), event| {
        let event = event.expect("a body it can read");
        std::future::ready((events + 1, bytes + black_box(event.data).len()))
    }))
}

/// The lines of each piece, and nothing else.
fn line_ends(body: &[u8], piece: usize) -> Count {
    let lines = body.chunks(piece).map(|piece| memchr::memchr_iter(b'\n', piece).map(black_box).count()).sum();
    (lines, 0)
}

struct Way {
    name: &'static str,
    run: fn(&[u8], usize) -> Count,
    comparable: bool,
}

const WAYS: [Way; 4] = [
    Way { name: "millstream", run: ours, comparable: true },
    Way { name: "millstream, data as text", run: ours_as_text, comparable: true },
    Way { name: "eventsource-stream", run: theirs, comparable: true },
    Way { name: "line ends alone (memchr)", run: line_ends, comparable: false },
];

/// Megabytes a second, and what was found.
fn sample(way: &Way, body: &[u8], piece: usize) -> (f64, Count) {
    let start = Instant::now();
    let mut runs = 0_u32;
    loop {
        let count = black_box((way.run)(black_box(body), piece));
        runs += 1;
        let elapsed = start.elapsed();
        if elapsed >= SAMPLE {
            return (body.len() as f64 * f64::from(runs) / elapsed.as_secs_f64() / 1e6, count);
        }
    }
}

fn recorded() -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/openai");
    let mut files: Vec<_> = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sse"));
    let mut body = Vec::new();
    for file in files {
        let stream = fs::read(file).ok()?;
        // The other crate reads one body here, so each recording must end its last event.
        body.extend_from_slice(stream.trim_ascii_end());
        body.extend_from_slice(b"\n\n");
    }
    Some(body)
}

fn generated() -> Vec<u8> {
    let chunk = |number: usize| {
        format!(
            "data: {{\"id\":\"chatcmpl-B9QQVYPbmzI2Zj0i0rN6LcOgbVLQN\",\"object\":\"chat.completion.chunk\",\
             \"created\":1741569952,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\
             \"system_fingerprint\":\"fp_06737a9306\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word{number}\"}},\
             \"logprobs\":null,\"finish_reason\":null}}],\"usage\":null}}\n\n"
        )
    };
    (0..8_000).flat_map(|number| chunk(number).into_bytes()).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let (source, body) = match recorded() {
        Some(body) => ("recorded OpenAI streams", body),
        None => ("generated chunks", generated()),
    };
    let large = format!("data: {}\n\n", "x".repeat(1 << 20)).into_bytes();
    let events = ours(&body, body.len()).0;
    println!("{source}: {} bytes, {events} events of {} bytes", body.len(), body.len() / events);

    let scenes: [(&str, &[u8], usize); 5] = [
        ("1 KiB reads", &body, 1 << 10),
        ("16 KiB reads", &body, 16 << 10),
        ("64 KiB reads", &body, 64 << 10),
        ("1 MiB reads", &body, 1 << 20),
        ("1 MiB event in 64-byte pieces", &large, 64),
    ];
    let mut rates = vec![vec![Vec::new(); WAYS.len()]; scenes.len()];
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}");
        for (scene, (name, body, piece)) in scenes.iter().enumerate() {
            let expected = ours(body, *piece);
            for (way, rates) in WAYS.iter().zip(&mut rates[scene]) {
                if rates.first().is_some_and(|rate| body.len() as f64 / rate / 1e6 > ENOUGH.as_secs_f64()) {
                    continue;
                }
                let (rate, count) = sample(way, body, *piece);
                assert!(!way.comparable || count == expected, "{} differs on {name}", way.name);
                rates.push(rate);
            }
        }
    }

    println!("\n{:30} {:>26} {:>10} {:>10} {:>10} {:>8}", "MB/s", "", "median", "lowest", "highest", "ours is");
    let mut rows = Vec::new();
    for ((name, _, piece), rates) in scenes.iter().zip(rates) {
        let ours = median(rates[0].clone());
        for (way, rates) in WAYS.iter().zip(rates) {
            let lowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = rates.iter().copied().fold(0.0, f64::max);
            let middle = median(rates);
            let ratio = ours / middle;
            println!("{name:30} {:>26} {middle:10.1} {lowest:10.1} {highest:10.1} {ratio:7.1}x", way.name);
            rows.push(json!({
                "scene": name, "pieceBytes": piece, "reader": way.name,
                "megabytesPerSecond": { "median": middle, "lowest": lowest, "highest": highest },
                "oursIsTimes": ratio,
            }));
        }
    }

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/results");
    fs::create_dir_all(&folder).unwrap();
    let report = json!({ "body": source, "bytes": body.len(), "events": events, "rounds": ROUNDS, "rows": rows });
    fs::write(folder.join("framing.json"), serde_json::to_string_pretty(&report).unwrap()).unwrap();
}
