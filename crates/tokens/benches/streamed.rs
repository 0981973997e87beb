//! What counting costs an answer that streams: deltas pushed as the engine pushes them, without JavaScript in between.
//! Prints `{"nanoseconds","tokens","deltas"}`, the median of its rounds; `npm run bench -- tokens` sets it beside others.

#![expect(clippy::print_stdout, reason = "a program for developers")]

use std::sync::Arc;
use std::time::Instant;

use millstream_tokens::{Counter, Table, encoding};

/// As in `bench/subjects/tokens.mjs`.
const PARAGRAPHS: [&str; 6] = [
    "The mill had stood by the stream for three hundred years, and nobody remembered who'd built it. ",
    "Water doesn’t ask; it turns the wheel, 24 hours a day, 7 days a week (except in August).\n\n",
    "for (let index = 0; index < items.length; index++) {\n  total += items[index].price * 1.08;\n}\n",
    "{\"id\":\"call_8f2\",\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"arguments\":\"{\\\"city\\\":\\\"Oslo\\\"}\"}}\n",
    "- **Step 1:** install the package\n- **Step 2:** read https://example.com/docs?page=2#start\n",
    "水车在小溪边转动了三百年，没有人记得是谁建造的。🎉\n",
];
const CHARACTERS: usize = 100_000;
const ROUNDS: usize = 31;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = encoding("o200k_base").ok_or("no such encoding")?;
    let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tables/o200k_base.bpe"))?;
    let table = Arc::new(Table::read(&file, name.tokens)?);
    let text: Vec<char> = (0..)
        .flat_map(|at: usize| PARAGRAPHS[(at * 7 + (at >> 2)) % PARAGRAPHS.len()].chars())
        .take(CHARACTERS)
        .collect();
    let mut deltas = Vec::new();
    let mut rest = text.as_slice();
    while !rest.is_empty() {
        let n = deltas.len();
        let (delta, behind) = rest.split_at((1 + (n * 5 + (n >> 3)) % 8).min(rest.len()));
        deltas.push(delta.iter().collect::<String>());
        rest = behind;
    }
    let mut tokens = 0;
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let mut counter = Counter::new(Arc::clone(&table), name.pattern);
            let began = Instant::now();
            for delta in &deltas {
                counter.push(delta);
            }
            tokens = counter.count();
            began.elapsed().as_secs_f64() * 1e9 / deltas.len() as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    println!(r#"{{"nanoseconds":{},"tokens":{tokens},"deltas":{}}}"#, rounds[ROUNDS / 2], deltas.len());
    Ok(())
}
