//! Tool calls, put together from deltas.
//!
//! What always holds: deltas come out as they came in; a call is given once, after the last of its deltas; the time is
//! linear in the bytes, since arguments are only appended, and looked through once. Imports the crate's vocabulary.

use std::borrow::Cow;

use crate::frame::{Budget, Fault, Sink};
use crate::json::Raw;
use crate::{Event, ToolCall};

/// One piece of a call, as a provider sends it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Delta<'a> {
    /// The provider's number of the call. Missing, repeated or always 0 with some.
    pub(crate) wire_index: Option<u64>,
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) name: Option<Cow<'a, str>>,
    pub(crate) arguments: Cow<'a, str>,
}

/// The calls of one choice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    calls: Vec<Call>,
    current: usize,
}

#[derive(Debug, Clone, Default)]
struct Call {
    id: String,
    id_given: bool,
    wire_index: Option<u64>,
    name: String,
    arguments: String,
    balance: Balance,
    /// Once it is given, the length of its arguments, which are gone then.
    given: Option<usize>,
}

/// How far an object's text is looked through, and whether its last brace was there.
#[derive(Debug, Clone, Default)]
struct Balance {
    seen: usize,
    depth: u32,
    in_string: bool,
    escaped: bool,
    closed: bool,
}

impl Balance {
    fn look(&mut self, text: &str) -> bool {
        for &byte in text.as_bytes().get(self.seen..).unwrap_or_default() {
            match (self.in_string, byte) {
                (true, _) if self.escaped => self.escaped = false,
                (true, b'\\') => self.escaped = true,
                (true, b'"') => self.in_string = false,
                (true, _) => {}
                (false, b'"') => self.in_string = true,
                (false, b'{' | b'[') => self.depth += 1,
                (false, b'}' | b']') => {
                    self.depth = self.depth.saturating_sub(1);
                    self.closed |= self.depth == 0;
                }
                _ => {}
            }
        }
        self.seen = text.len();
        self.closed && self.depth == 0
    }
}

impl Call {
    fn is_named(&self, delta: &Delta<'_>) -> bool {
        !self.name.is_empty() && delta.name.as_deref().is_none_or(|name| name.is_empty() || name == self.name)
    }

    fn is_complete(&mut self) -> bool {
        self.balance.look(&self.arguments)
    }

    /// Whether a named delta that seems to belong here is another call: this one is complete and more arguments come,
    /// or it is a call of another tool.
    fn is_followed_by(&mut self, delta: &Delta<'_>) -> bool {
        let Some(name) = delta.name.as_deref().filter(|name| !name.is_empty()) else { return false };
        (!self.name.is_empty() && self.name != name) || (!delta.arguments.is_empty() && self.is_complete())
    }

    fn give(&mut self, choice: u32, index: usize, valid: bool, sink: &mut Sink<'_>) {
        let text = std::mem::take(&mut self.arguments);
        let blank = text.trim().is_empty();
        let arguments = if blank { "{}".to_owned() } else { text };
        self.given = Some(arguments.len());
        let valid = valid && !self.name.is_empty() && (blank || Raw::parse(&arguments).is_some());
        sink(Event::ToolCall(ToolCall {
            choice,
            index: position(index),
            id: self.id.clone(),
            name: self.name.clone(),
            arguments,
            valid,
        }));
    }
}

fn position(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// What became of a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It said nothing.
    Nothing,
    /// It went on with the call at this position, and nothing else happened. `firm`: its number or ID says so, whatever
    /// was spoken of before.
    Continued { call: usize, firm: bool },
    /// A call began with it.
    Began,
}

