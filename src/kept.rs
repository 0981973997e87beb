//! What an answer said so far, for those who come later: readers, relays, whoever wants the whole text.
//!
//! What always holds: order; a piece of the first alternative's text costs its bytes and a number. Imports the events of
//! `millstream-wire`.

use std::borrow::Cow;

use millstream_wire::Event;

/// The events of one answer.
#[derive(Default)]
pub(crate) struct Kept {
    /// The first alternative's text.
    text: String,
    items: Vec<Item>,
}

enum Item {
    /// A piece of `text`, up to here.
    Text(usize),
    Other(Box<Event<'static>>),
}

/// A place between two events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    item: usize,
    text: usize,
}

impl Kept {
    /// Keeps the text alone.
    pub(crate) fn push_text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(crate) fn push(&mut self, event: &Event<'_>) {
        let item = match event {
            Event::Text { choice: 0, text } => {
                self.text.push_str(text);
                Item::Text(self.text.len())
            }
            other => Item::Other(Box::new(other.clone().into_owned())),
        };
        self.items.push(item);
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn end(&self) -> Cursor {
        Cursor { item: self.items.len(), text: self.text.len() }
    }

    /// The event at a place, and the place behind it.
    pub(crate) fn at(&self, cursor: Cursor) -> Option<(Event<'_>, Cursor)> {
        let (event, text) = match self.items.get(cursor.item)? {
            Item::Text(end) => {
                let text = self.text.get(cursor.text..*end).unwrap_or_default();
                (Event::Text { choice: 0, text: Cow::Borrowed(text) }, *end)
            }
            Item::Other(event) => ((**event).clone(), cursor.text),
        };
        Some((event, Cursor { item: cursor.item + 1, text }))
    }

    /// All events from the first.
    pub(crate) fn events(&self) -> impl Iterator<Item = Event<'_>> {
        let mut cursor = Cursor::default();
        std::iter::from_fn(move || {
            let (event, next) = self.at(cursor)?;
            cursor = next;
            Some(event)
        })
    }

    /// All events, neighbours of a kind joined: the text of an answer is one piece, unless something came between.
    pub(crate) fn joined(&self, each: &mut dyn FnMut(Event<'_>)) {
        let mut held: Option<Event<'_>> = None;
        for event in self.events() {
            held = match held.take() {
                None => Some(event),
                Some(before) => match join(before, event) {
                    Ok(both) => Some(both),
                    Err(pair) => {
                        let (before, event) = *pair;
                        each(before);
                        Some(event)
                    }
                },
            };
        }
        if let Some(last) = held {
            each(last);
        }
    }
}

/// Two neighbours as one, or both back.
fn join<'a>(first: Event<'a>, second: Event<'a>) -> Result<Event<'a>, Box<(Event<'a>, Event<'a>)>> {
    match (first, second) {
        (Event::Text { choice, text }, Event::Text { choice: same, text: more }) if choice == same => {
            Ok(Event::Text { choice, text: concat(text, &more) })
        }
        (
            Event::Reasoning { choice, text, signature: None },
            Event::Reasoning { choice: same, text: more, signature: None },
        ) if choice == same => Ok(Event::Reasoning { choice, text: concat(text, &more), signature: None }),
        (
            Event::ToolCallDelta { choice, index, id, name, arguments },
            Event::ToolCallDelta { choice: same, index: same_index, name: None, arguments: more, .. },
        ) if choice == same && index == same_index => {
            Ok(Event::ToolCallDelta { choice, index, id, name, arguments: concat(arguments, &more) })
        }
        pair => Err(Box::new(pair)),
    }
}

fn concat<'a>(text: Cow<'a, str>, more: &str) -> Cow<'a, str> {
    let mut text = text.into_owned();
    text.push_str(more);
    Cow::Owned(text)
}
