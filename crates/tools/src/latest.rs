//! The end of a list that is too long to be shown whole.

/// How many items come before the latest ones that have `limit` bytes together. The latest one is shown however long it is.
pub fn earlier(limit: usize, bytes_of_each: impl DoubleEndedIterator<Item = usize> + ExactSizeIterator) -> usize {
    let (all, mut bytes) = (bytes_of_each.len(), 0);
    let shown = bytes_of_each.rev().enumerate().take_while(|(nth, more)| {
        bytes += more;
        *nth == 0 || bytes <= limit
    });
    all - shown.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_shown_as_far_as_there_is_room() {
        for (bytes, expected) in [(&[][..], 0), (&[1, 1], 0), (&[1, 9, 1], 1), (&[1, 10, 1], 2), (&[1, 11], 1)] {
            assert_eq!(earlier(10, bytes.iter().copied()), expected, "{bytes:?}");
        }
    }
}
