//! Pictures that people upload: PNG, JPEG or WebP, and nothing that only looks like one. What is kept is put together
//! anew from the parts that make the picture; whatever else a file carries (texts, places, other files behind its end)
//! is left out (security: L6).

/// The largest file that is taken.
pub const MOST_BYTES: usize = 200 * 1024;
/// …and the longest side, in pixels: a small file can unfold to a very large picture.
pub const MOST_PIXELS: u32 = 2_000;
/// Smaller ones are not seen.
pub const LEAST_PIXELS: u32 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    Png,
    Jpeg,
    WebP,
}

impl PictureKind {
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Png, Self::Jpeg, Self::WebP].into_iter().find(|kind| kind.media_type() == text)
    }
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPicture {
    Nothing,
    TooLarge,
    /// A document that can run things.
    Svg,
    /// None of the three kinds.
    Kind,
    /// It begins as one, and is not one to its end.
    Damaged,
    Size,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    kind: PictureKind,
    bytes: Vec<u8>,
}

impl Picture {
    /// # Errors
    /// Says why the file is not taken.
    pub fn parse(file: &[u8]) -> Result<Self, NoPicture> {
        if file.is_empty() {
            return Err(NoPicture::Nothing);
        }
        if file.len() > MOST_BYTES {
            return Err(NoPicture::TooLarge);
        }
        let (kind, found) = if let Some(rest) = file.strip_prefix(PNG) {
            (PictureKind::Png, png(rest))
        } else if file.starts_with(&[0xff, 0xd8, 0xff]) {
            (PictureKind::Jpeg, jpeg(file))
        } else if file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
            (PictureKind::WebP, webp(file))
        } else if looks_like_svg(file) {
            return Err(NoPicture::Svg);
        } else {
            return Err(NoPicture::Kind);
        };
        let (width, height, bytes) = found.ok_or(NoPicture::Damaged)?;
        let fits = |side: u32| (LEAST_PIXELS..=MOST_PIXELS).contains(&side);
        if fits(width) && fits(height) { Ok(Self { kind, bytes }) } else { Err(NoPicture::Size) }
    }

    #[must_use]
    pub const fn kind(&self) -> PictureKind {
        self.kind
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Width, height, and what of the file is kept.
type Found = (u32, u32, Vec<u8>);

fn looks_like_svg(file: &[u8]) -> bool {
    let beginning = String::from_utf8_lossy(file.get(..1024).unwrap_or(file)).to_lowercase();
    beginning.contains("<svg") || beginning.contains("<!doctype svg")
}

/// What is left of a file.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn two(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn four(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn four_little(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Chunks that make the picture and its colours. Texts, times and moving pictures are not among them.
const PNG_KEPT: [&[u8; 4]; 10] =
    [b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"IDAT", b"IEND"];

/// PNG §5: chunks of length, type, data and checksum, from IHDR to IEND.
fn png(rest: &[u8]) -> Option<Found> {
    let mut kept = PNG.to_vec();
    let mut size = None;
    let mut has_data = false;
    let mut rest = Rest(rest);
    loop {
        let chunk = rest.0;
        let length = usize::try_from(rest.four()?).ok()?;
        let kind = rest.take(4)?;
        let data = rest.take(length)?;
        rest.take(4)?;
        let whole = chunk.get(..length.checked_add(12)?)?;
        if size.is_none() {
            let header = kind == b"IHDR" && data.len() == 13;
            let mut data = Rest(data);
            size = header.then(|| Some((data.four()?, data.four()?)))?;
        } else if kind == b"IHDR" {
            return None;
        }
        has_data |= kind == b"IDAT";
        if PNG_KEPT.iter().any(|known| kind == known.as_slice()) {
            kept.extend_from_slice(whole);
        }
        if kind == b"IEND" {
            break;
        }
    }
    // Something behind the end is another file.
    let (width, height) = size?;
    (has_data && rest.0.is_empty()).then_some((width, height, kept))
}

/// What programs write who save pictures step by step is about ten.
const MAX_SCANS: usize = 64;

/// JPEG (ITU T.81 B): segments up to the scan, then data up to the end marker, and several scans in between.
fn jpeg(file: &[u8]) -> Option<Found> {
    let mut rest = Rest(file);
    let mut kept = rest.take(2)?.to_vec();
    let mut size = None;
    let mut scans = 0;
    loop {
        if rest.byte()? != 0xff {
            return None;
        }
        let mut marker = rest.byte()?;
        // Fill bytes.
        while marker == 0xff {
            marker = rest.byte()?;
        }
        if marker == 0xd9 {
            kept.extend_from_slice(&[0xff, marker]);
            break;
        }
        // Those without a length have no place between segments.
        if marker < 0xc0 || (0xd0..=0xd8).contains(&marker) {
            return None;
        }
        let length = rest.two()?;
        let data = rest.take(usize::from(length).checked_sub(2)?)?;
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            let mut data = Rest(data);
            data.byte()?;
            let (height, width) = (data.two()?, data.two()?);
            // A second frame could be of another size than the one that is judged.
            if size.replace((u32::from(width), u32::from(height))).is_some() {
                return None;
            }
        }
        // JFIF without a small picture in it, the colour profile and Adobe's word on colours; no other application's
        // data and no comments.
        let is_kept = match marker {
            0xe0 => data.starts_with(b"JFIF\0") && data.len() == 14,
            0xe2 => data.starts_with(b"ICC_PROFILE\0"),
            0xee => data.starts_with(b"Adobe") && data.len() == 12,
            0xe1 | 0xe3..=0xed | 0xef | 0xfe => false,
            // Frames that browsers know, tables, restarts and scans.
            0xc0..=0xc2 | 0xc4 | 0xdb | 0xdd | 0xda => true,
            _ => return None,
        };
        if is_kept {
            kept.extend_from_slice(&[0xff, marker]);
            kept.extend_from_slice(&length.to_be_bytes());
            kept.extend_from_slice(data);
        }
        if marker == 0xda {
            size?;
            // Each of them is gone through by every browser that shows the picture.
            scans += 1;
            if scans > MAX_SCANS {
                return None;
            }
            kept.extend_from_slice(scan(&mut rest)?);
        }
    }
    let (width, height) = size?;
    rest.0.is_empty().then_some((width, height, kept))
}

