//! Pictures that people upload.
//! What is kept is no longer than what came, is of one kind for everybody, and is kept unchanged the next time.

use idp::model::picture::{MOST_BYTES, Picture};

pub fn run(data: &[u8]) {
    let Ok(picture) = Picture::parse(data) else {
        return;
    };
    assert!(data.len() <= MOST_BYTES && picture.bytes().len() <= data.len(), "it has grown");
    assert_eq!(Picture::parse(picture.bytes()).as_ref(), Ok(&picture), "taken again it is another");
    let begins: &[&[u8]] = &[b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF"];
    assert!(begins.iter().any(|begin| picture.bytes().starts_with(begin)), "a browser would have to guess");
}
