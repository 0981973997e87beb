//! JSON that is still arriving: every prefix of it, every cut, and what is no JSON.

use millstream_wire::partial_json::{JsonCheck, JsonError, JsonProblem, JsonReader, JsonReaderOptions, MAX_DEPTH};
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

const MULTIPLE: JsonReaderOptions = JsonReaderOptions { multiple: true, fences: false };
const FENCES: JsonReaderOptions = JsonReaderOptions { multiple: false, fences: true };

/// Reads the pieces; gives the values, the reader, and how reading went.
fn read<'a>(
    options: JsonReaderOptions,
    pieces: impl IntoIterator<Item = &'a str>,
) -> (Vec<String>, JsonReader, Result<(), JsonError>) {
    let mut reader = JsonReader::new(options);
    let mut values = Vec::new();
    let result =
        pieces.into_iter().try_for_each(|piece| reader.feed(piece, &mut |value| values.push(value.to_owned())));
    (values, reader, result)
}

fn repaired(text: &str) -> Option<String> {
    let (_, reader, result) = read(JsonReaderOptions::default(), [text]);
    assert_eq!(result, Ok(()), "{text}");
    reader.repaired()
}

/// Whether the text can still become JSON, found by ending it.
fn can_end(mut reader: JsonReader) -> bool {
    for _ in 0..MAX_DEPTH + 32 {
        if reader.clone().end(&mut |_| {}).is_ok() {
            return true;
        }
        let next = "\"}]:0rueals".chars().find_map(|letter| {
            let mut tried = reader.clone();
            tried.feed(letter.encode_utf8(&mut [0; 4]), &mut |_| {}).ok().map(|()| tried)
        });
        match next {
            Some(next) => reader = next,
            None => return false,
        }
    }
    false
}