/// The data of a scan: up to a marker that is neither a stuffed byte nor a restart.
fn scan<'a>(rest: &mut Rest<'a>) -> Option<&'a [u8]> {
    let ends =
        |pair: &[u8]| matches!(pair, [0xff, marker] if *marker != 0 && !(0xd0..=0xd7).contains(marker));
    let end = rest.0.windows(2).position(ends)?;
    rest.take(end)
}

/// Animations, and what other programs wrote beside the picture, are left out.
const WEBP_KEPT: [&[u8; 4]; 3] = [b"ICCP", b"ALPH", b"VP8 "];

/// WebP: RIFF with chunks of type, length and data, padded to an even length.
fn webp(file: &[u8]) -> Option<Found> {
    let mut rest = Rest(file);
    rest.take(4)?;
    if usize::try_from(rest.four_little()?).ok()? != file.len().checked_sub(8)? {
        return None;
    }
    rest.take(4)?;
    let (mut chunks, mut extended) = (Vec::new(), None);
    let mut size = None;
    while !rest.0.is_empty() {
        let kind = rest.take(4)?;
        let length = rest.four_little()?;
        let data = rest.take(usize::try_from(length).ok()?)?;
        let padding = rest.take(usize::try_from(length % 2).ok()?)?;
        let found = match kind {
            b"VP8X" if extended.is_none() && chunks.is_empty() => {
                extended = Some(<[u8; 10]>::try_from(data).ok()?);
                continue;
            }
            b"VP8 " => Some(lossy_size(data)?),
            b"VP8L" => Some(lossless_size(data)?),
            b"ANIM" | b"ANMF" => return None,
            _ => None,
        };
        if found.is_some() && size.is_some() {
            return None;
        }
        size = size.or(found);
        if kind == b"VP8L" || WEBP_KEPT.iter().any(|known| kind == known.as_slice()) {
            chunks.extend_from_slice(kind);
            chunks.extend_from_slice(&length.to_le_bytes());
            chunks.extend_from_slice(data);
            chunks.extend_from_slice(padding);
        }
    }
    let (width, height) = size?;
    let mut body = b"WEBP".to_vec();
    if let Some([flags, _, _, _, canvas @ ..]) = extended {
        // The canvas is what is shown; of the flags only the colour profile and transparency are still true.
        let [w0, w1, w2, h0, h1, h2] = canvas;
        let canvas_size = (u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1);
        if canvas_size != (width, height) {
            return None;
        }
        body.extend_from_slice(b"VP8X\x0a\0\0\0");
        body.extend_from_slice(&[flags & 0x30, 0, 0, 0, w0, w1, w2, h0, h1, h2]);
    }
    body.extend_from_slice(&chunks);
    let mut whole = b"RIFF".to_vec();
    whole.extend_from_slice(&u32::try_from(body.len()).ok()?.to_le_bytes());
    whole.extend_from_slice(&body);
    Some((width, height, whole))
}

/// RFC 6386 §9.1: three bytes of frame tag, a start code, then width and height of 14 bits each.
fn lossy_size(data: &[u8]) -> Option<(u32, u32)> {
    let frame = data.get(3..10)?;
    let [0x9d, 0x01, 0x2a, w0, w1, h0, h1] = *frame else {
        return None;
    };
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    Some((side(w0, w1), side(h0, h1)))
}

/// A signature byte, then width and height less one, of 14 bits each.
fn lossless_size(data: &[u8]) -> Option<(u32, u32)> {
    let [0x2f, bits @ ..] = data.get(..5)? else {
        return None;
    };
    let bits = u32::from_le_bytes(bits.try_into().ok()?);
    Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
}

#[cfg(test)]
mod tests;
