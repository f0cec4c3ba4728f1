//! Files that are taken, and files that only look like pictures.

use super::*;

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    [&u32::try_from(data.len()).unwrap().to_be_bytes(), kind.as_slice(), data, &[0; 4]].concat()
}

fn header(width: u32, height: u32) -> Vec<u8> {
    chunk(*b"IHDR", &[&width.to_be_bytes(), height.to_be_bytes().as_slice(), &[8, 6, 0, 0, 0]].concat())
}

fn png_of(chunks: &[Vec<u8>]) -> Vec<u8> {
    [PNG, &chunks.concat()].concat()
}

fn small_png() -> Vec<u8> {
    png_of(&[header(64, 32), chunk(*b"IDAT", b"data"), chunk(*b"IEND", b"")])
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], length.as_slice(), data].concat()
}

/// Its version, a density, and no small picture.
const JFIF: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

fn small_jpeg(extra: &[u8]) -> Vec<u8> {
    let frame = segment(0xc0, &[8, 0, 32, 0, 64, 1, 1, 0x11, 0]);
    let scan = [segment(0xda, &[1, 1, 0, 0, 63, 0]), vec![1, 0xff, 0, 2, 0xff, 0xd0, 3]].concat();
    [&[0xff, 0xd8], extra, &segment(0xe0, JFIF), &frame, &scan, &[0xff, 0xd9]].concat()
}

fn webp_of(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (kind, data) in chunks {
        body.extend_from_slice(*kind);
        body.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
        body.extend_from_slice(data);
        body.extend_from_slice(&vec![0; data.len() % 2]);
    }
    [b"RIFF", u32::try_from(body.len()).unwrap().to_le_bytes().as_slice(), &body].concat()
}

const LOSSY: &[u8] = &[0, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 32, 0, 9];

#[test]
fn the_three_kinds_are_taken_for_what_they_are() {
    let lossless = &[0x2f, 63, 0xc0, 7, 0, 0];
    let extended = [0x3e, 0, 0, 0, 63, 0, 0, 31, 0, 0];
    let kinds = [
        (small_png(), PictureKind::Png),
        (small_jpeg(&[]), PictureKind::Jpeg),
        (webp_of(&[(b"VP8 ", LOSSY)]), PictureKind::WebP),
        (webp_of(&[(b"VP8L", lossless)]), PictureKind::WebP),
        (webp_of(&[(b"VP8X", &extended), (b"VP8 ", LOSSY)]), PictureKind::WebP),
    ];
    for (file, kind) in kinds {
        assert_eq!(Picture::parse(&file).map(|picture| picture.kind()), Ok(kind), "{file:?}");
    }
    assert_eq!(Picture::parse(&small_png()).unwrap().bytes(), small_png());
    assert_eq!(Picture::parse(&small_jpeg(&[])).unwrap().bytes(), small_jpeg(&[]));
}

#[test]
fn what_is_no_such_picture_is_refused_by_what_it_is() {
    let refused = [
        (b"".to_vec(), NoPicture::Nothing),
        (vec![0; MOST_BYTES + 1], NoPicture::TooLarge),
        (b"<?xml version=\"1.0\"?><SVG onload=\"x\"/>".to_vec(), NoPicture::Svg),
        (b"<html><script>alert(1)</script>".to_vec(), NoPicture::Kind),
        (b"GIF89a".to_vec(), NoPicture::Kind),
        (b"\x89PNG\r\n\x1a\n<script>".to_vec(), NoPicture::Damaged),
        (b"\xff\xd8\xff\xe0 and no more".to_vec(), NoPicture::Damaged),
        (b"RIFF\x04\0\0\0WEBP".to_vec(), NoPicture::Damaged),
        (png_of(&[header(64, 32), chunk(*b"IEND", b"")]), NoPicture::Damaged),
        (png_of(&[header(64, 2_001), chunk(*b"IDAT", b"d"), chunk(*b"IEND", b"")]), NoPicture::Size),
        (png_of(&[header(4, 64), chunk(*b"IDAT", b"d"), chunk(*b"IEND", b"")]), NoPicture::Size),
        (png_of(&[header(0, u32::MAX), chunk(*b"IDAT", b"d"), chunk(*b"IEND", b"")]), NoPicture::Size),
    ];
    for (file, why) in refused {
        assert_eq!(Picture::parse(&file), Err(why), "{:?}", String::from_utf8_lossy(&file));
    }
}

/// security L6: a picture that is another file as well is none.
#[test]
fn a_file_with_another_one_behind_its_end_is_no_picture() {
    for file in [small_png(), small_jpeg(&[]), webp_of(&[(b"VP8 ", LOSSY)])] {
        let two = [file.as_slice(), b"<script>alert(1)</script>"].concat();
        assert_eq!(Picture::parse(&two), Err(NoPicture::Damaged), "{two:?}");
    }
}

/// Where it was taken, by whom and with what, is nobody's business, and no place for a script.
#[test]
fn what_a_picture_carries_besides_itself_is_left_out() {
    let hidden = b"<script>alert(1)</script>";
    let text = png_of(&[
        header(64, 32),
        chunk(*b"tEXt", hidden),
        chunk(*b"IDAT", b"data"),
        chunk(*b"eXIf", hidden),
        chunk(*b"IEND", b""),
    ]);
    let files = [
        text,
        small_jpeg(&[segment(0xe1, hidden), segment(0xfe, hidden), segment(0xef, hidden)].concat()),
        // The picture as it was before it was cut to size, and what only looks like a colour profile.
        small_jpeg(&segment(0xe0, &[JFIF, hidden].concat())),
        small_jpeg(&[segment(0xe0, hidden), segment(0xe2, hidden), segment(0xee, hidden)].concat()),
        webp_of(&[(b"VP8 ", LOSSY), (b"EXIF", hidden), (b"XMP ", hidden), (b"odd!", hidden)]),
    ];
    for file in files {
        let kept = Picture::parse(&file).unwrap().bytes().to_vec();
        assert!(!kept.windows(8).any(|part| part == b"<script>"), "{kept:?}");
        assert_eq!(Picture::parse(&kept).unwrap().bytes(), kept, "it is still a picture");
    }
}

/// Cut anywhere, nothing is read past the end, and nothing is taken.
#[test]
fn a_part_of_a_picture_is_none() {
    for file in [small_png(), small_jpeg(&segment(0xe2, b"ICC")), webp_of(&[(b"VP8 ", LOSSY)])] {
        for end in 0..file.len() {
            assert!(Picture::parse(&file[..end]).is_err(), "{end} of {file:?}");
        }
    }
}
