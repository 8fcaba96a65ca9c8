//! Requests whose length is said in two ways. hyper drops a `Content-Length`
//! beside a `Transfer-Encoding` and goes on; a proxy in front that does it the
//! other way round would see other requests than this server (RFC 9112 §11.2),
//! so they are looked for before hyper reads them.

use memchr::{memchr_iter, memmem};

/// The head of an HTTP/1.1 request as it arrives. One that arrives in one piece, as
/// nearly all do, is looked at where it is.
#[derive(Default)]
pub(super) struct Head {
    /// What arrived before, of a head that is cut.
    bytes: Vec<u8>,
    complete: bool,
}

const END: &[u8] = b"\r\n\r\n";

impl Head {
    /// Takes in what arrived. True when this completes a head with two lengths.
    pub(super) fn takes(&mut self, arrived: &[u8], most: usize) -> bool {
        if self.complete {
            return false;
        }
        if self.bytes.is_empty() {
            return if let Some(end) = end_of_head(arrived) {
                self.complete = true;
                has_two_lengths(&arrived[..end])
            } else {
                self.bytes.extend_from_slice(arrived);
                false
            };
        }
        let seen = self.bytes.len().saturating_sub(END.len() - 1);
        self.bytes.extend_from_slice(arrived);
        let end = end_of_head(&self.bytes[seen..]).map(|end| seen + end);
        self.complete = end.is_some() || self.bytes.len() > most;
        end.is_some_and(|end| has_two_lengths(&self.bytes[..end]))
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    memmem::find(bytes, END)
}

fn has_two_lengths(head: &[u8]) -> bool {
    let is = |line: &[u8], name: &[u8]| {
        let start = line.get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let (mut is_encoded, mut is_measured) = (false, false);
    for end_of_line in memchr_iter(b'\n', head) {
        let line = &head[end_of_line + 1..];
        is_encoded |= is(line, b"transfer-encoding:");
        is_measured |= is(line, b"content-length:");
    }
    is_encoded && is_measured
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &[u8] =
        b"POST / HTTP/1.1\r\nContent-length: 3\r\nTRANSFER-ENCODING: chunked\r\n\r\n";

    #[test]
    fn two_lengths_are_seen_however_the_head_is_cut() {
        for cut in 0..BOTH.len() {
            let mut head = Head::default();
            let first = head.takes(&BOTH[..cut], 4096);
            assert!(!first && head.takes(&BOTH[cut..], 4096), "cut at {cut}");
        }
    }

    #[test]
    fn a_body_that_looks_like_a_head_is_no_head() {
        let mut head = Head::default();
        assert!(!head.takes(b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\n", 4096));
        assert!(!head.takes(BOTH, 4096));
    }
}
