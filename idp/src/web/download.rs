//! A file that is written while it is sent, piece by piece, so that no more of it is in memory than a few pieces.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use hyper::body::Frame;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::error::PageError;

/// Pieces that may wait to be taken.
const WAITING: usize = 2;

/// Where the pieces are put. An error breaks the file off, so that nobody takes a part for the whole.
pub type Pieces = Sender<io::Result<Bytes>>;

struct File(Receiver<io::Result<Bytes>>);

impl HttpBody for File {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

/// The response that a browser keeps under `name`, and where to put what is in it.
///
/// # Errors
/// When the name can not stand in a header.
pub fn download(name: &str, content_type: &'static str) -> Result<(Pieces, Response), PageError> {
    let (pieces, receiver) = mpsc::channel(WAITING);
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""))
        .map_err(|error| PageError::internal(error.into()))?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CONTENT_DISPOSITION, disposition),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((pieces, (headers, Body::new(File(receiver))).into_response()))
}
