//! What is answered to which request.

use std::borrow::Cow;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Body, Content, ToolCall};
use crate::chat::{Chat, Frames, Source, Wishes, call_id, counts, finish_reason};
use crate::clock::since_epoch;
use crate::connection::Connection;
use crate::frames::{ApiError, EventsFrames, Failure, Identity, OpenAiFrames, OpenAiUsage};
use crate::http::{Framing, NoRequest, Request, head, read_request};
use crate::journal::{Entry, Outcome};
use crate::options::Format;
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
                let body = error_body(Format::OpenAi, message, "invalid_request_error", None);
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
            let body = error_body(format, &message, "invalid_request_error", Some("method_not_supported"));
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
                    let body = error_body(Format::OpenAi, &message, "invalid_request_error", None);
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
                let body = error_body(Format::OpenAi, &message, "invalid_request_error", None);
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
        let given = bearer.or(self.request.header("api-key")).or(self.request.header("x-api-key"));
        match given {
            Some(given) if given == wanted => None,
            Some(_) => {
                let message = "Incorrect API key provided: ***.";
                Some((401, error_body(format, message, "invalid_request_error", Some("invalid_api_key"))))
            }
            None => {
                let message = "You didn't provide an API key. You need to provide your API key in an Authorization \
                               header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
                Some((401, error_body(format, message, "invalid_request_error", None)))
            }
        }
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
            let body = status_body(format, status);
            return self.body(connection, answer, status, "application/json", body.as_bytes()).await;
        }
        let recording = self.recording(answer);
        if recording.is_none()
            && let Err(message) = self.check(format)
        {
            let body = error_body(format, &message, "invalid_request_error", None);
            return self.plain(connection, 400, &body, &[]).await;
        }
        let wishes = self.wishes(format);
        let identity = self.identity(answer);
        let (source, content_type) = match recording {
            Some(recording) => {
                self.entry.played(&recording.name);
                let frames = match format {
                    Format::OpenAi => Frames::OpenAi(OpenAiFrames::new(&identity, wishes.include_usage)),
                    Format::Events => Frames::Events(EventsFrames::new(answer.ids)),
                };
                (Source::Recorded { recording, next: 0, frames }, recording.content_type)
            }
            None => {
                let words = self.words(answer);
                if format == Format::OpenAi && self.body.and_then(|body| body.get("stream")) != Some(&Value::Bool(true))
                {
                    let whole = completion(answer, &words, &identity, &wishes);
                    return self.body(connection, answer, status, "application/json", whole.as_bytes()).await;
                }
                let chat = Chat::new(answer, words, format == Format::OpenAi, &identity, &wishes);
                let content_type = match format {
                    Format::OpenAi => "text/event-stream; charset=utf-8",
                    Format::Events => "text/event-stream",
                };
                (Source::Chat(chat), content_type)
            }
        };
        let framing = if self.request.chunks { Framing::Chunked } else { Framing::Close };
        let mut headers = vec![("content-type".to_owned(), content_type.to_owned())];
        match format {
            Format::OpenAi => headers.push(("cache-control".to_owned(), "no-cache".to_owned())),
            Format::Events => {
                headers.push(("cache-control".to_owned(), "no-cache, no-transform".to_owned()));
                headers.push(("x-accel-buffering".to_owned(), "no".to_owned()));
            }
        }
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
        headers.push(("x-request-id".to_owned(), format!("req_{:016x}", mix(answer.seed, self.entry.index()))));
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
        let named = self.body.and_then(|body| body.get("model")?.as_str()).and_then(|model| library.find(model));
        named.or_else(|| library.in_turn())
    }

    /// What the real API would refuse before anything else.
    fn check(&self, format: Format) -> Result<(), String> {
        let Some(body) = self.body.filter(|body| body.is_object()) else {
            return Err("We could not parse the JSON body of your request. (HINT: This likely means you aren't using \
                        your HTTP library correctly. The API expects a JSON payload.)"
                .to_owned());
        };
        if format == Format::OpenAi {
            if body.get("model").and_then(Value::as_str).is_none_or(str::is_empty) {
                return Err("you must provide a model parameter".to_owned());
            }
            if !body.get("messages").is_some_and(Value::is_array) {
                return Err("Missing required parameter: 'messages'.".to_owned());
            }
        }
        Ok(())
    }

    fn wishes(&self, format: Format) -> Wishes {
        let get = |name: &str| self.body.and_then(|body| body.get(name));
        let limit = match format {
            Format::OpenAi => get("max_completion_tokens").or_else(|| get("max_tokens")),
            Format::Events => get("maxTokens"),
        };
        let include_usage = get("stream_options").and_then(|options| options.get("include_usage")?.as_bool());
        let messages = get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let letters: usize = messages.iter().map(|message| text_of(message).chars().count()).sum();
        Wishes {
            include_usage: include_usage.unwrap_or(false),
            max_tokens: limit.and_then(Value::as_u64),
            prompt_tokens: (letters as u64).div_ceil(4),
            last_event_id: self.request.header("last-event-id").and_then(|id| id.parse().ok()).unwrap_or(0),
        }
    }

    fn identity(&self, answer: &Answer) -> Identity {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let seed = mix(answer.seed, self.entry.index());
        let letter = |at| LETTERS.get((mix(seed, at) % 62) as usize).map_or('A', |&letter| letter.into());
        let asked = self.body.and_then(|body| body.get("model")?.as_str());
        Identity {
            id: std::iter::once("chatcmpl-").flat_map(str::chars).chain((0..29).map(letter)).collect(),
            created: since_epoch(SystemTime::now()).as_secs(),
            model: asked.or(self.shared.options.models.first().map(String::as_str)).unwrap_or("mock-1").to_owned(),
        }
    }

    fn words(&self, answer: &Answer) -> Words {
        match &answer.content {
            Content::Words(words) => words.clone(),
            Content::Echo | Content::Recordings(_) => {
                let messages = self.body.and_then(|body| body.get("messages")?.as_array());
                let user = |message: &&Value| message.get("role").and_then(Value::as_str) == Some("user");
                let last = messages.and_then(|messages| messages.iter().rev().find(user));
                Words::given(&last.map(text_of).unwrap_or_default())
            }
        }
    }
}

