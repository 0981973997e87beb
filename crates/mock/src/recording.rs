//! Recorded answers: read from files, sent exactly as they were recorded, one event at a time.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// One recorded answer.
#[derive(Debug)]
pub(crate) struct Recording {
    /// The file's name without its folder and extension, by which a request may ask for it.
    pub(crate) name: String,
    pub(crate) content_type: &'static str,
    /// The one before the extension: `refused.429.json` is an answer with the status 429.
    pub(crate) status: Option<u16>,
    pub(crate) bytes: Vec<u8>,
    /// Where each event lies in `bytes`; together they are all of it.
    pub(crate) events: Vec<Range<usize>>,
}

/// Recordings in the order in which they are played.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) recordings: Vec<Recording>,
    played: AtomicUsize,
}

/// All recordings of a library together, in bytes.
const MOST: u64 = 1 << 30;

/// Extensions that are recordings when a folder is read; others beside them (indexes, notes) are not.
const EXTENSIONS: [&str; 5] = ["sse", "ndjson", "json", "html", "bin"];

impl Library {
    /// Reads a file, or every recording in a folder and those below it, in the order of their paths.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        if fs::metadata(path)?.is_dir() {
            collect(path, &mut files)?;
            files.sort();
            if files.is_empty() {
                let message = format!("no recordings in the folder (looked for .{})", EXTENSIONS.join(", ."));
                return Err(io::Error::new(io::ErrorKind::NotFound, message));
            }
        } else {
            files.push(path.to_owned());
        }
        let mut total = 0;
        let mut recordings = Vec::with_capacity(files.len());
        for file in files {
            total += fs::metadata(&file)?.len();
            if total > MOST {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "recordings exceed 1 GiB together"));
            }
            recordings.push(Recording::new(&file, fs::read(&file)?));
        }
        Ok(Self { recordings, played: AtomicUsize::new(0) })
    }

    /// The next one in turn.
    pub(crate) fn in_turn(&self) -> Option<&Recording> {
        let turn = self.played.fetch_add(1, Relaxed);
        self.recordings.get(turn % self.recordings.len().max(1))
    }

    /// The recording a request's `model` asks for.
    pub(crate) fn find(&self, model: &str) -> Option<&Recording> {
        self.recordings.iter().find(|recording| recording.name == model)
    }
}

impl Recording {
    fn new(file: &Path, bytes: Vec<u8>) -> Self {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
        let (stem, content_type, events) = match extension {
            "sse" => (stem, "text/event-stream; charset=utf-8", blocks(&bytes)),
            "ndjson" | "jsonl" => (stem, "application/x-ndjson", lines(&bytes)),
            "json" => (stem, "application/json", whole(&bytes)),
            "html" => (stem, "text/html; charset=utf-8", whole(&bytes)),
            "txt" => (stem, "text/plain; charset=utf-8", lines(&bytes)),
            "bin" => match stem.strip_suffix(".eventstream") {
                Some(stem) => (stem, "application/vnd.amazon.eventstream", frames(&bytes)),
                None => (stem, "application/octet-stream", whole(&bytes)),
            },
            _ => (name.as_str(), "application/octet-stream", whole(&bytes)),
        };
        let status = stem.rsplit_once('.').and_then(|(_, last)| last.parse().ok());
        let status = status.filter(|status| (200..600).contains(status));
        Self { name: stem.to_owned(), content_type, status, events, bytes }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // A link to a folder above would lead in circles.
        if entry.file_type()?.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known)) {
            files.push(path);
        }
    }
    Ok(())
}

fn whole(bytes: &[u8]) -> Vec<Range<usize>> {
    if bytes.is_empty() { Vec::new() } else { std::iter::once(0..bytes.len()).collect() }
}

fn lines(bytes: &[u8]) -> Vec<Range<usize>> {
    cut_after(bytes, |bytes, at| bytes.get(at) == Some(&b'\n'))
}

