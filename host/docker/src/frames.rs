//! The Engine's multiplexed output: frames of an eight byte head (stream, three zeros, length) and content.
//!
//! Total: what is no frame is taken as plain output from there on, a length of four gigabytes allocates nothing, and
//! content is handed on as it comes.

/// Where a piece of output belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Standard output, and output of unknown kind.
    Out,
    /// Standard error.
    Err,
}

/// A demultiplexer that is pushed the bytes as they come.
#[derive(Debug)]
pub(crate) struct Frames {
    head: Vec<u8>,
    state: State,
}

#[derive(Debug)]
enum State {
    Head,
    Content(Channel, u32),
    /// Not multiplexed: a terminal, or garbage.
    Plain,
}

impl Frames {
    pub(crate) const fn new() -> Self {
        Self { head: Vec::new(), state: State::Head }
    }

    /// Takes in the next bytes and hands on the content in them.
    pub(crate) fn push(&mut self, mut chunk: &[u8], give: &mut dyn FnMut(Channel, &[u8])) {
        while !chunk.is_empty() {
            match &mut self.state {
                State::Plain => {
                    give(Channel::Out, chunk);
                    return;
                }
                State::Content(channel, left) => {
                    let take = chunk.len().min(*left as usize);
                    let (now, later) = chunk.split_at(take);
                    give(*channel, now);
                    chunk = later;
                    *left -= u32::try_from(take).unwrap_or(*left);
                    if *left == 0 {
                        self.state = State::Head;
                    }
                }
                State::Head => {
                    let (now, later) = chunk.split_at(chunk.len().min(8 - self.head.len()));
                    self.head.extend(now);
                    chunk = later;
                    self.state = match self.head.as_slice() {
                        [0 | 1, 0, 0, 0, length @ ..] if length.len() == 4 => content(Channel::Out, length),
                        [2, 0, 0, 0, length @ ..] if length.len() == 4 => content(Channel::Err, length),
                        [] | [0..=2] | [0..=2, 0] | [0..=2, 0, 0] | [0..=2, 0, 0, 0, ..] => continue,
                        _ => State::Plain,
                    };
                    if matches!(self.state, State::Plain) {
                        give(Channel::Out, &self.head);
                    }
                    self.head.clear();
                }
            }
        }
    }

    /// Hands on what is left when the stream has ended.
    pub(crate) fn finish(self, give: &mut dyn FnMut(Channel, &[u8])) {
        if !self.head.is_empty() {
            give(Channel::Out, &self.head);
        }
    }
}

fn content(channel: Channel, length: &[u8]) -> State {
    match length.iter().fold(0u32, |value, byte| value << 8 | u32::from(*byte)) {
        0 => State::Head,
        length => State::Content(channel, length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], piece: usize) -> (Vec<u8>, Vec<u8>) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut give = |channel, content: &[u8]| match channel {
            Channel::Out => out.extend(content),
            Channel::Err => err.extend(content),
        };
        let mut frames = Frames::new();
        for chunk in bytes.chunks(piece) {
            frames.push(chunk, &mut give);
        }
        frames.finish(&mut give);
        (out, err)
    }

    #[test]
    fn frames_are_told_apart_in_pieces_of_any_size() {
        let bytes = b"\x01\0\0\0\0\0\0\x03abc\x02\0\0\0\0\0\0\x02er\x01\0\0\0\0\0\0\0\x00\0\0\0\0\0\0\x01d";
        for piece in 1..=bytes.len() {
            assert_eq!(read(bytes, piece), (b"abcd".to_vec(), b"er".to_vec()), "{piece}");
        }
    }

    #[test]
    fn garbage_is_plain_output() {
        for piece in [1, 3, 100] {
            assert_eq!(read(b"hello\n", piece).0, b"hello\n");
            assert_eq!(read(b"\x03\0\0\0\0\0\0\x01x", piece).0, b"\x03\0\0\0\0\0\0\x01x");
            assert_eq!(read(b"\x01\0\x07rest", piece).0, b"\x01\0\x07rest");
            assert_eq!(read(b"\x01\0\0\0\0\0\0\x01aoops", piece).0, b"aoops");
            assert_eq!(read(b"\x01\0\0\0", piece).0, b"\x01\0\0\0");
            assert_eq!(read(b"\x02\0\0\0\xff\xff\xff\xffsome", piece).1, b"some");
        }
    }
}
