//! Counts of growing texts against counts of whole ones, and both against byte pair encoding as it is defined.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use millstream_tokens::{Counter, ENCODINGS, MAX_PIECE, Pattern, Table};
use proptest::prelude::*;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../tables/{name}.bpe", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

static CL100K: LazyLock<Arc<Table>> = LazyLock::new(|| Arc::new(Table::read(&file("cl100k_base"), 100_256).unwrap()));

#[test]
fn reads_every_encoding_and_says_what_it_takes() {
    for encoding in ENCODINGS {
        let file = file(encoding.table);
        let table = Table::read(&file, encoding.tokens).unwrap();
        assert_eq!(table.len(), encoding.tokens);
        assert!(table.memory() < 6 * file.len(), "{} bytes for {}", table.memory(), encoding.name);
    }
}

#[test]
fn counts_texts_whose_tokens_are_known() {
    // Counted with OpenAI's own tokenizer.
    for (name, text, tokens) in [
        ("cl100k_base", "hello world", 2),
        ("cl100k_base", "<|endoftext|>", 7),
        ("o200k_base", "Hello, world!", 4),
        ("r50k_base", "    return x", 5),
        ("p50k_base", "    return x", 3),
    ] {
        let encoding = millstream_tokens::encoding(name).unwrap();
        let table = Table::read(&file(encoding.table), encoding.tokens).unwrap();
        assert_eq!(table.count(encoding.pattern, text), tokens, "{name} {text:?}");
    }
}

#[test]
fn a_text_that_never_ends_a_piece_takes_linear_time_and_bounded_memory() {
    for c in ["a", " ", "\n", "!", "é", "中", "A"] {
        let text = c.repeat(30_000 / c.len());
        let whole = CL100K.count(Pattern::Cl100k, &text);
        let mut counter = Counter::new(Arc::clone(&CL100K), Pattern::Cl100k);
        for piece in text.split_inclusive(c) {
            counter.push(piece);
            // Asked after every character: each answer must cost the same.
            counter.count();
        }
        assert_eq!(counter.count(), whole, "{c:?}");
    }
}

#[test]
fn a_piece_without_end_is_cut() {
    let text = "a".repeat(MAX_PIECE + 10);
    let whole = CL100K.count(Pattern::Cl100k, &text);
    let mut counter = Counter::new(Arc::clone(&CL100K), Pattern::Cl100k);
    counter.push(&text);
    assert_eq!(counter.count(), whole);
    let cut = CL100K.count(Pattern::Cl100k, &text[..MAX_PIECE]) + CL100K.count(Pattern::Cl100k, &text[MAX_PIECE..]);
    assert_eq!(whole, cut);
}

/// Byte pair encoding as it is defined, over a handful of letters.
fn defined(table: &HashMap<Vec<u8>, usize>, text: &[u8]) -> Vec<Vec<u8>> {
    let mut parts: Vec<Vec<u8>> = text.iter().map(|byte| vec![*byte]).collect();
    loop {
        let pairs = parts.windows(2).enumerate();
        let ranked = pairs.filter_map(|(at, pair)| table.get(&pair.concat()).map(|rank| (*rank, at)));
        let Some((_, at)) = ranked.min() else { return parts };
        let merged = parts[at..at + 2].concat();
        parts.splice(at..at + 2, [merged]);
    }
}

/// A table's file of these merges, and its tokens.
fn made(merges: &[(usize, usize)]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    let mut ranks: HashMap<Vec<u8>, usize> =
        tokens.iter().cloned().enumerate().map(|(rank, token)| (token, rank)).collect();
    let mut kept = Vec::new();
    // Of the letters alone, and of what was made of them.
    let pick = |tokens: &[Vec<u8>], at: usize| {
        let choices = 4 + tokens.len() - 256;
        let at = at % choices;
        if at < 4 { usize::from(b'a') + at } else { 252 + at }
    };
    for (first, second) in merges {
        let (first, second) = (pick(&tokens, *first), pick(&tokens, *second));
        let token = [tokens[first].as_slice(), &tokens[second]].concat();
        if token.len() > 40 || ranks.contains_key(&token) {
            continue;
        }
        // A token that would never be made is none: encodings have no such tokens either.
        if let [first, second] = defined(&ranks, &token).as_slice() {
            kept.push((ranks[first] as u32, ranks[second] as u32));
            ranks.insert(token.clone(), tokens.len());
            tokens.push(token);
        }
    }
    let mut file = b"msbpe\0\x01\n".to_vec();
    file.extend((tokens.len() as u32).to_le_bytes());
    file.extend(0..=255u8);
    for part in 0..2 {
        for byte in 0..3 {
            file.extend(kept.iter().map(|(first, second)| [*first, *second][part].to_le_bytes()[byte]));
        }
    }
    (file, tokens)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_table_counts_as_defined(
        merges in proptest::collection::vec((any::<usize>(), any::<usize>()), 0..60),
        text in "[abcd]{0,700}",
    ) {
        let (file, tokens) = made(&merges);
        let table = Arc::new(Table::read(&file, tokens.len()).unwrap());
        let ranks: HashMap<Vec<u8>, usize> =
            tokens.iter().cloned().enumerate().map(|(rank, token)| (token, rank)).collect();
        let expected = defined(&ranks, text.as_bytes()).len();
        prop_assert_eq!(table.count(Pattern::R50k, &text), expected as u64);
        let mut counter = Counter::new(Arc::clone(&table), Pattern::R50k);
        for piece in text.as_bytes().chunks(37) {
            counter.push(std::str::from_utf8(piece).unwrap());
            counter.count();
        }
        prop_assert_eq!(counter.count(), expected as u64);
    }

    #[test]
    fn it_does_not_matter_how_a_text_was_cut(
        parts in proptest::collection::vec(prop_oneof!["[a-zA-Z]{1,12}", "[ \t\r\n]{1,4}", "\\PC{1,6}", "[0-9']{1,5}", "[A-Z]{300,900}", " {300,900}"], 0..20),
        cuts in proptest::collection::vec(1usize..9, 1..40),
        encoding in 0usize..2,
    ) {
        let text: String = parts.concat();
        let pattern = [Pattern::Cl100k, Pattern::O200k][encoding];
        let mut counter = Counter::new(Arc::clone(&CL100K), pattern);
        let mut cuts = cuts.iter().cycle();
        let mut rest = text.as_str();
        let mut end = 0;
        while !rest.is_empty() {
            let length = rest.char_indices().nth(*cuts.next().unwrap()).map_or(rest.len(), |(at, _)| at);
            let (piece, more) = rest.split_at(length);
            counter.push(piece);
            rest = more;
            end += length;
            prop_assert_eq!(counter.count(), CL100K.count(pattern, &text[..end]));
        }
    }

    #[test]
    fn bytes_that_are_no_table_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000), at in any::<usize>()) {
        prop_assert!(Table::read(&bytes, 300).is_err());
        let (mut file, tokens) = made(&[(0, 1), (4, 2), (5, 5), (1, 6)]);
        let at = at % file.len();
        file[at] ^= 0x55;
        // Whatever became of it: an answer, no panic.
        if let Ok(table) = Table::read(&file, tokens.len()) {
            prop_assert!(table.count(Pattern::R50k, "abcabcdabab") <= 11);
        }
        prop_assert!(Table::read(&file[..file.len() - 1], tokens.len()).is_err());
    }
}
