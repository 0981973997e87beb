//! Token counts for JavaScript: the tables of `millstream-tokens`, read from files once in a process, and counters over
//! them. `lib/tokens/native.ts` is the other end.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use millstream_tokens::{Counter, EncodingName, Table};
use napi::bindgen_prelude::{External, Result};
use napi::{Error, Status};
use napi_derive::napi;

/// An encoding whose table is there.
#[derive(Clone)]
pub(crate) struct Encoding {
    name: EncodingName,
    table: Arc<Table>,
}

impl Encoding {
    pub(crate) fn counter(&self) -> Counter {
        Counter::new(Arc::clone(&self.table), self.name.pattern)
    }

    pub(crate) fn count(&self, text: &str) -> u64 {
        self.table.count(self.name.pattern, text)
    }

    /// The encoding of a name, once it was loaded.
    pub(crate) fn loaded(name: &str) -> Option<Self> {
        let name = millstream_tokens::encoding(name)?;
        let table = Arc::clone(lock().get(&key(name))?);
        Some(Self { name, table })
    }
}

/// By name and number of tokens: encodings may share one.
type Tables = HashMap<(&'static str, usize), Arc<Table>>;

static TABLES: LazyLock<Mutex<Tables>> = LazyLock::new(Mutex::default);

fn lock() -> std::sync::MutexGuard<'static, Tables> {
    TABLES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(name: EncodingName) -> (&'static str, usize) {
    (name.table, name.tokens)
}

/// Reads an encoding's table from its file, unless it was read before. Must come before anything else with that encoding.
/// Returns about how many bytes of memory it takes.
#[napi]
pub(crate) fn tokens_load(encoding: String, file: String) -> Result<f64> {
    let name = millstream_tokens::encoding(&encoding).ok_or_else(|| unknown(&encoding))?;
    // Held while reading, so that two workers don't read the same at once.
    let mut tables = lock();
    if let Some(table) = tables.get(&key(name)) {
        return Ok(table.memory() as f64);
    }
    let refuse =
        |why: String| Error::new(Status::GenericFailure, format!("could not read the tokens of {encoding}: {why}"));
    let bytes = std::fs::read(&file).map_err(|error| refuse(error.kind().to_string()))?;
    let table = Table::read(&bytes, name.tokens).map_err(|error| refuse(error.to_string()))?;
    let memory = table.memory();
    tables.insert(key(name), Arc::new(table));
    Ok(memory as f64)
}

/// How many tokens a text is.
#[napi]
pub(crate) fn tokens_count(encoding: String, text: String) -> Result<f64> {
    Ok(Encoding::loaded(&encoding).ok_or_else(|| unknown(&encoding))?.count(&text) as f64)
}

/// A counter of a text that comes in pieces.
#[napi]
pub(crate) fn tokens_counter(encoding: String) -> Result<External<Counter>> {
    Ok(External::new(Encoding::loaded(&encoding).ok_or_else(|| unknown(&encoding))?.counter()))
}

/// Appends a piece of the text.
#[napi]
pub(crate) fn tokens_push(counter: &mut External<Counter>, text: String) {
    counter.push(&text);
}

/// Appends a piece of the text, and counts all of it.
#[napi]
pub(crate) fn tokens_total(counter: &mut External<Counter>, text: String) -> f64 {
    counter.push(&text);
    counter.count() as f64
}

fn unknown(encoding: &str) -> Error {
    Error::new(Status::InvalidArg, format!("the encoding {encoding} is not loaded"))
}