impl Calls {
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// How many calls were begun.
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Takes a delta in and gives it on.
    pub(crate) fn push(
        &mut self,
        choice: u32,
        delta: &Delta<'_>,
        budget: &mut Budget,
        sink: &mut Sink<'_>,
    ) -> Result<Pushed, Fault> {
        let named = delta.name.as_deref().filter(|name| !name.is_empty());
        let (at, began) = match self.home(delta) {
            Home::None => return Ok(Pushed::Nothing),
            Home::Call(at) => (at, false),
            Home::New => {
                self.give_complete(choice, sink);
                let at = self.calls.len();
                let id = delta.id.as_deref().filter(|id| !id.is_empty());
                budget.take(Budget::ENTRY + id.map_or(0, str::len))?;
                self.calls.push(Call {
                    id: id.map_or_else(|| format!("call_{at}"), str::to_owned),
                    id_given: id.is_some(),
                    wire_index: delta.wire_index,
                    ..Call::default()
                });
                (at, true)
            }
        };
        self.current = at;
        let Some(call) = self.calls.get_mut(at) else { return Ok(Pushed::Nothing) };
        let name = named.filter(|_| call.name.is_empty());
        let by_index = delta.wire_index.is_some() && call.wire_index == delta.wire_index;
        let by_id = call.id_given && delta.id.as_deref() == Some(&*call.id);
        let continued = Pushed::Continued { call: at, firm: by_index || by_id };
        if !began && name.is_none() && delta.arguments.is_empty() {
            return Ok(continued);
        }
        budget.take(delta.arguments.len() + name.map_or(0, str::len))?;
        if let Some(name) = name {
            name.clone_into(&mut call.name);
        }
        call.arguments.push_str(&delta.arguments);
        sink(Event::ToolCallDelta {
            choice,
            index: position(at),
            id: Cow::Borrowed(&call.id),
            name: name.map(Cow::Borrowed),
            arguments: Cow::Borrowed(&delta.arguments),
        });
        Ok(if began || name.is_some() { Pushed::Began } else { continued })
    }

    /// Begins a call, where the format says that one begins. Returns its position.
    pub(crate) fn begin(
        &mut self,
        choice: u32,
        id: Option<&str>,
        name: &str,
        budget: &mut Budget,
        sink: &mut Sink<'_>,
    ) -> Result<usize, Fault> {
        let at = self.calls.len();
        let id = id.filter(|id| !id.is_empty());
        budget.take(Budget::ENTRY + id.map_or(0, str::len) + name.len())?;
        let id_text = id.map_or_else(|| format!("call_{at}"), str::to_owned);
        sink(Event::ToolCallDelta {
            choice,
            index: position(at),
            id: Cow::Borrowed(&id_text),
            name: Some(Cow::Borrowed(name)).filter(|name| !name.is_empty()),
            arguments: Cow::Borrowed(""),
        });
        self.calls.push(Call { id: id_text, id_given: id.is_some(), name: name.to_owned(), ..Call::default() });
        self.current = at;
        Ok(at)
    }

    /// Appends escaped arguments to a call known to be open, without asking again which call it is.
    pub(crate) fn append(
        &mut self,
        choice: u32,
        at: usize,
        inner: &str,
        budget: &mut Budget,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let Some(call) = self.calls.get_mut(at).filter(|call| call.given.is_none()) else { return Ok(()) };
        let start = call.arguments.len();
        crate::json::unescape_into(inner, &mut call.arguments);
        self.appended(choice, at, start, budget, sink)
    }

    /// As [`Calls::append`], of a text without escapes.
    pub(crate) fn append_text(
        &mut self,
        choice: u32,
        at: usize,
        text: &str,
        budget: &mut Budget,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let Some(call) = self.calls.get_mut(at).filter(|call| call.given.is_none()) else { return Ok(()) };
        let start = call.arguments.len();
        call.arguments.push_str(text);
        self.appended(choice, at, start, budget, sink)
    }

    #[inline]
    fn appended(
        &mut self,
        choice: u32,
        at: usize,
        start: usize,
        budget: &mut Budget,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let Some(call) = self.calls.get(at) else { return Ok(()) };
        budget.take(call.arguments.len() - start)?;
        self.current = at;
        sink(Event::ToolCallDelta {
            choice,
            index: position(at),
            id: Cow::Borrowed(&call.id),
            name: None,
            arguments: Cow::Borrowed(call.arguments.get(start..).unwrap_or_default()),
        });
        Ok(())
    }

    /// Whether the call at this position has arguments, or was given already.
    pub(crate) fn has_arguments(&self, at: usize) -> bool {
        self.calls.get(at).is_some_and(|call| call.given.is_some() || !call.arguments.trim_ascii().is_empty())
    }

