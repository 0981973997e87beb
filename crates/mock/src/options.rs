//! What a server is told: where to listen, whom to let in, what to answer.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::answer::{Answer, Content, Files, KEYS, merge};
use crate::fields::{Fields, OptionError, expected, is_header_value};
use crate::formats::{self, Format};
use crate::paths::place;

/// Options of the server itself; all others are those of its answers.
const SERVER_KEYS: [&str; 9] =
    ["host", "port", "threads", "apiKey", "models", "routes", "script", "maxRequests", "maxRecordedBody"];

/// What a [`Server`](crate::Server) is told, read from JSON.
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) threads: usize,
    pub(crate) api_key: Option<String>,
    pub(crate) models: Vec<String>,
    pub(crate) routes: Routes,
    pub(crate) max_requests: usize,
    pub(crate) max_recorded_body: usize,
    pub(crate) behaviour: Behaviour,
}

impl Options {
    /// Reads an object with the options of the server and those of its answers side by side.
    ///
    /// # Errors
    /// [`OptionError`] naming the field that is unknown or not what it should be, or the recording that can't be read.
    pub fn from_json(json: &str) -> Result<Self, OptionError> {
        let value = parse(json)?;
        let Value::Object(map) = &value else { return Err(expected("", "an object", &value)) };
        let fields = Fields::top(map);
        let known: Vec<_> = SERVER_KEYS.into_iter().chain(KEYS).collect();
        fields.only(&known)?;
        let api_key = fields.string("apiKey");
        // Whatever was given there may be a secret.
        let Ok(api_key) = api_key else { return Err(OptionError::new("Expected `apiKey` to be a string")) };
        if api_key.is_some_and(|key| key.is_empty() || !is_header_value(key)) {
            return Err(OptionError::new("Expected `apiKey` to be non-empty, without control characters"));
        }
        let mut defaults = map.clone();
        defaults.retain(|name, _| !SERVER_KEYS.contains(&name.as_str()));
        Ok(Self {
            host: fields.string("host")?.unwrap_or("127.0.0.1").to_owned(),
            port: integer(&fields, "port", 0, 65_535, 0)?,
            threads: integer(&fields, "threads", 1, 256, 1)?,
            api_key: api_key.map(str::to_owned),
            models: models(&fields)?,
            routes: Routes::read(&fields)?,
            max_requests: integer(&fields, "maxRequests", 1, 10_000_000, 10_000)?,
            max_recorded_body: integer(&fields, "maxRecordedBody", 0, 32 << 20, 256 * 1024)?,
            behaviour: Behaviour::read(defaults, fields.array("script")?.unwrap_or_default())?,
        })
    }
}

pub(crate) fn parse(json: &str) -> Result<Value, OptionError> {
    serde_json::from_str(json).map_err(|error| OptionError::new(format!("Expected options to be JSON: {error}")))
}

fn integer<T: TryFrom<u64>>(fields: &Fields<'_>, name: &str, min: u64, max: u64, or: u64) -> Result<T, OptionError> {
    let number = fields.integer(name, min, max)?.unwrap_or(or);
    T::try_from(number).map_err(|_| OptionError::new(format!("Expected `{name}` to fit this machine")))
}

fn models(fields: &Fields<'_>) -> Result<Vec<String>, OptionError> {
    let Some(items) = fields.array("models")? else { return Ok(vec!["mock-1".to_owned()]) };
    let name = |item: &Value| item.as_str().map(str::to_owned).ok_or_else(|| expected("models[]", "a string", item));
    items.iter().map(name).collect()
}

/// Paths that answer as a model does, besides those of the providers.
#[derive(Debug, Clone)]
pub(crate) struct Routes {
    paths: HashMap<String, Format>,
    other: Option<Format>,
}

