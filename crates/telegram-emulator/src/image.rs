//! Reads the size of a picture from its first bytes: PNG and JPEG, all that Telegram needs to refuse a bad one.

/// Width and height in pixels, or `None` if this is no picture.
pub(crate) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some((number(bytes, 16, 4)?, number(bytes, 20, 4)?));
    }
    if !bytes.starts_with(b"\xff\xd8") {
        return None;
    }
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        match *bytes.get(at + 1)? {
            // Start of frame: precision, height, width. C4, C8 and CC are other tables in the same range.
            0xc4 | 0xc8 | 0xcc => {}
            0xc0..=0xcf => return Some((number(bytes, at + 7, 2)?, number(bytes, at + 5, 2)?)),
            _ => {}
        }
        at += 2 + usize::try_from(number(bytes, at + 2, 2)?).ok()?;
    }
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let digits = bytes.get(at..at + length)?;
    Some(
        digits
            .iter()
            .fold(0, |sum, digit| (sum << 8) | u32::from(*digit)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_from_png_and_jpeg_and_from_nothing_else() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\xe8\0\0\x01\xf4";
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\x01\xf4\x03\xe8";
        assert_eq!(size(png), Some((1000, 500)));
        assert_eq!(size(jpeg), Some((1000, 500)));
        assert_eq!(size(b"GIF89a"), None);
        assert_eq!(size(&jpeg[..12]), None);
    }
}
