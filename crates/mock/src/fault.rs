//! How an answer goes wrong: what happens, and after how many bytes or tokens.

use std::time::Duration;

use serde_json::Value;

use crate::fields::{Fields, OptionError, expected};

/// Longest wait that can be asked for: a day. Beyond it, waiting and stalling are the same.
pub(crate) const LONGEST_MS: u64 = 86_400_000;
/// Largest answer that can be asked for, in bytes: 4 GiB. Filler is never held in memory.
pub(crate) const MOST_BYTES: u64 = 4 << 30;

/// Where in an answer something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// Nothing of the answer has been sent, not even its status line.
    BeforeHead,
    /// So many bytes of the body have been sent, chunk sizes not counted.
    Bytes(u64),
    /// So many tokens (of a recording: events) have been sent, and what comes before the first of them.
    Tokens(u64),
}

/// What happens there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// The connection is reset (RST).
    Reset,
    /// The connection is closed (FIN); with `clean`, the body is terminated first as if it were whole.
    End { clean: bool },
    /// Nothing comes any more, or nothing for a while.
    Stall { resume_after: Option<Duration> },
    /// Bytes that mean nothing are put into the body.
    Garbage { bytes: u64 },
    /// The provider reports a failure inside the stream, which ends there.
    Error(InStreamError),
    /// One token of this many bytes.
    HugeEvent { bytes: u64 },
}

/// A failure as a provider reports it inside a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InStreamError {
    pub(crate) message: String,
    pub(crate) kind: Option<String>,
    pub(crate) code: Option<Value>,
    pub(crate) status: Option<u64>,
    /// Whether the format's terminal marker follows all the same.
    pub(crate) done: Option<bool>,
}

/// An action and its place. Each happens at most once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) at: Position,
    pub(crate) action: Action,
}

const POSITION: [&str; 2] = ["afterBytes", "afterTokens"];

/// Reads the six breaking options out of an answer's fields.
pub(crate) fn read(fields: &Fields<'_>) -> Result<Vec<Fault>, OptionError> {
    let mut faults = Vec::new();
    let mut add = |name: &str, value: Option<&Value>, parse: Parse| -> Result<(), OptionError> {
        if let Some(value) = value {
            faults.push(parse(&Fields::object(name, value)?, value)?);
        }
        Ok(())
    };
    add("hugeEvent", fields.get("hugeEvent"), |fields, value| {
        let bytes = required(fields.integer("bytes", 1, MOST_BYTES)?, "hugeEvent.bytes", value)?;
        only(fields, &["bytes", "afterTokens"])?;
        Ok(Fault { at: after_tokens(fields)?, action: Action::HugeEvent { bytes } })
    })?;
    add("garbage", fields.get("garbage"), |fields, value| {
        let bytes = required(fields.integer("bytes", 1, MOST_BYTES)?, "garbage.bytes", value)?;
        only(fields, &["bytes", "afterBytes", "afterTokens"])?;
        Ok(Fault { at: position(fields, value, false)?, action: Action::Garbage { bytes } })
    })?;
    add("stall", fields.get("stall"), |fields, value| {
        only(fields, &["resumeAfter", "afterBytes", "afterTokens"])?;
        let resume_after = fields.integer("resumeAfter", 0, LONGEST_MS)?.map(Duration::from_millis);
        Ok(Fault { at: position(fields, value, false)?, action: Action::Stall { resume_after } })
    })?;
    add("error", fields.get("error"), |fields, _| {
        only(fields, &["afterTokens", "message", "type", "code", "status", "done"])?;
        let code = fields.get("code").cloned();
        if code.as_ref().is_some_and(|code| !code.is_string() && !code.is_number()) {
            return fields.wrong("code", "a string or a number");
        }
        let message = fields.string("message")?;
        let error = InStreamError {
            message: message.unwrap_or("The server had an error while processing your request.").to_owned(),
            kind: fields.string("type")?.or(message.is_none().then_some("server_error")).map(str::to_owned),
            code,
            status: fields.integer("status", 100, 599)?,
            done: fields.boolean("done")?,
        };
        Ok(Fault { at: after_tokens(fields)?, action: Action::Error(error) })
    })?;
    add("end", fields.get("end"), |fields, value| {
        only(fields, &["clean", "beforeHead", "afterBytes", "afterTokens"])?;
        let clean = fields.boolean("clean")?.unwrap_or(false);
        Ok(Fault { at: position(fields, value, true)?, action: Action::End { clean } })
    })?;
    add("reset", fields.get("reset"), |fields, value| {
        only(fields, &["beforeHead", "afterBytes", "afterTokens"])?;
        Ok(Fault { at: position(fields, value, true)?, action: Action::Reset })
    })?;
    Ok(faults)
}

type Parse = fn(&Fields<'_>, &Value) -> Result<Fault, OptionError>;

fn only(fields: &Fields<'_>, known: &[&str]) -> Result<(), OptionError> {
    fields.only(known)
}

fn required<T>(value: Option<T>, name: &str, got: &Value) -> Result<T, OptionError> {
    value.ok_or_else(|| expected(name, "given", got))
}

fn after_tokens(fields: &Fields<'_>) -> Result<Position, OptionError> {
    Ok(Position::Tokens(fields.integer("afterTokens", 0, u64::MAX)?.unwrap_or(0)))
}

fn position(fields: &Fields<'_>, value: &Value, head: bool) -> Result<Position, OptionError> {
    let bytes = fields.integer("afterBytes", 0, u64::MAX)?.map(Position::Bytes);
    let tokens = fields.integer("afterTokens", 0, u64::MAX)?.map(Position::Tokens);
    let before = if head { fields.boolean("beforeHead")?.filter(|&yes| yes) } else { None };
    let mut given = [bytes, tokens, before.map(|_| Position::BeforeHead)].into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(position), None) => Ok(position),
        _ => {
            let [bytes, tokens] = POSITION;
            let head = if head { ", `beforeHead: true`" } else { "" };
            let what = format!("an object with exactly one of `{bytes}`, `{tokens}`{head}");
            Err(expected(&fields.path_name(), &what, value))
        }
    }
}
