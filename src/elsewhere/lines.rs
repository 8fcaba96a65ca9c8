//! Lines of a file, of bounded length.

use std::io::{self, BufRead, Read};

use super::input::Input;

/// The most bytes of a line: no user needs more.
const MAX_LINE_BYTES: u64 = 256 * 1024;

/// A line with its number, from 1 on; without its end.
pub(super) struct Line {
    pub number: u64,
    /// Its text, or why it is not text.
    pub text: Result<String, &'static str>,
}

/// Reads line by line.
pub(super) struct Lines<'a> {
    input: &'a mut Input,
    number: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(input: &'a mut Input) -> Self {
        Self { input, number: 0 }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let limit = MAX_LINE_BYTES + 1;
        if self
            .input
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut bytes)?
            == 0
        {
            return Ok(None);
        }
        self.number += 1;
        let is_too_long = bytes.len() as u64 == limit && !bytes.ends_with(b"\n");
        let text = if is_too_long {
            self.skip_rest()?;
            Err("the line is too long")
        } else {
            String::from_utf8(bytes).map_err(|_| "the line is not UTF-8")
        };
        let text = text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
        let number = self.number;
        Ok(Some(Line { number, text }))
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        self.input.skip_until(b'\n').map(|_| ())
    }
}

impl Iterator for Lines<'_> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
