//! One member of an object.

use std::borrow::Cow;

use super::{JsonError, strings};

/// One member of an object, raw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    /// The name with its quotes, as written.
    pub(crate) key: &'a str,
    /// The name has escapes.
    pub(crate) escaped: bool,
    /// The value as written.
    pub(crate) value: &'a str,
    /// Where the name begins in the text.
    pub(crate) at: usize,
}

impl<'a> Member<'a> {
    /// The name, unescaped.
    pub(crate) fn name(&self) -> Result<Cow<'a, str>, JsonError> {
        match self.key.get(1..self.key.len() - 1) {
            Some(inner) if !self.escaped => Ok(Cow::Borrowed(inner)),
            _ => strings::unquote(self.key).ok_or(JsonError::LoneSurrogate { at: self.at }),
        }
    }
}
