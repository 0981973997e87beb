//! What is answered to which request.

use std::borrow::Cow;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::answer::{Answer, Body, Content};
use crate::chat::{Chat, Source, counts, finish_reason};
use crate::clock::since_epoch;
use crate::connection::Connection;
use crate::formats::{Counts, Format, Identity, Whole, Wishes};
use crate::http::{Framing, NoRequest, Request, head, read_request};
use crate::journal::{Entry, Outcome};
use crate::options::gemini_path;
use crate::play::Player;
use crate::recording::Recording;
use crate::server::Shared;
use crate::text::{Words, mix};

/// Answers one client's requests until one of the two leaves.
pub(crate) async fn serve(shared: &Shared, mut connection: Connection, number: u64) {
    loop {
        let request = match read_request(&mut connection).await {
            Ok(request) => request,
            Err(NoRequest::Left) => return,
            Err(NoRequest::Refused { status, message }) => {
                let body = Format::OpenAi.error_body(status, message, "invalid_request_error", None);
                let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
                let mut bytes = head(status, &headers, Framing::Length(body.len()), false);
                bytes.push_str(&body);
                if connection.send(bytes.as_bytes()).await.is_ok() {
                    connection.close().await;
                }
                return;
            }
        };
        let body: Option<Value> = serde_json::from_slice(&request.body).ok();
        let entry = shared.journal.asked(number, &request, body.as_ref());
        let exchange = Exchange { shared, request: &request, body: body.as_ref(), entry: &entry };
        let ending = exchange.answer(&mut connection).await;
        shared.journal.ended(&entry, ending.outcome);
        if !ending.reusable {
            if ending.outcome != Outcome::Left && !ending.reset {
                connection.close().await;
            }
            return;
        }
    }
}

struct Exchange<'a> {
    shared: &'a Shared,
    request: &'a Request,
    body: Option<&'a Value>,
    entry: &'a Entry,
}

/// How one exchange ended.
struct Ended {
    outcome: Outcome,
    reusable: bool,
    reset: bool,
}

