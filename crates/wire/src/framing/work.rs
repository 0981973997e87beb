//! Counts the work of the decoders in unit tests, where linear time is asserted as a number of bytes, not as a duration.
//! Outside of tests nothing is counted. Imports nothing.

#[cfg(test)]
std::thread_local! {
    static BYTES: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// So many bytes were searched or copied.
#[inline(always)]
pub(super) fn count(bytes: usize) {
    #[cfg(test)]
    BYTES.set(BYTES.get() + bytes);
    #[cfg(not(test))]
    let _ = bytes;
}

/// The count of this thread so far, which starts again at zero.
#[cfg(test)]
pub(super) fn take() -> usize {
    BYTES.take()
}

#[cfg(test)]
mod tests {
    use super::super::ndjson::NdjsonDecoder;
    use super::super::sse::{SseDecoder, SseItem, SseOptions};
    use super::take;

    const SIZE: usize = 128 << 10;
    const CAP: usize = 1 << 20;

    /// Bodies of about [`SIZE`] bytes, each of another shape.
    fn bodies() -> Vec<(&'static str, Vec<u8>)> {
        let lines = |line: &str| line.repeat(SIZE / line.len());
        vec![
            ("one event of one line", format!("data: {}\n\n", "x".repeat(SIZE)).into_bytes()),
            ("one event of many lines", (lines("data: xxxxxxxxxxxxxxxxxxxxxxxx\n") + "\n").into_bytes()),
            ("one event of empty lines", (lines("data\n") + "\n").into_bytes()),
            ("many events", lines("data: xxxxxxxxxxxxxxxxxxxxxxxx\r\n\r\n").into_bytes()),
            ("many names", lines("event: x\nid: 1\nretry: 1\ndata: x\n\n").into_bytes()),
            ("one long comment", format!(":{}\n", "x".repeat(SIZE)).into_bytes()),
            ("one line without an end", vec![b'x'; SIZE]),
            ("nothing but line ends", lines("\r\n\n\r").into_bytes()),
            ("a long event among comments", (lines("data: xxxxxxxx\n: xxxxxxxx\n") + "\n").into_bytes()),
        ]
    }

    #[test]
    fn server_sent_events_take_linear_work_for_any_fragmentation() {
        for (name, body) in bodies() {
            for piece in [1, 2, 7, 64, 1024, 16 * 1024, SIZE] {
                let mut decoder = SseDecoder::new(SseOptions {
                    max_event_bytes: CAP,
                    lenient_end: true,
                    comments: true,
                    unknown_fields: true,
                });
                let mut items = 0;
                take();
                for piece in body.chunks(piece) {
                    decoder.feed(piece, &mut |_: SseItem<'_>| items += 1).expect("below the cap");
                }
                decoder.end(&mut |_: SseItem<'_>| items += 1).expect("below the cap");
                let work = take();
                assert!(work >= body.len() / 2, "{name}, pieces of {piece}: {work} bytes can't be all the work");
                // Searched for CR, for the line's end and for a colon, copied to the buffer, moved within it.
                assert!(work <= 5 * body.len(), "{name}, pieces of {piece}: {work} bytes of work for {}", body.len());
            }
        }
    }

    #[test]
    fn lines_of_json_take_linear_work_for_any_fragmentation() {
        for (name, body) in bodies() {
            for piece in [1, 2, 7, 64, 1024, 16 * 1024, SIZE] {
                let mut decoder = NdjsonDecoder::new(CAP);
                take();
                for piece in body.chunks(piece) {
                    decoder.feed(piece, &mut |_: &[u8]| {}).expect("below the cap");
                }
                decoder.end(&mut |_: &[u8]| {}).expect("below the cap");
                let work = take();
                assert!(work >= body.len() / 2, "{name}, pieces of {piece}: {work} bytes can't be all the work");
                assert!(work <= 3 * body.len(), "{name}, pieces of {piece}: {work} bytes of work for {}", body.len());
            }
        }
    }
}