/// The text of a message, whether it comes as a string or in parts.
fn text_of(message: &Value) -> Cow<'_, str> {
    match message.get("content") {
        Some(Value::String(text)) => text.into(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<String>().into()
        }
        _ => "".into(),
    }
}

/// The whole answer as one `chat.completion`, for requests that don't ask for a stream.
fn completion(answer: &Answer, words: &Words, identity: &Identity, wishes: &Wishes) -> String {
    let counts = counts(answer, words, wishes);
    let call = |(index, call): (usize, &ToolCall)| {
        let function = json!({ "name": call.name, "arguments": call.arguments });
        json!({ "id": call_id(call, index), "type": "function", "function": function })
    };
    let reasoning = answer.reasoning.as_ref().map(|words| words.join(u64::MAX));
    let other = answer.reasoning_field == "reasoning";
    let message = Message {
        role: "assistant",
        content: &words.join(counts.answer),
        refusal: None,
        reasoning_content: reasoning.as_deref().filter(|_| !other),
        reasoning: reasoning.as_deref().filter(|_| other),
        tool_calls: answer.tool_calls.iter().enumerate().map(call).collect(),
    };
    let finish_reason = (!answer.omit.finish).then(|| finish_reason(answer, words, counts));
    text(&Completion {
        id: &identity.id,
        object: "chat.completion",
        created: identity.created,
        model: &identity.model,
        choices: [Choice { index: 0, message, logprobs: None, finish_reason }],
        usage: (!answer.omit.usage).then(|| counts.into()),
        service_tier: "default",
        system_fingerprint: "fp_62a23a81ef",
    })
}

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<OpenAiUsage>,
    service_tier: &'static str,
    system_fingerprint: &'static str,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Message<'a>,
    logprobs: Option<&'a str>,
    finish_reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Value>,
}

/// An error as the format's servers describe it.
fn error_body(format: Format, message: &str, kind: &str, code: Option<&str>) -> String {
    match format {
        Format::OpenAi => {
            let code = code.map(Value::from);
            let error = ApiError { message, kind: Some(kind), param: None, code: code.as_ref(), status: None };
            text(&Failure { error })
        }
        Format::Events => json!({ "error": message, "code": code.unwrap_or(kind) }).to_string(),
    }
}

/// JSON text of what can't fail to be one.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// What the API says with a status, where nothing else is asked for.
fn status_body(format: Format, status: u16) -> String {
    let (message, kind, code) = match status {
        400 => ("The request was malformed.", "invalid_request_error", None),
        401 => ("Incorrect API key provided: ***.", "invalid_request_error", Some("invalid_api_key")),
        402 => ("Your account has no credit left.", "billing_error", Some("billing_not_active")),
        403 => (
            "You are not allowed to use this model.",
            "invalid_request_error",
            Some("unsupported_country_region_territory"),
        ),
        404 => (
            "The model does not exist or you do not have access to it.",
            "invalid_request_error",
            Some("model_not_found"),
        ),
        408 => ("The request took too long to arrive.", "invalid_request_error", Some("request_timeout")),
        413 => ("The request is too large.", "invalid_request_error", Some("request_too_large")),
        429 => ("Rate limit reached. Please try again later.", "requests", Some("rate_limit_exceeded")),
        503 => {
            ("The engine is currently overloaded, please try again later.", "server_error", Some("engine_overloaded"))
        }
        504 => ("The upstream server did not answer in time.", "server_error", Some("gateway_timeout")),
        529 => ("Overloaded", "overloaded_error", Some("overloaded_error")),
        300..=399 => ("See the Location header.", "redirect", None),
        _ if status < 500 => ("The request was refused.", "invalid_request_error", None),
        _ => ("The server had an error while processing your request. Sorry about that!", "server_error", None),
    };
    error_body(format, message, kind, code)
}