impl Exchange<'_> {
    async fn answer(&self, connection: &mut Connection) -> Ended {
        let request = self.request;
        let Some(format) = self.shared.options.routes.get(&request.path) else {
            return self.answer_otherwise(connection).await;
        };
        if request.method != "POST" {
            let message = format!("Not allowed to {} on {}.", request.method, request.path);
            let body = format.error_body(405, &message, "invalid_request_error", Some("method_not_supported"));
            return self.plain(connection, 405, &body, &[("allow", "POST")]).await;
        }
        if let Some((status, body)) = self.unauthorized(format) {
            return self.plain(connection, status, &body, &[]).await;
        }
        let turn = self.shared.turn.fetch_add(1, Relaxed);
        let behaviour = self.shared.behaviour();
        let Some(scripted) = behaviour.nth(turn) else {
            return Ended { outcome: Outcome::Cut, reusable: false, reset: false };
        };
        let answer = match request.header("x-mock-fault") {
            None => Cow::Borrowed(scripted.answer.as_ref()),
            Some(over) => match scripted.with(over) {
                Ok(answer) => Cow::Owned(answer),
                Err(error) => {
                    let message = format!("x-mock-fault: {error}");
                    let body = format.error_body(400, &message, "invalid_request_error", None);
                    return self.plain(connection, 400, &body, &[]).await;
                }
            },
        };
        self.model(connection, format, &answer).await
    }

    /// Paths that are not a model's.
    async fn answer_otherwise(&self, connection: &mut Connection) -> Ended {
        let request = self.request;
        let reads = matches!(request.method.as_str(), "GET" | "HEAD");
        match request.path.as_str() {
            "/health" if reads => self.plain(connection, 200, r#"{"status":"ok"}"#, &[]).await,
            "/v1/models" | "/models" if reads => {
                if let Some((status, body)) = self.unauthorized(Format::OpenAi) {
                    return self.plain(connection, status, &body, &[]).await;
                }
                let behaviour = self.shared.behaviour();
                let models = self.shared.options.models.iter().map(String::as_str).chain(behaviour.recordings());
                let data: Vec<_> = models
                    .map(
                        |id| json!({ "id": id, "object": "model", "created": 1_735_689_600, "owned_by": "millstream" }),
                    )
                    .collect();
                self.plain(connection, 200, &json!({ "object": "list", "data": data }).to_string(), &[]).await
            }
            path => {
                let message = format!("Invalid URL ({} {path})", request.method);
                let body = Format::OpenAi.error_body(404, &message, "invalid_request_error", None);
                self.plain(connection, 404, &body, &[]).await
            }
        }
    }

    /// The refusal due where a key is asked for and the request doesn't carry it. The key given is not repeated.
    fn unauthorized(&self, format: Format) -> Option<(u16, String)> {
        let wanted = self.shared.options.api_key.as_deref()?;
        let bearer = self.request.header("authorization").and_then(|value| {
            let (scheme, key) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        });
        let headers = ["api-key", "x-api-key", "x-goog-api-key"].map(|name| self.request.header(name));
        let given = bearer.or_else(|| headers.into_iter().flatten().next()).or_else(|| self.query("key"));
        if given == Some(wanted) {
            return None;
        }
        let (status, message, code) = match (format, given) {
            (Format::Anthropic, Some(_)) => (401, "invalid x-api-key", None),
            (Format::Anthropic, None) => (401, "x-api-key header is required", None),
            (Format::Gemini, Some(_)) => (400, "API key not valid. Please pass a valid API key.", None),
            (Format::Gemini, None) => (403, "Method doesn't allow unregistered callers. Please use an API key.", None),
            (Format::OpenAi | Format::Events, Some(_)) => {
                (401, "Incorrect API key provided: ***.", Some("invalid_api_key"))
            }
            (Format::OpenAi | Format::Events, None) => (
                401,
                "You didn't provide an API key. You need to provide your API key in an Authorization header using \
                 Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
                None,
            ),
        };
        Some((status, format.error_body(status, message, "invalid_request_error", code)))
    }

    /// A parameter of the query, as it stands there.
    fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.request.query.as_deref()?.split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// An answer of the server's own, beyond the reach of scripts and faults.
    async fn plain(&self, connection: &mut Connection, status: u16, body: &str, headers: &[(&str, &str)]) -> Ended {
        let mut answer = self.shared.plain.clone();
        answer.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.body(connection, &answer, status, "application/json", body.as_bytes()).await
    }

    async fn model(&self, connection: &mut Connection, format: Format, answer: &Answer) -> Ended {
        if let Some(url) = &answer.redirect {
            let mut answer = answer.clone();
            answer.headers.push(("location".to_owned(), url.clone()));
            let status = answer.status.unwrap_or(307);
            return self.body(connection, &answer, status, "text/plain; charset=utf-8", b"").await;
        }
        let status = answer.status.unwrap_or(200);
        if let Some(Body { bytes, content_type }) = &answer.body {
            return self.body(connection, answer, status, content_type, bytes).await;
        }
        if status >= 300 {
            let body = format.status_body(status);
            return self.body(connection, answer, status, "application/json", body.as_bytes()).await;
        }
        let recording = self.recording(answer);
        if recording.is_none()
            && let Err(message) = self.check(format)
        {
            let body = format.error_body(400, &message, "invalid_request_error", None);
            return self.plain(connection, 400, &body, &[]).await;
        }
        let wishes = self.wishes(format);
        let identity = self.identity(answer);
        let mut headers = format.headers(wishes.array);
        let source = match recording {
            Some(recording) => {
                self.entry.played(&recording.name);
                headers.push(("content-type".to_owned(), recording.content_type.to_owned()));
                let frames = format.frames(&identity, Counts::default(), answer, &wishes);
                Source::Recorded { recording, next: 0, frames }
            }
            None => {
                let words = self.words(format, answer);
                if !self.streams(format) {
                    let counts = counts(answer, &words, &wishes);
                    let finish = finish_reason(answer, &words, counts);
                    let whole = Whole { answer, words: &words, identity: &identity, counts, finish };
                    let whole = format.whole(&whole);
                    return self.body(connection, answer, status, "application/json", whole.as_bytes()).await;
                }
                Source::Chat(Chat::new(answer, words, format, &identity, &wishes))
            }
        };
        let framing = if self.request.chunks { Framing::Chunked } else { Framing::Close };
        self.play(connection, answer, status, headers, framing, source).await
    }

    async fn body(&self, connection: &mut Connection, answer: &Answer, status: u16, kind: &str, body: &[u8]) -> Ended {
        let empty = matches!(status, 204 | 304);
        let framing = if empty || self.request.method == "HEAD" { Framing::None } else { Framing::Length(body.len()) };
        let headers = if empty { Vec::new() } else { vec![("content-type".to_owned(), kind.to_owned())] };
        let source = Source::Body { bytes: body, sent: false };
        self.play(connection, answer, status, headers, framing, source).await
    }

    async fn play(
        &self,
        connection: &mut Connection,
        answer: &Answer,
        status: u16,
        mut headers: Vec<(String, String)>,
        framing: Framing,
        source: Source<'_>,
    ) -> Ended {
        let now = SystemTime::now();
        headers.push(("date".to_owned(), httpdate::fmt_http_date(now)));
        let request_id = format!("req_{:016x}", mix(answer.seed, self.entry.index()));
        // Anthropic's name for it, and everybody else's.
        headers.push(("request-id".to_owned(), request_id.clone()));
        headers.push(("x-request-id".to_owned(), request_id));
        if let Some(content_type) = &answer.content_type {
            headers.push(("content-type".to_owned(), content_type.clone()));
        }
        headers.extend(answer.own_headers(now));
        let keep = self.request.keep_alive && framing != Framing::Close && !answer.close_connection;
        self.entry.answered_with(status);
        let player = Player::new(connection, answer, self.entry, framing);
        let ending = player.play(&head(status, &headers, framing, keep), source).await;
        Ended { outcome: ending.outcome, reusable: ending.reusable && keep, reset: ending.reset }
    }

    /// The recording to play: the one the request's `model` names, else the next in turn.
    fn recording<'b>(&self, answer: &'b Answer) -> Option<&'b Recording> {
        let Content::Recordings(library) = &answer.content else { return None };
        let named = self.model_name().and_then(|model| library.find(model));
        named.or_else(|| library.in_turn())
    }

    /// The model asked for, in the body or in the path.
    fn model_name(&self) -> Option<&str> {
        let named = self.body.and_then(|body| body.get("model")?.as_str());
        named.or_else(|| gemini_path(&self.request.path).map(|(model, _)| model))
    }

    /// Whether the answer is to come in pieces.
    fn streams(&self, format: Format) -> bool {
        match format {
            Format::OpenAi | Format::Anthropic => {
                self.body.and_then(|body| body.get("stream")) == Some(&Value::Bool(true))
            }
            Format::Gemini => {
                gemini_path(&self.request.path).is_none_or(|(_, method)| method == "streamGenerateContent")
            }
            Format::Events => true,
        }
    }

    /// What the real API would refuse before anything else.
    fn check(&self, format: Format) -> Result<(), String> {
        let Some(body) = self.body.filter(|body| body.is_object()) else {
            return Err("We could not parse the JSON body of your request. (HINT: This likely means you aren't using \
                        your HTTP library correctly. The API expects a JSON payload.)"
                .to_owned());
        };
        let named = body.get("model").and_then(Value::as_str).is_some_and(|model| !model.is_empty());
        let asked = body.get("messages").is_some_and(Value::is_array);
        let missing = match format {
            Format::OpenAi if !named => "you must provide a model parameter",
            Format::OpenAi if !asked => "Missing required parameter: 'messages'.",
            Format::Anthropic if !named => "model: Field required",
            Format::Anthropic if !body.get("max_tokens").is_some_and(Value::is_u64) => "max_tokens: Field required",
            Format::Anthropic if !asked => "messages: Field required",
            Format::Gemini if !body.get("contents").is_some_and(Value::is_array) => {
                "* GenerateContentRequest.contents: contents is not specified"
            }
            _ => return Ok(()),
        };
        Err(missing.to_owned())
    }

    /// What was said so far, the system prompt first.
    fn messages(&self, format: Format) -> impl Iterator<Item = &Value> {
        let get = |name: &str| self.body.and_then(|body| body.get(name));
        let list = if format == Format::Gemini { "contents" } else { "messages" };
        let system = get("systemInstruction").or_else(|| get("system")).filter(|_| format != Format::OpenAi);
        system.into_iter().chain(get(list).and_then(Value::as_array).into_iter().flatten())
    }

    fn wishes(&self, format: Format) -> Wishes {
        let get = |name: &str| self.body.and_then(|body| body.get(name));
        let limit = match format {
            Format::OpenAi => get("max_completion_tokens").or_else(|| get("max_tokens")),
            Format::Anthropic => get("max_tokens"),
            Format::Gemini => get("generationConfig").and_then(|config| config.get("maxOutputTokens")),
            Format::Events => get("maxTokens"),
        };
        let include_usage = get("stream_options").and_then(|options| options.get("include_usage")?.as_bool());
        let letters: usize = self.messages(format).map(|message| text_of(message).chars().count()).sum();
        Wishes {
            include_usage: include_usage.unwrap_or(false),
            array: format == Format::Gemini && self.query("alt") != Some("sse"),
            max_tokens: limit.and_then(Value::as_u64),
            prompt_tokens: (letters as u64).div_ceil(4),
            last_event_id: self.request.header("last-event-id").and_then(|id| id.parse().ok()).unwrap_or(0),
        }
    }

    fn identity(&self, answer: &Answer) -> Identity {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let seed = mix(answer.seed, self.entry.index());
        let letter = |at| LETTERS.get((mix(seed, at) % 62) as usize).map_or('A', |&letter| letter.into());
        Identity {
            id: (0..29).map(letter).collect(),
            created: since_epoch(SystemTime::now()).as_secs(),
            model: self
                .model_name()
                .or(self.shared.options.models.first().map(String::as_str))
                .unwrap_or("mock-1")
                .to_owned(),
        }
    }

    fn words(&self, format: Format, answer: &Answer) -> Words {
        match &answer.content {
            Content::Words(words) => words.clone(),
            Content::Echo | Content::Recordings(_) => {
                let user = |message: &&Value| message.get("role").and_then(Value::as_str) == Some("user");
                let last = self.messages(format).filter(user).last();
                Words::given(&last.map(text_of).unwrap_or_default())
            }
        }
    }
}

/// The text of a message, whether it is a string, has one, or comes in parts.
fn text_of(message: &Value) -> Cow<'_, str> {
    let content = message.get("content").or_else(|| message.get("parts")).unwrap_or(message);
    match content {
        Value::String(text) => text.into(),
        Value::Array(parts) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<String>().into(),
        _ => "".into(),
    }
}