    /// Takes in a call that is said to be complete, after deltas of it or without any.
    pub(crate) fn whole(
        &mut self,
        choice: u32,
        delta: &Delta<'_>,
        valid: bool,
        budget: &mut Budget,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let id = delta.id.as_deref().filter(|id| !id.is_empty());
        let known = id.and_then(|id| self.calls.iter().rposition(|call| call.id == id));
        let told = known.and_then(|at| self.calls.get(at)).filter(|call| call.is_named(delta));
        if told.is_some_and(|call| call.given == Some(delta.arguments.len())) {
            // It was seen to be complete before it was said to be.
            return Ok(());
        }
        let open = known.filter(|at| self.calls.get(*at).is_some_and(|call| call.given.is_none()));
        // What is said of it as a whole repeats what was streamed; nothing was, where it has no arguments.
        let nothing = told.is_some() && matches!(delta.arguments.trim(), "" | "{}");
        let streamed = |at: &usize| self.calls.get(*at).is_some_and(|call| nothing || !call.arguments.is_empty());
        let at = if let Some(at) = open.filter(streamed) {
            at
        } else {
            if self.push(choice, delta, budget, sink)? == Pushed::Nothing {
                return Ok(());
            }
            self.current
        };
        if let Some(call) = self.calls.get_mut(at) {
            call.give(choice, at, valid, sink);
        }
        Ok(())
    }

    /// Gives the calls whose arguments are complete. Calls may interleave, and an empty one may still get arguments.
    pub(crate) fn give_complete(&mut self, choice: u32, sink: &mut Sink<'_>) -> bool {
        let mut gave = false;
        for (at, call) in self.calls.iter_mut().enumerate().filter(|(_, call)| call.given.is_none()) {
            if call.is_complete() {
                call.give(choice, at, true, sink);
                gave = true;
            }
        }
        gave
    }

    /// Gives what is left. `cut`: the stream broke off; `short`: the model was stopped, so that a call without
    /// arguments may have been about to get some.
    pub(crate) fn give_all(&mut self, choice: u32, cut: bool, short: bool, sink: &mut Sink<'_>) {
        for (at, call) in self.calls.iter_mut().enumerate().filter(|(_, call)| call.given.is_none()) {
            let doubtful = cut || (short && call.arguments.trim().is_empty());
            call.give(choice, at, !doubtful, sink);
        }
    }

    /// Where a delta belongs. An ID that is not yet known makes a new call if it comes with a name. Without an ID, the
    /// number decides, or where there is none the call last spoken of; but a name that comes again after complete
    /// arguments, or another name, makes a new call.
    fn home(&mut self, delta: &Delta<'_>) -> Home {
        let named = delta.name.as_deref().is_some_and(|name| !name.is_empty());
        let blank = delta.arguments.trim().is_empty();
        let with_index = |calls: &[Call]| match delta.wire_index {
            Some(index) => calls.iter().rposition(|call| call.wire_index == Some(index)),
            None => None,
        };
        let found = if let Some(id) = delta.id.as_deref().filter(|id| !id.is_empty()) {
            let same = self.calls.iter().rposition(|call| call.id_given && call.id == id);
            let other_index = |at: usize| match (self.calls.get(at).and_then(|call| call.wire_index), delta.wire_index)
            {
                (Some(known), Some(index)) => known != index,
                _ => false,
            };
            match same {
                Some(at) if !(named && other_index(at)) => Some(at),
                _ if named => return Home::New,
                _ => with_index(&self.calls).or_else(|| self.last_spoken_of(delta)),
            }
        } else {
            with_index(&self.calls).or_else(|| self.last_spoken_of(delta))
        };
        let new = if named || !blank { Home::New } else { Home::None };
        let Some(at) = found else { return new };
        let Some(call) = self.calls.get_mut(at) else { return new };
        if call.given.is_some() {
            // What trails a complete call is white space, or the next call without a mark of its own.
            return new;
        }
        let twin = named && delta.id.is_none() && delta.wire_index.is_none() && delta.arguments.is_empty();
        if call.is_followed_by(delta) || (twin && !call.name.is_empty()) { Home::New } else { Home::Call(at) }
    }

    /// The call last spoken of, for a delta without a number, or one whose number no call has while that call has none.
    fn last_spoken_of(&self, delta: &Delta<'_>) -> Option<usize> {
        let call = self.calls.get(self.current)?;
        (delta.wire_index.is_none() || call.wire_index.is_none()).then_some(self.current)
    }
}

enum Home {
    /// The delta says nothing and belongs nowhere.
    None,
    Call(usize),
    New,
}