impl Routes {
    fn read(fields: &Fields<'_>) -> Result<Self, OptionError> {
        // Ollama has this path too, and nothing in a request tells the two apart.
        let mut paths = HashMap::from([("/api/chat".to_owned(), Format::Events)]);
        let mut other = None;
        for (path, format) in fields.map("routes")?.into_iter().flatten() {
            let Some(format) = format.as_str().and_then(Format::named) else {
                return Err(expected("routes[path]", &formats::names(), format));
            };
            if path == "*" {
                other = Some(format);
            } else if path.starts_with('/') {
                paths.insert(path.clone(), format);
            } else {
                return fields.wrong("routes", "an object whose keys are '*' or begin with '/'");
            }
        }
        Ok(Self { paths, other })
    }

    pub(crate) fn get(&self, path: &str) -> Option<Format> {
        self.paths.get(path).copied().or_else(|| place(path).map(|place| place.format)).or(self.other)
    }
}

/// What is answered: one answer always, or a script of them.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    /// Never empty.
    script: Vec<Scripted>,
}

/// An answer and the options it was read from, on which a request's own are laid.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    options: Map<String, Value>,
    pub(crate) answer: Arc<Answer>,
}

impl Behaviour {
    pub(crate) fn read(defaults: Map<String, Value>, script: &[Value]) -> Result<Self, OptionError> {
        let answer = Arc::new(Answer::read(&defaults, Files::Read)?);
        let mut entries = Vec::with_capacity(script.len().max(1));
        for (index, entry) in script.iter().enumerate() {
            let path = format!("script[{index}]");
            let Value::Object(over) = entry else { return Err(expected(&path, "an object", entry)) };
            let named = |error: OptionError| OptionError::new(format!("{error} (in `{path}`)"));
            Fields::top(over).only(&KEYS).map_err(named)?;
            let options = merge(&defaults, over);
            let files = if over.contains_key("replay") { Files::Read } else { Files::Only(&answer.content) };
            let answer = Answer::read(&options, files).map_err(named)?;
            entries.push(Scripted { options, answer: Arc::new(answer) });
        }
        if entries.is_empty() {
            entries.push(Scripted { options: defaults, answer });
        }
        Ok(Self { script: entries })
    }

    /// Reads `{…answer, script?: […]}`.
    pub(crate) fn from_json(json: &str) -> Result<Self, OptionError> {
        let mut value = parse(json)?;
        let Value::Object(map) = &mut value else { return Err(expected("", "an object", &value)) };
        let script = map.remove("script").unwrap_or(Value::Null);
        let known: Vec<_> = KEYS.into_iter().chain(["script"]).collect();
        Fields::top(map).only(&known)?;
        match &script {
            Value::Null => Self::read(map.clone(), &[]),
            Value::Array(entries) => Self::read(map.clone(), entries),
            other => Err(expected("script", "an array", other)),
        }
    }

    /// The answer to request number `index`; the last one repeats.
    pub(crate) fn nth(&self, index: usize) -> Option<&Scripted> {
        self.script.get(index).or(self.script.last())
    }

    /// Whether some answer says its own format, so that every path may have one.
    pub(crate) fn says_protocol(&self) -> bool {
        self.script.iter().any(|entry| entry.answer.protocol.is_some())
    }

    /// Names of the recordings that a request may ask for.
    pub(crate) fn recordings(&self) -> impl Iterator<Item = &str> {
        let libraries = self.script.iter().filter_map(|entry| match &entry.answer.content {
            Content::Recordings(library) => Some(library),
            _ => None,
        });
        libraries.flat_map(|library| library.recordings.iter().map(|recording| recording.name.as_str()))
    }
}

impl Scripted {
    /// This answer with a request's own options laid on it.
    pub(crate) fn with(&self, over: &str) -> Result<Answer, OptionError> {
        let value = parse(over)?;
        let Value::Object(over) = &value else { return Err(expected("", "an object", &value)) };
        Fields::top(over).only(&KEYS)?;
        Answer::read(&merge(&self.options, over), Files::Only(&self.answer.content))
    }
}
