//! One pass over JSON text: the grammar of RFC 8259 and, when strict, the checks that an event must pass.
//!
//! Iterative, so the input's depth costs heap, never stack. It borrows: a value is a slice of the text.

use super::JsonError;
use super::member::Member;
use super::names::Names;
use super::strings;

/// A pull scanner. `STRICT` adds the search for duplicate members and lone surrogates; without it the text is taken
/// to have passed that once, and scanning costs less.
#[derive(Debug)]
pub(crate) struct Scanner<'a, const STRICT: bool> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    max_depth: usize,
    /// The open containers, outermost first; true for an object.
    open: Vec<bool>,
    names: Names<'a>,
    /// A container was just begun and nothing of it was read yet.
    fresh: bool,
}

impl<'a, const STRICT: bool> Scanner<'a, STRICT> {
    pub(crate) fn new(text: &'a str, max_depth: usize) -> Self {
        let names = if STRICT { Names::with_room() } else { Names::default() };
        Self { text, bytes: text.as_bytes(), at: 0, max_depth, open: Vec::new(), names, fresh: false }
    }

    /// Begins an object, whose members [`Self::next_member`] then gives; `Ok(false)` when another value comes.
    pub(crate) fn begin_object(&mut self) -> Result<bool, JsonError> {
        self.begin(b'{')
    }

    /// Begins an array, whose elements [`Self::next_element`] then gives; `Ok(false)` when another value comes.
    pub(crate) fn begin_array(&mut self) -> Result<bool, JsonError> {
        self.begin(b'[')
    }

    /// The next member of the object begun last; `None` at its end.
    pub(crate) fn next_member(&mut self) -> Result<Option<Member<'a>>, JsonError> {
        if !self.next_item(b'}')? {
            return Ok(None);
        }
        let at = self.at;
        let (key, escaped) = self.key()?;
        let value = self.value()?;
        Ok(Some(Member { key, escaped, value, at }))
    }

    /// The next element of the array begun last; `None` at its end.
    pub(crate) fn next_element(&mut self) -> Result<Option<&'a str>, JsonError> {
        if !self.next_item(b']')? {
            return Ok(None);
        }
        self.value().map(Some)
    }

    /// Checks that nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        self.space();
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.expected("the end of the text")) }
    }

    /// Reads one value, without the white space around it.
    pub(crate) fn value(&mut self) -> Result<&'a str, JsonError> {
        self.space();
        let start = self.at;
        let outer = self.open.len();
        loop {
            let entered = match self.peek() {
                Some(b'{') => self.enter(true)?,
                Some(b'[') => self.enter(false)?,
                Some(b'"') => self.string().map(|_| false)?,
                Some(b'-' | b'0'..=b'9') => self.number().map(|()| false)?,
                Some(b't') => self.literal("true")?,
                Some(b'f') => self.literal("false")?,
                Some(b'n') => self.literal("null")?,
                _ => return Err(self.expected("a value")),
            };
            if entered || self.leave_finished(outer)? {
                continue;
            }
            return Ok(&self.text[start..self.at]);
        }
    }

    /// After a value: closes what ends here. True when another value follows inside, false when all down to `outer`
    /// is closed.
    fn leave_finished(&mut self, outer: usize) -> Result<bool, JsonError> {
        while self.open.len() > outer {
            self.space();
            let object = self.open.last() == Some(&true);
            match (self.peek(), object) {
                (Some(b','), true) => {
                    self.at += 1;
                    self.space();
                    self.key()?;
                    return Ok(true);
                }
                (Some(b','), false) => {
                    self.at += 1;
                    self.space();
                    return Ok(true);
                }
                (Some(b'}'), true) | (Some(b']'), false) => self.leave(),
                (_, true) => return Err(self.expected("`,` or `}`")),
                (_, false) => return Err(self.expected("`,` or `]`")),
            }
        }
        Ok(false)
    }

    /// Opens a container within a value. True when a value follows inside, false when it was empty and is closed.
    fn enter(&mut self, object: bool) -> Result<bool, JsonError> {
        self.push(object)?;
        self.space();
        match self.peek() {
            Some(b'}') if object => self.leave(),
            Some(b']') if !object => self.leave(),
            _ if object => {
                self.key()?;
                return Ok(true);
            }
            _ => return Ok(true),
        }
        Ok(false)
    }

    fn begin(&mut self, opening: u8) -> Result<bool, JsonError> {
        self.space();
        if self.peek() != Some(opening) {
            return Ok(false);
        }
        self.push(opening == b'{')?;
        self.fresh = true;
        Ok(true)
    }

    /// Moves to the next item of the container begun last; false when it ends with `closing`.
    fn next_item(&mut self, closing: u8) -> Result<bool, JsonError> {
        self.space();
        let fresh = std::mem::take(&mut self.fresh);
        match self.peek() {
            Some(byte) if byte == closing => {
                self.leave();
                Ok(false)
            }
            Some(b',') if !fresh => {
                self.at += 1;
                self.space();
                Ok(true)
            }
            _ if fresh => Ok(true),
            _ => Err(self.expected(if closing == b'}' { "`,` or `}`" } else { "`,` or `]`" })),
        }
    }

    fn push(&mut self, object: bool) -> Result<(), JsonError> {
        if self.open.len() >= self.max_depth {
            return Err(JsonError::TooDeep { at: self.at, limit: self.max_depth });
        }
        self.open.push(object);
        if STRICT && object {
            self.names.enter();
        }
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self) {
        if self.open.pop() == Some(true) && STRICT {
            self.names.leave();
        }
        self.at += 1;
    }

    /// Reads a member's name and the colon; gives the name with its quotes, and whether it has escapes.
    fn key(&mut self) -> Result<(&'a str, bool), JsonError> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.expected("a member name"));
        }
        let escaped = self.string()?;
        let key = &self.text[start..self.at];
        if STRICT && !self.names.note(key, escaped) {
            return Err(JsonError::DuplicateMember { at: start });
        }
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        self.space();
        Ok((key, escaped))
    }

    /// Reads a string; true when it has escapes.
    fn string(&mut self) -> Result<bool, JsonError> {
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at = strings::plain_until(self.bytes, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.expected("an escape in place of the control character")),
                None => return Err(self.expected("the end of the string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let Some(unit) = strings::hex4(self.bytes, self.at + 2) else {
                    return Err(self.expected("four hexadecimal digits after `\\u`"));
                };
                if STRICT && (0xD800..0xE000).contains(&unit) {
                    if !strings::is_pair(self.bytes, self.at, unit) {
                        return Err(JsonError::LoneSurrogate { at: self.at });
                    }
                    self.at += 6;
                }
                self.at += 6;
            }
            _ => return Err(self.expected("an escape that JSON knows")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }

    fn literal(&mut self, word: &'static str) -> Result<bool, JsonError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(false)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError::Malformed { at: self.at, expected }
    }
}

#[cfg(test)]
mod tests;
