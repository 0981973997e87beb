//! Token counts: any text in every encoding, cut anywhere; and any bytes as a table.
//!
//! Laws: the count of a text that grows is, after every piece, that of the whole text so far, and asking for it changes
//! nothing; there are no more tokens than bytes, and none but of nothing; bytes are a table that counts within these
//! bounds, or an error.
#![no_main]

#[path = "pieces.rs"]
mod pieces;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use millstream_tokens::{Counter, ENCODINGS, Pattern, Table};

static TABLES: LazyLock<Vec<(Arc<Table>, Pattern)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tables");
    let read = ENCODINGS.iter().map(|encoding| {
        let file = std::fs::read(folder.join(format!("{}.bpe", encoding.table))).expect("the table is there");
        (Arc::new(Table::read(&file, encoding.tokens).expect("it is one")), encoding.pattern)
    });
    read.collect()
});

/// The text up to each of these places, or to the end of the character there.
fn cut(text: &str, places: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let whole = |place: usize| (place..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    places.into_iter().map(whole).collect()
}

fn counts(table: &Arc<Table>, pattern: Pattern, text: &str, ends: &[usize]) {
    let whole = table.count(pattern, text);
    assert!(whole <= text.len() as u64 && (whole > 0 || text.is_empty()), "{whole} tokens");
    let mut asked = Counter::new(Arc::clone(table), pattern);
    let mut unasked = Counter::new(Arc::clone(table), pattern);
    let mut start = 0;
    for end in ends {
        asked.push(&text[start..*end]);
        unasked.push(&text[start..*end]);
        assert_eq!(asked.count(), table.count(pattern, &text[..*end]), "up to {end}");
        start = *end;
    }
    assert_eq!((asked.count(), asked.count()), (whole, whole), "in the pieces that were chosen");
    assert_eq!(unasked.count(), whole, "in the pieces that were chosen, unasked");
    let mut letters = Counter::new(Arc::clone(table), pattern);
    let mut buffer = [0; 4];
    for (at, letter) in text.chars().enumerate() {
        letters.push(letter.encode_utf8(&mut buffer));
        // Asked after each, a text of one word would take all of the fuzzer's time.
        if at % 61 == 60 {
            letters.count();
        }
    }
    assert_eq!(letters.count(), whole, "a letter at a time");
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, pieces, body)) = pieces::pieces(data) else { return };
    let choice = usize::from(choice) % 8;
    if let Some((table, pattern)) = TABLES.get(choice) {
        let text = String::from_utf8_lossy(body);
        let places = pieces.iter().scan(0, |at, piece| {
            *at += piece.len();
            Some((*at).min(text.len()))
        });
        let mut ends = cut(&text, places);
        ends.push(text.len());
        counts(table, *pattern, &text, &ends);
        return;
    }
    // The length that a table of these bytes has to say it has, so that not every one fails at it.
    let merges = body.len().saturating_sub(256) / 6;
    let tokens = 256 + merges;
    let mut file = b"msbpe\0\x01\n".to_vec();
    file.extend((tokens as u32).to_le_bytes());
    file.extend_from_slice(body.get(..256 + merges * 6).unwrap_or(body));
    for file in [&*file, body] {
        let Ok(table) = Table::read(file, tokens) else { continue };
        assert_eq!(table.len(), tokens);
        let text = String::from_utf8_lossy(body);
        counts(&Arc::new(table), Pattern::O200k, &text, &cut(&text, [text.len() / 3, text.len()]));
    }
});
