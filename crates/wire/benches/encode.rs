//! Events to bytes: what a piece of text costs in each format, beside `serde_json` writing the same chunk of `openai`.
//!
//! The answer is 1,000 pieces of a few characters, every eighth with something to escape, into a buffer that is emptied
//! after 64 of them, as after a write. Medians of rounds in which the ways take turns.
#![expect(clippy::print_stdout, reason = "a report")]

use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use millstream_wire::Event;
use millstream_wire::encode::{Encoder, EncoderOptions, Format};
use serde::Serialize;

const PIECES: usize = 1_000;
const AT_ONCE: usize = 64;
const ROUNDS: usize = 9;
const SAMPLE: Duration = Duration::from_millis(60);

const WORDS: [&str; 8] = [" the", " stream", ",", " of", "\n\n", " tokens", " caf\u{e9}", " \"quoted\""];

fn ours(format: Format, out: &mut String) -> usize {
    let options = EncoderOptions {
        id: "chatcmpl-B9QQVYPbmzI2Zj0i0rN6LcOgbVLQN".to_owned(),
        model: "gpt-4o-mini-2024-07-18".to_owned(),
        began_ms: 1_741_569_952_123,
        ..EncoderOptions::new(format)
    };
    let mut encoder = Encoder::new(options);
    let mut bytes = 0;
    for (at, word) in WORDS.iter().cycle().take(PIECES).enumerate() {
        encoder.event(&Event::Text { choice: 0, text: (*word).into() }, out);
        if at % AT_ONCE == AT_ONCE - 1 {
            bytes += black_box(&*out).len();
            out.clear();
        }
    }
    encoder.finish(1_741_569_953_000, out);
    bytes += out.len();
    out.clear();
    bytes
}

/// The same chunks, as a program in Rust would write them.
fn serialised(out: &mut String) -> usize {
    #[derive(Serialize)]
    struct Chunk<'a> {
        id: &'a str,
        object: &'a str,
        created: u64,
        model: &'a str,
        choices: [Choice<'a>; 1],
    }
    #[derive(Serialize)]
    struct Choice<'a> {
        index: u32,
        delta: Delta<'a>,
        finish_reason: Option<&'a str>,
    }
    #[derive(Serialize)]
    struct Delta<'a> {
        content: &'a str,
    }
    let mut bytes = 0;
    for (at, word) in WORDS.iter().cycle().take(PIECES).enumerate() {
        let chunk = Chunk {
            id: "chatcmpl-B9QQVYPbmzI2Zj0i0rN6LcOgbVLQN",
            object: "chat.completion.chunk",
            created: 1_741_569_952,
            model: "gpt-4o-mini-2024-07-18",
            choices: [Choice { index: 0, delta: Delta { content: word }, finish_reason: None }],
        };
        let _ = write!(out, "data: {}\n\n", serde_json::to_string(&chunk).unwrap_or_default());
        if at % AT_ONCE == AT_ONCE - 1 {
            bytes += black_box(&*out).len();
            out.clear();
        }
    }
    bytes += out.len();
    out.clear();
    bytes
}

/// How long this thread was on a processor, where the system says (Linux): others on the machine count less then.
fn thread_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// Nanoseconds a piece.
fn sample(run: &mut dyn FnMut() -> usize) -> f64 {
    let start = (Instant::now(), thread_time());
    let mut runs = 0_u32;
    while start.0.elapsed() < SAMPLE {
        black_box(run());
        runs += 1;
    }
    let elapsed = match (start.1, thread_time()) {
        (Some(start), Some(end)) => end.saturating_sub(start),
        _ => start.0.elapsed(),
    };
    elapsed.as_secs_f64() * 1e9 / f64::from(runs) / PIECES as f64
}

fn main() {
    let mut out = String::new();
    let mut ways: Vec<(String, usize, Vec<f64>)> = Vec::new();
    for format in Format::ALL {
        ways.push((format.to_string(), ours(format, &mut out), Vec::new()));
    }
    ways.push(("openai, by serde_json".to_owned(), serialised(&mut out), Vec::new()));
    for _ in 0..ROUNDS {
        for (at, (_, _, times)) in ways.iter_mut().enumerate() {
            times.push(sample(&mut || match Format::ALL.get(at) {
                Some(format) => ours(*format, &mut out),
                None => serialised(&mut out),
            }));
        }
    }
    println!("{:24} {:>10} {:>8} {:>8} {:>12}", "format", "ns/piece", "lowest", "highest", "bytes/piece");
    for (name, bytes, times) in &mut ways {
        times.sort_by(f64::total_cmp);
        let (lowest, highest) = (times.first().copied().unwrap_or(0.0), times.last().copied().unwrap_or(0.0));
        let middle = times.get(ROUNDS / 2).copied().unwrap_or(0.0);
        println!("{name:24} {middle:10.1} {lowest:8.1} {highest:8.1} {:12.1}", *bytes as f64 / PIECES as f64);
    }
}
