//! What is answered to which request.

use std::borrow::Cow;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::answer::{Answer, Body, Content};
use crate::asked::Asked;
use crate::chat::{Chat, Source, counts, finish_reason};
use crate::clock::since_epoch;
use crate::connection::Connection;
use crate::formats::{COMMENT, Counts, Format, Identity, Whole};
use crate::http::{Framing, NoRequest, Request, head, read_request};
use crate::journal::{Entry, Outcome};
use crate::paths::place;
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
        let behaviour = self.shared.behaviour();
        let routed = self.shared.options.routes.get(&request.path);
        let told = (request.method == "POST" && behaviour.says_protocol()).then_some(Format::OpenAi);
        let own = matches!(request.method.as_str(), "GET" | "HEAD") && is_own(&request.path);
        let Some(format) = routed.or(told).filter(|_| !own) else {
            return self.answer_otherwise(connection).await;
        };
        if request.method != "POST" {
            let message = format!("Not allowed to {} on {}.", request.method, request.path);
            let body = format.error_body(405, &message, "invalid_request_error", Some("method_not_supported"));
            return self.refuse(connection, format, 405, &body, &[("allow", "POST")]).await;
        }
        if let Some((status, body)) = self.unauthorized(format) {
            return self.refuse(connection, format, status, &body, &[]).await;
        }
        let turn = self.shared.turn.fetch_add(1, Relaxed);
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
                    return self.refuse(connection, format, 400, &body, &[]).await;
                }
            },
        };
        match answer.protocol.or(routed) {
            Some(format) => self.model(connection, format, &answer).await,
            None => self.answer_otherwise(connection).await,
        }
    }

    /// Paths that are not a model's.
    async fn answer_otherwise(&self, connection: &mut Connection) -> Ended {
        let request = self.request;
        let reads = matches!(request.method.as_str(), "GET" | "HEAD");
        match request.path.as_str() {
            "/health" if reads => self.plain(connection, 200, r#"{"status":"ok"}"#, Vec::new()).await,
            "/v1/models" | "/models" if reads => {
                if let Some((status, body)) = self.unauthorized(Format::OpenAi) {
                    return self.plain(connection, status, &body, Vec::new()).await;
                }
                let behaviour = self.shared.behaviour();
                let models = self.shared.options.models.iter().map(String::as_str).chain(behaviour.recordings());
                let data: Vec<_> = models
                    .map(
                        |id| json!({ "id": id, "object": "model", "created": 1_735_689_600, "owned_by": "millstream" }),
                    )
                    .collect();
                self.plain(connection, 200, &json!({ "object": "list", "data": data }).to_string(), Vec::new()).await
            }
            path => {
                let message = format!("Invalid URL ({} {path})", request.method);
                let body = Format::OpenAi.error_body(404, &message, "invalid_request_error", None);
                self.plain(connection, 404, &body, Vec::new()).await
            }
        }
    }

    /// The refusal due where a key is asked for and the request doesn't carry it. The key given is not repeated.
    fn unauthorized(&self, format: Format) -> Option<(u16, String)> {
        let wanted = self.shared.options.api_key.as_deref()?;
        let bearer = self.request.header("authorization").and_then(key_of);
        let headers = ["api-key", "x-api-key", "x-goog-api-key"].map(|name| self.request.header(name));
        let given = bearer.or_else(|| headers.into_iter().flatten().next()).or_else(|| self.query("key"));
        (given != Some(wanted)).then(|| format.refused_key(given.is_some()))
    }

    /// A parameter of the query, as it stands there.
    fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.request.query.as_deref()?.split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// An answer of the server's own, beyond the reach of scripts and faults.
    async fn plain(
        &self,
        connection: &mut Connection,
        status: u16,
        body: &str,
        headers: Vec<(String, String)>,
    ) -> Ended {
        self.body(connection, &self.shared.plain, status, "application/json", body.as_bytes(), headers).await
    }

    /// A refusal in the words of a format.
    async fn refuse(
        &self,
        connection: &mut Connection,
        format: Format,
        status: u16,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Ended {
        let mut all = format.error_headers(status);
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.plain(connection, status, body, all).await
    }

    async fn model(&self, connection: &mut Connection, format: Format, answer: &Answer) -> Ended {
        if let Some(url) = &answer.redirect {
            let headers = vec![("location".to_owned(), url.clone())];
            let status = answer.status.unwrap_or(307);
            return self.body(connection, answer, status, "text/plain; charset=utf-8", b"", headers).await;
        }
        let mut status = answer.status.unwrap_or(200);
        if let Some(Body { bytes, content_type }) = &answer.body {
            return self.body(connection, answer, status, content_type, bytes, Vec::new()).await;
        }
        if status >= 300 {
            let body = format.status_body(status);
            let headers = format.error_headers(status);
            return self.body(connection, answer, status, "application/json", body.as_bytes(), headers).await;
        }
        let recording = self.recording(answer);
        let asked = Asked::new(self.request, self.body, format);
        if recording.is_none()
            && let Err(message) = asked.check(answer.protocol.is_some())
        {
            let body = format.error_body(400, &message, "invalid_request_error", None);
            return self.refuse(connection, format, 400, &body, &[]).await;
        }
        let mut wishes = asked.wishes();
        wishes.include_usage |= answer.usage.is_some();
        let identity = self.identity(answer);
        let mut headers = format.headers(wishes.array);
        let source = match recording {
            Some(recording) => {
                self.entry.played(&recording.name);
                headers.push(("content-type".to_owned(), recording.content_type.to_owned()));
                if let Some(recorded) = recording.status.filter(|_| answer.status.is_none()) {
                    status = recorded;
                    headers.extend(format.error_headers(status));
                }
                let frames = format.frames(&identity, Counts::default(), answer, &wishes);
                Source::Recorded { recording, next: 0, frames }
            }
            None => {
                let words = match &answer.content {
                    Content::Words(words) => words.clone(),
                    Content::Echo | Content::Recordings(_) => Words::given(&asked.last_said()),
                };
                if !asked.streams() {
                    let counts = counts(answer, &words, format, &wishes);
                    let finish = finish_reason(answer, &words, counts, format.calls(&wishes));
                    let (tokens, counts) = (counts.answer, counts.told(answer));
                    let whole = Whole { answer, words: &words, identity: &identity, tokens, counts, finish };
                    if let Some(whole) = format.whole(&whole, &wishes) {
                        let body = whole.as_bytes();
                        return self.body(connection, answer, status, "application/json", body, Vec::new()).await;
                    }
                }
                Source::Chat(Chat::new(answer, words, format, &identity, &wishes))
            }
        };
        let framing = if self.request.chunks { Framing::Chunked } else { Framing::Close };
        let heartbeat = format.heartbeat(wishes.array);
        self.play(connection, answer, status, (headers, framing), source, &heartbeat).await
    }

    async fn body(
        &self,
        connection: &mut Connection,
        answer: &Answer,
        status: u16,
        kind: &str,
        body: &[u8],
        mut headers: Vec<(String, String)>,
    ) -> Ended {
        let empty = matches!(status, 204 | 304);
        let framing = if empty || self.request.method == "HEAD" { Framing::None } else { Framing::Length(body.len()) };
        if !empty {
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        let source = Source::Body { bytes: body, sent: false };
        self.play(connection, answer, status, (headers, framing), source, COMMENT).await
    }

    async fn play(
        &self,
        connection: &mut Connection,
        answer: &Answer,
        status: u16,
        (mut headers, framing): (Vec<(String, String)>, Framing),
        source: Source<'_>,
        heartbeat: &[u8],
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
        let player = Player::new(connection, answer, self.entry, framing, heartbeat);
        let ending = player.play(&head(status, &headers, framing, keep), source).await;
        Ended { outcome: ending.outcome, reusable: ending.reusable && keep, reset: ending.reset }
    }

    /// The recording to play: the one the request's `model` names, else the next in turn.
    fn recording<'b>(&self, answer: &'b Answer) -> Option<&'b Recording> {
        let Content::Recordings(library) = &answer.content else { return None };
        let named = self.model_name().and_then(|model| library.find(&model));
        named.or_else(|| library.in_turn())
    }

    /// The model asked for, in the body or in the path.
    fn model_name(&self) -> Option<Cow<'_, str>> {
        let named = |name| self.body.and_then(|body| body.get(name)?.as_str()).map(Cow::Borrowed);
        named("model").or_else(|| named("model_id")).or_else(|| place(&self.request.path)?.model)
    }

    fn identity(&self, answer: &Answer) -> Identity {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let seed = mix(answer.seed, self.entry.index());
        let letter = |at| LETTERS.get((mix(seed, at) % 62) as usize).map_or('A', |&letter| letter.into());
        let model = self.model_name().map(Cow::into_owned);
        Identity {
            id: (0..29).map(letter).collect(),
            created: since_epoch(SystemTime::now()).as_secs(),
            model: model.or_else(|| self.shared.options.models.first().cloned()).unwrap_or_else(|| "mock-1".to_owned()),
        }
    }
}

/// Paths of the server's own.
fn is_own(path: &str) -> bool {
    matches!(path, "/health" | "/v1/models" | "/models")
}

/// The key in an `authorization` header: a bearer's token, or the id of the key that signed for AWS.
fn key_of(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim());
    }
    if scheme != "AWS4-HMAC-SHA256" {
        return None;
    }
    let (_, credential) = rest.split_once("Credential=")?;
    credential.split('/').next()
}