/// Server-sent events end with an empty line, in any of the three line endings.
fn blocks(bytes: &[u8]) -> Vec<Range<usize>> {
    cut_after(bytes, |bytes, at| {
        let before = bytes.get(..=at).unwrap_or_default();
        let after = bytes.get(at + 1).copied();
        let ended = before.ends_with(b"\n\n")
            || before.ends_with(b"\n\r\n")
            || (before.ends_with(b"\r\r") && after != Some(b'\n'));
        // A run of empty lines belongs to the event it follows.
        ended && !matches!(after, Some(b'\n' | b'\r'))
    })
}

/// Frames of an AWS event stream begin with their length, big-endian.
fn frames(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut frames = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let length = match bytes.get(start..start + 4) {
            Some(&[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]) as usize,
            _ => 0,
        };
        // Sixteen bytes are the smallest frame; what is no frame goes out as it is.
        let end = if length >= 16 { start.saturating_add(length).min(bytes.len()) } else { bytes.len() };
        frames.push(start..end);
        start = end;
    }
    frames
}

fn cut_after(bytes: &[u8], ends: impl Fn(&[u8], usize) -> bool) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for at in 0..bytes.len() {
        if ends(bytes, at) {
            pieces.push(start..at + 1);
            start = at + 1;
        }
    }
    if start < bytes.len() {
        pieces.push(start..bytes.len());
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[Range<usize>], bytes: &[u8]) -> Vec<String> {
        pieces.iter().map(|range| String::from_utf8_lossy(&bytes[range.clone()]).into_owned()).collect()
    }

    #[test]
    fn cuts_events_at_empty_lines_of_every_ending() {
        for (text, expected) in [
            ("data: 1\n\ndata: 2\n\n", vec!["data: 1\n\n", "data: 2\n\n"]),
            ("data: 1\r\n\r\ndata: 2\r\n\r\n", vec!["data: 1\r\n\r\n", "data: 2\r\n\r\n"]),
            ("data: 1\r\rdata: 2", vec!["data: 1\r\r", "data: 2"]),
            ("data: 1\n\n\n\ndata: 2\n", vec!["data: 1\n\n\n\n", "data: 2\n"]),
            ("", vec![]),
        ] {
            assert_eq!(cut(&blocks(text.as_bytes()), text.as_bytes()), expected);
        }
    }

    #[test]
    fn cuts_lines_and_frames() {
        assert_eq!(cut(&lines(b"{}\n{}\n{"), b"{}\n{}\n{"), ["{}\n", "{}\n", "{"]);
        let mut two = vec![0, 0, 0, 18];
        two.extend([7; 14]);
        two.extend([0, 0, 0, 16]);
        two.extend([7; 12]);
        assert_eq!(frames(&two), [0..18, 18..34]);
        two.truncate(30);
        assert_eq!(frames(&two), [0..18, 18..30]);
        assert_eq!(frames(&[0, 0, 0, 0, 1]), [Range { start: 0, end: 5 }]);
    }

    #[test]
    fn a_missing_path_and_a_folder_without_recordings_are_errors() {
        assert!(Library::open(Path::new("/nowhere/at/all")).is_err());
        let folder = std::env::temp_dir().join(format!("mock-library-{}", std::process::id()));
        fs::create_dir_all(folder.join("inner")).unwrap();
        fs::write(folder.join("INDEX.tsv"), "file").unwrap();
        let error = Library::open(&folder).unwrap_err().to_string();
        assert!(error.contains(".sse"), "{error}");
        fs::write(folder.join("inner/b.sse"), "data: 1\n\n").unwrap();
        fs::write(folder.join("a.ndjson"), "{}\n").unwrap();
        let library = Library::open(&folder).unwrap();
        let names: Vec<_> = library.recordings.iter().map(|recording| recording.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(library.find("b").unwrap().content_type, "text/event-stream; charset=utf-8");
        fs::remove_dir_all(&folder).unwrap();
    }
}
