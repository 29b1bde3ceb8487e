use super::fault::Fault;

/// The formats that are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
}

/// Other formats that clients send by mistake, by their first bytes.
const OTHER_FORMATS: [(&[u8], &str); 5] = [
    (b"GIF8", "this is a GIF"),
    (b"BM", "this is a BMP"),
    (b"II*\0", "this is a TIFF"),
    (b"MM\0*", "this is a TIFF"),
    (b"<svg", "this is an SVG"),
];

impl Format {
    /// Finds the format of an image.
    pub(super) fn of(encoded: &[u8]) -> Result<Self, Fault> {
        if encoded.starts_with(&[0xFF, 0xD8, 0xFF]) {
            return Ok(Self::Jpeg);
        }
        if encoded.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Ok(Self::Png);
        }
        let named = OTHER_FORMATS.iter().find(|(start, _)| encoded.starts_with(start)).map(|&(_, name)| name);
        let named = named.or_else(|| match (encoded.get(4..8), encoded.get(8..12)) {
            (_, Some(b"WEBP")) if encoded.starts_with(b"RIFF") => Some("this is a WebP"),
            (Some(b"ftyp"), Some(b"avif")) => Some("this is an AVIF"),
            (Some(b"ftyp"), Some(b"heic" | b"heix" | b"mif1")) => Some("this is a HEIC"),
            _ => None,
        });
        Err(Fault::Format(named.unwrap_or("these bytes are no image that is known here")))
    }
}

/// Says whether bytes begin as an image that can be decoded.
pub(crate) fn is_image(bytes: &[u8]) -> bool {
    Format::of(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_is_named() {
        let name = |bytes: &[u8]| Format::of(bytes).map_err(|fault| fault.to_string());
        assert_eq!(name(b"\x89PNG\r\n\x1a\n"), Ok(Format::Png));
        assert_eq!(name(b"\xff\xd8\xff\xe0"), Ok(Format::Jpeg));
        assert_eq!(name(b"RIFF\0\0\0\0WEBPVP8 "), Err("this is a WebP; a JPEG or a PNG is needed".to_owned()));
        assert_eq!(name(b"GIF89a"), Err("this is a GIF; a JPEG or a PNG is needed".to_owned()));
        assert_eq!(name(b"\0\0\0\x18ftypheic"), Err("this is a HEIC; a JPEG or a PNG is needed".to_owned()));
        for unknown in [&b""[..], b"\xff\xd8", b"{}"] {
            assert_eq!(
                name(unknown),
                Err("these bytes are no image that is known here; a JPEG or a PNG is needed".to_owned())
            );
        }
    }
}