#[test]
fn a_cut_text_is_closed_where_it_is_whole() {
    let cases = [
        (r#"{"a":{"b":[1,2"#, Some(r#"{"a":{"b":[1,2]}}"#)),
        ("", None),
        (" \n", None),
        ("{", Some("{}")),
        ("[", Some("[]")),
        (r#"{"a"#, Some("{}")),
        (r#"{"a""#, Some("{}")),
        (r#"{"a":"#, Some("{}")),
        (r#"{"a":1"#, Some(r#"{"a":1}"#)),
        (r#"{"a":1,"#, Some(r#"{"a":1}"#)),
        (r#"{"a":1,"b"#, Some(r#"{"a":1}"#)),
        (r#"{"a":1,"b":"#, Some(r#"{"a":1}"#)),
        (r#"{"a":1,"b":""#, Some(r#"{"a":1,"b":""}"#)),
        (r#"{"a":"x\"#, Some(r#"{"a":"x"}"#)),
        (r#"{"a":"x\n"#, Some(r#"{"a":"x\n"}"#)),
        (r#"["x\u00e"#, Some(r#"["x"]"#)),
        (r#"["x\u00e9"#, Some(r#"["x\u00e9"]"#)),
        // A pair of surrogates is one character.
        (r#"["x\ud83d"#, Some(r#"["x"]"#)),
        (r#"["x\ud83d\ude"#, Some(r#"["x"]"#)),
        (r#"["x\ud83d\ude00"#, Some(r#"["x\ud83d\ude00"]"#)),
        (r#"["x\ud83dy"#, Some(r#"["x\ud83dy"]"#)),
        (r#"["x\ud83d""#, Some(r#"["x\ud83d"]"#)),
        ("[-", Some("[]")),
        ("[1,-", Some("[1]")),
        ("[1.", Some("[1]")),
        ("[1.5", Some("[1.5]")),
        ("[1e", Some("[1]")),
        ("[1.5E+", Some("[1.5]")),
        ("[0", Some("[0]")),
        ("-", None),
        ("-1", Some("-1")),
        ("[t", Some("[true]")),
        ("[fals", Some("[false]")),
        ("n", Some("null")),
        ("\"", Some("\"\"")),
        ("[[],{", Some("[[],{}]")),
        ("[1] ", Some("[1]")),
    ];
    for (text, expected) in cases {
        assert_eq!(repaired(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn the_first_impossible_character_is_told_where_it_stands() {
    let cases = [
        ("nope", 1),
        ("Sure! {", 0),
        (r#"{"a" 1"#, 5),
        ("{a:1}", 1),
        ("{'a'", 1),
        (r#"{"a":1,}"#, 7),
        ("[1,]", 3),
        ("[1 2", 3),
        ("[01", 2),
        ("[1.x", 3),
        ("[+1", 1),
        ("[.5", 1),
        (r#"["\x"#, 3),
        (r#"["\u12g"#, 6),
        ("[\"a\nb", 3),
        ("{} x", 3),
        ("[]]", 2),
        ("[}", 1),
        ("{]", 1),
        ("NaN", 0),
        // Offsets are those of a string in JavaScript: this letter has two units.
        ("[\"😀\" x", 6),
        ("```json", 0),
    ];
    for (text, offset) in cases {
        for cut in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let (_, reader, result) = read(JsonReaderOptions::default(), [&text[..cut], &text[cut..]]);
            let error = result.expect_err(text);
            assert_eq!(error.offset, offset, "{text}");
            assert!(matches!(error.problem, JsonProblem::Expected(_)));
            assert_eq!(reader.clone().feed("1", &mut |_| {}), Err(error), "a failed reader stays failed");
            assert_eq!(reader.clone().end(&mut |_| {}), Err(error));
        }
    }
    let text = r#"{"a":[1,{"b":"x"}x"#;
    let (_, reader, result) = read(JsonReaderOptions::default(), [text]);
    assert_eq!(result.expect_err(text).offset, 17);
    assert_eq!(reader.repaired().as_deref(), Some(r#"{"a":[1,{"b":"x"}]}"#), "what stood before it is kept");
}

#[test]
fn a_text_that_ends_too_early_says_so() {
    for (text, offset) in [("", 0), ("  ", 2), ("[1", 2), (r#"{"a":"😀"#, 8), ("-", 1), ("tru", 3)] {
        let (_, mut reader, result) = read(JsonReaderOptions::default(), [text]);
        assert_eq!(result, Ok(()));
        let error = reader.end(&mut |_| {}).expect_err(text);
        assert_eq!((error.offset, error.problem), (offset, JsonProblem::Incomplete), "{text}");
    }
    let (_, mut reader, _) = read(JsonReaderOptions::default(), ["12"]);
    let mut given = Vec::new();
    assert_eq!(reader.end(&mut |value| given.push(value.to_owned())), Ok(()));
    assert_eq!(given, ["12"], "only its end delimits a number");
    assert!(reader.is_complete());
}

#[test]
fn several_values_follow_each_other() {
    let text = "{\"a\":1}\n{\"a\":2}{\"a\":3} [4]\"five\"6 true\n";
    let expected = [r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#, "[4]", "\"five\"", "6", "true"];
    for cut in 0..=text.len() {
        let (values, mut reader, result) = read(MULTIPLE, [&text[..cut], &text[cut..]]);
        assert_eq!(result, Ok(()));
        assert_eq!(values, expected);
        assert_eq!(reader.repaired(), None, "none has begun since");
        assert_eq!(reader.end(&mut |_| {}), Ok(()));
    }
    let (values, mut reader, _) = read(MULTIPLE, ["{} {\"b\":[1"]);
    assert_eq!((values.len(), reader.repaired().as_deref()), (1, Some("{\"b\":[1]}")));
    assert_eq!(reader.end(&mut |_| {}).map_err(|error| error.offset), Err(10));
    let (_, _, result) = read(MULTIPLE, ["{\"a\":\"é\"}\n", "x"]);
    assert_eq!(result.map_err(|error| error.offset), Err(10), "counted from the beginning of all");
}

#[test]
fn a_code_fence_around_the_value_is_no_part_of_it() {
    for text in [
        "```json\n{\"a\":1}\n```",
        "\n```\n{\"a\":1}```\n",
        "```json {\"a\":1}",
        "``` JSON5 \n\n{\"a\":1}\n``",
        "{\"a\":1}",
    ] {
        for cut in 0..=text.len() {
            let (values, mut reader, result) = read(FENCES, [&text[..cut], &text[cut..]]);
            assert_eq!(result, Ok(()), "{text}");
            assert_eq!(values, ["{\"a\":1}"], "{text}");
            assert_eq!(reader.repaired().as_deref(), Some("{\"a\":1}"));
            assert_eq!(reader.end(&mut |_| {}), Ok(()));
        }
    }
    for (text, offset) in [("`x", 1), ("```{}\n````", 9), ("{}```", 2), ("```\n```", 4), ("{} {}", 3)] {
        assert_eq!(read(FENCES, [text]).2.map_err(|error| error.offset), Err(offset), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = "[".repeat(MAX_DEPTH);
    let (_, reader, result) = read(JsonReaderOptions::default(), [deep.as_str()]);
    assert_eq!(result, Ok(()));
    assert!(can_end(reader));
    let (_, _, result) = read(JsonReaderOptions::default(), [deep.as_str(), "{"]);
    assert_eq!(result, Err(JsonError { offset: MAX_DEPTH as u64, problem: JsonProblem::TooDeep }));
}

#[test]
fn memory_of_values_that_are_over_is_given_back() {
    let mut reader = JsonReader::new(MULTIPLE);
    let mut count = 0;
    for _ in 0..10_000 {
        reader.feed("{\"a\":\"some text\"} ", &mut |_| count += 1).expect("it is JSON");
    }
    assert_eq!(count, 10_000);
    assert_eq!(reader.held_bytes(), 0);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,12}".prop_map(Value::from),
        "[\"\\\\\n\u{1}é😀a]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-c\"\\\\é]{0,4}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// With everything escaped that can be, or as it is.
fn written(value: &Value, escaped: bool, spaced: bool) -> String {
    let text = if spaced { format!("{value:#}") } else { value.to_string() };
    if !escaped {
        return text;
    }
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            out.extend(letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

/// Whether `part` is what `whole` can have looked like before it was all there.
fn is_before(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|whole| is_before(value, whole)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() <= whole.len() && part.iter().zip(whole).all(|(part, whole)| is_before(part, whole))
        }
        (Value::String(part), Value::String(whole)) => whole.starts_with(part.as_str()),
        // A number that is cut is another one.
        (Value::Number(_), Value::Number(_)) => true,
        _ => part == whole,
    }
}

proptest! {
    #[test]
    fn every_prefix_gives_the_value_so_far(value in any_json(), escaped: bool, spaced: bool) {
        let text = written(&value, escaped, spaced);
        let mut reader = JsonReader::new(JsonReaderOptions::default());
        let mut values = Vec::new();
        for (at, letter) in text.char_indices() {
            reader.feed(letter.encode_utf8(&mut [0; 4]), &mut |value| values.push(value.to_owned())).expect("it is JSON");
            let prefix = &text[..at + letter.len_utf8()];
            if let Some(repaired) = reader.repaired() {
                let part: Value = serde_json::from_str(&repaired).map_err(|error| TestCaseError::fail(format!("{prefix} → {repaired}: {error}")))?;
                prop_assert!(is_before(&part, &value), "{prefix} → {repaired}");
            } else {
                let says_something = prefix.starts_with(['{', '[', '"', 't', 'f', 'n']);
                prop_assert!(!says_something);
            }
        }
        reader.end(&mut |value| values.push(value.to_owned())).expect("it is whole");
        prop_assert_eq!(values, vec![text.clone()]);
        prop_assert_eq!(reader.repaired(), Some(text));
    }

    #[test]
    fn pieces_change_nothing(value in any_json(), noise in "[\\[\\]{}\",:0-9eE+.ntu \\\\-]{0,6}", at in any::<prop::sample::Index>(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let mut text = value.to_string();
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        text.insert_str(places[at.index(places.len())], &noise);
        let (values, mut reader, result) = read(MULTIPLE, [text.as_str()]);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).filter(|cut| text.is_char_boundary(*cut)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let (cut_values, mut cut_reader, cut_result) = read(MULTIPLE, cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]));
        prop_assert_eq!(values, cut_values);
        prop_assert_eq!(result, cut_result);
        prop_assert_eq!(reader.repaired(), cut_reader.repaired());
        prop_assert_eq!(reader.end(&mut |_| {}), cut_reader.end(&mut |_| {}));
    }

    #[test]
    fn a_text_is_refused_as_soon_as_it_can_be_no_json_and_no_sooner(value in any_json(), noise in "[\\[\\]{}\",:0-9eE+.ntuf \\\\-]{1,3}", at in any::<prop::sample::Index>()) {
        let mut text = value.to_string();
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        text.insert_str(places[at.index(places.len())], &noise);
        let (_, mut reader, result) = read(JsonReaderOptions::default(), [text.as_str()]);
        let refused = result.and_then(|()| reader.end(&mut |_| {}));
        let mut check = JsonCheck::default();
        let checked = text.char_indices().try_for_each(|(at, letter)| check.feed(&text[at..at + letter.len_utf8()]));
        if !text.contains('`') {
            prop_assert_eq!(checked, result);
        }
        prop_assert_eq!(refused.is_ok(), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
        if let Err(error) = refused {
            let unit = usize::try_from(error.offset).expect("small");
            let before = String::from_utf16(&text.encode_utf16().take(unit).collect::<Vec<_>>()).expect("whole letters");
            let (_, reader, result) = read(JsonReaderOptions::default(), [before.as_str()]);
            prop_assert_eq!(result, Ok(()));
            prop_assert!(can_end(reader), "{} could have been JSON", before);
        }
    }
}
