//! What a driver asks for: requests made beforehand, so that making them is no part of what is measured; only the
//! answer of a passkey needs the question first.

use std::sync::Arc;

use super::line::Line;
use crate::world::passkey::Passkey;

/// What came of one request.
#[derive(Debug)]
pub enum Verdict {
    Done,
    /// 503 with Retry-After.
    TurnedAway,
    Failed(String),
}

#[derive(Debug)]
pub enum Work {
    /// One after another, and from the beginning again.
    Repeated(Plain),
    /// Each once: what it carries is spent then.
    Once(Plain),
    /// A sign-in from challenge to session: two requests.
    Ceremonies(Vec<Arc<Passkey>>),
}

/// Requests, and the status that their answers have.
#[derive(Debug)]
pub struct Plain {
    pub requests: Vec<Vec<u8>>,
    pub status: u16,
}

impl Work {
    /// Whether there is a request of this number.
    pub(super) fn has(&self, index: u64) -> bool {
        match self {
            Self::Once(plain) => usize::try_from(index).is_ok_and(|index| index < plain.requests.len()),
            Self::Repeated(_) | Self::Ceremonies(_) => true,
        }
    }

    pub(super) async fn perform(&self, line: &mut Line, index: u64) -> Verdict {
        match self {
            Self::Repeated(plain) | Self::Once(plain) => match pick(&plain.requests, index) {
                Some(request) => plain_request(line, request, plain.status).await,
                None => Verdict::Failed("there is nothing to ask for".to_owned()),
            },
            Self::Ceremonies(passkeys) => match pick(passkeys, index) {
                Some(passkey) => ceremony(line, passkey).await,
                None => Verdict::Failed("there is no passkey".to_owned()),
            },
        }
    }
}

fn pick<T>(all: &[T], index: u64) -> Option<&T> {
    let length = u64::try_from(all.len()).ok()?;
    all.get(usize::try_from(index.checked_rem(length)?).ok()?)
}

async fn plain_request(line: &mut Line, request: &[u8], status: u16) -> Verdict {
    match line.exchange(request).await {
        Ok(answer) if answer.status == status => Verdict::Done,
        Ok(answer) if answer.status == 503 && answer.retry_after => Verdict::TurnedAway,
        Ok(answer) => Verdict::Failed(format!("{}: {}", answer.status, answer.text())),
        Err(error) => Verdict::Failed(error.to_string()),
    }
}

async fn ceremony(line: &mut Line, passkey: &Passkey) -> Verdict {
    let answer = match line.exchange(&passkey.asking).await {
        Ok(options) if options.status == 200 => passkey.answer(options.body),
        Ok(options) if options.status == 503 && options.retry_after => return Verdict::TurnedAway,
        Ok(options) => return Verdict::Failed(format!("{}: {}", options.status, options.text())),
        Err(error) => return Verdict::Failed(error.to_string()),
    };
    match answer {
        Ok(request) => plain_request(line, &request, 200).await,
        Err(error) => Verdict::Failed(error.to_string()),
    }
}
