//! What the patterns ask of a character: Unicode's general category, and white space. Pure.

use std::sync::LazyLock;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// As far as any pattern tells characters apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    /// `\p{Lu}`, `\p{Lt}`.
    Upper,
    /// `\p{Ll}`.
    Lower,
    /// `\p{Lm}`, `\p{Lo}`: as good as either.
    Letter,
    /// `\p{M}`.
    Mark,
    /// `\p{N}`.
    Number,
    /// A carriage return or a line feed.
    Newline,
    /// `\s` besides.
    Space,
    /// Everything else: punctuation, symbols, what has no meaning yet.
    Other,
}

impl Class {
    /// `\p{L}`.
    pub(crate) fn is_letter(self) -> bool {
        matches!(self, Self::Upper | Self::Lower | Self::Letter)
    }

    /// `\s`.
    pub(crate) fn is_space(self) -> bool {
        matches!(self, Self::Newline | Self::Space)
    }
}

/// The classes of the basic plane, looked up once: a search in the category's ranges costs more than all the rest.
static BASIC: LazyLock<Box<[Class]>> =
    LazyLock::new(|| (0..0x1_0000).map(|code| char::from_u32(code).map_or(Class::Other, look_up)).collect());

pub(crate) fn class_of(c: char) -> Class {
    match BASIC.get(c as usize) {
        Some(class) => *class,
        None => look_up(c),
    }
}

fn look_up(c: char) -> Class {
    use GeneralCategory as G;
    if matches!(c, '\r' | '\n') {
        return Class::Newline;
    }
    if c.is_whitespace() {
        return Class::Space;
    }
    match c.general_category() {
        G::UppercaseLetter | G::TitlecaseLetter => Class::Upper,
        G::LowercaseLetter => Class::Lower,
        G::ModifierLetter | G::OtherLetter => Class::Letter,
        G::NonspacingMark | G::SpacingMark | G::EnclosingMark => Class::Mark,
        G::DecimalNumber | G::LetterNumber | G::OtherNumber => Class::Number,
        _ => Class::Other,
    }
}
