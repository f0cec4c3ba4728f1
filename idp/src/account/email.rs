//! A person's address: showing that it is theirs, and changing it, for which both mailboxes have to
//! agree. Links in mails are followed without signing in, and act only when their page is answered.

use time::Duration;

use super::{Owner, Workbench};
use crate::audit::Event;
use crate::crypto::sha256;
use crate::crypto::token::{Token, TokenKind};
use crate::ephemeral::Kind;
use crate::model::ids::{LinkId, UserId};
use crate::model::link::{Link, LinkPurpose};
use crate::model::user::{Email, User};
use crate::store::email_changes::{self, Mailbox};
use crate::store::{Tx, links, users};

/// So often within an hour one person may ask for mails about addresses, and may be asked for mails to one.
const PER_HOUR: u64 = 5;
const WINDOW: Duration = Duration::hours(1);

/// What came of asking for a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Sent,
    TooOften,
    SignedOut,
}

/// Sends a link that shows the address to be the person's.
///
/// # Errors
/// When the database does not answer.
pub async fn send_confirmation(bench: &Workbench<'_>, owner: Owner<'_>) -> anyhow::Result<Asked> {
    if count_mail(bench, owner, &owner.user.email).await? {
        return Ok(Asked::TooOften);
    }
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Asked::SignedOut);
    }
    let user = owner.user;
    let token = link(bench, &tx, (user.id, LinkPurpose::ConfirmEmail), &user.email).await?;
    bench.mail.confirm_email(&tx, user, &token, &bench.circumstances()).await?;
    tx.commit().await?;
    Ok(Asked::Sent)
}

/// Begins a change of address. Nothing changes before both mailboxes have agreed, and the answer does not
/// say whether somebody else has the new address.
///
/// # Errors
/// When the database does not answer.
pub async fn begin_change(bench: &Workbench<'_>, owner: Owner<'_>, new: &Email) -> anyhow::Result<Asked> {
    let user = owner.user;
    if count_mail(bench, owner, new).await? {
        return Ok(Asked::TooOften);
    }
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Asked::SignedOut);
    }
    email_changes::begin(&tx, user.id, new, bench.now).await?;
    let happened = bench.circumstances();
    let old_link = link(bench, &tx, (user.id, LinkPurpose::ChangeEmailOld), new).await?;
    bench.mail.change_email_old(&tx, user, (new, &old_link), &happened).await?;
    let new_link = link(bench, &tx, (user.id, LinkPurpose::ChangeEmailNew), new).await?;
    bench.mail.change_email_new(&tx, user, (new, &new_link), &happened).await?;
    bench.record(&tx, user.id, Event::EmailChangeRequested).await?;
    tx.commit().await?;
    Ok(Asked::Sent)
}

/// Counts a mail, and says whether it is one too many: nobody writes to mailboxes of others, or to their
/// own, more often than a person in earnest would.
async fn count_mail(bench: &Workbench<'_>, owner: Owner<'_>, address: &Email) -> anyhow::Result<bool> {
    let keys = [sha256(owner.user.id.uuid().as_bytes()), sha256(address.as_str().as_bytes())];
    for key in keys {
        if bench.ephemeral.count(Kind::AddressMailed, key, WINDOW).await? > PER_HOUR {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn link(
    bench: &Workbench<'_>,
    tx: &Tx,
    (user, purpose): (UserId, LinkPurpose),
    address: &Email,
) -> anyhow::Result<Token> {
    let token = Token::generate(TokenKind::ConfirmEmail, bench.entropy)?;
    let link = Link {
        id: bench.entropy.id(bench.now, LinkId::new)?,
        user_id: user,
        purpose,
        address: address.to_string(),
        created_at: bench.now,
        expires_at: bench.now + purpose.lifetime(),
    };
    links::end_of_purpose(tx, user, purpose).await?;
    links::insert(tx, &link, token.hash()).await?;
    Ok(token)
}

/// The address that a link is about, if it can still be used.
///
/// # Errors
/// When the database does not answer.
pub async fn address_of(
    bench: &Workbench<'_>,
    purpose: LinkPurpose,
    token: &str,
) -> anyhow::Result<Option<String>> {
    let Some(token) = Token::parse(TokenKind::ConfirmEmail, token) else {
        return Ok(None);
    };
    let link = links::unused(bench.store, purpose, token.hash(), bench.now).await?;
    Ok(link.map(|link| link.address))
}

/// Where a change stands after one mailbox has spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    Confirmed,
    /// The other mailbox has yet to agree.
    Waiting,
    Changed,
    /// Somebody has taken the address in the meantime.
    Taken,
    Expired,
}

/// Follows a link: one of the mailboxes agrees, or an address is shown to be its person's.
///
/// # Errors
/// When the database does not answer.
pub async fn follow(bench: &Workbench<'_>, purpose: LinkPurpose, token: &str) -> anyhow::Result<Followed> {
    let Some(token) = Token::parse(TokenKind::ConfirmEmail, token) else {
        return Ok(Followed::Expired);
    };
    let tx = bench.store.begin().await?;
    let unused = links::unused(&tx, purpose, token.hash(), bench.now).await?;
    let Some(owner) = unused.map(|link| link.user_id) else {
        return Ok(Followed::Expired);
    };
    users::lock(&tx, owner).await?;
    let Some(link) = links::spend(&tx, purpose, token.hash(), bench.now).await? else {
        return Ok(Followed::Expired);
    };
    let Some(user) = users::by_id(&tx, link.user_id).await?.filter(User::is_enabled) else {
        return Ok(Followed::Expired);
    };
    let mailbox = match purpose {
        LinkPurpose::ChangeEmailOld => Mailbox::Old,
        LinkPurpose::ChangeEmailNew => Mailbox::New,
        _ => {
            if !users::verify_email(&tx, user.id, &link.address, bench.now).await? {
                return Ok(Followed::Expired);
            }
            bench.record(&tx, user.id, Event::EmailConfirmed).await?;
            tx.commit().await?;
            return Ok(Followed::Confirmed);
        }
    };
    let change = email_changes::confirm(&tx, user.id, mailbox, bench.now).await?;
    let Some(change) = change.filter(|change| change.email.as_str() == link.address) else {
        return Ok(Followed::Expired);
    };
    if change.old_confirmed_at.is_none() || change.new_confirmed_at.is_none() {
        tx.commit().await?;
        return Ok(Followed::Waiting);
    }
    complete(bench, tx, &user, &change.email).await
}

async fn complete(bench: &Workbench<'_>, tx: Tx, user: &User, new: &Email) -> anyhow::Result<Followed> {
    let changed = users::set_email(&tx, user.id, new, bench.now).await?;
    email_changes::end(&tx, user.id).await?;
    if !changed {
        tx.commit().await?;
        return Ok(Followed::Taken);
    }
    links::end_of_user(&tx, user.id).await?;
    for mailbox in [&user.email, new] {
        bench.mail.email_changed(&tx, user, (mailbox, new), &bench.circumstances()).await?;
    }
    bench.record(&tx, user.id, Event::EmailChanged).await?;
    tx.commit().await?;
    Ok(Followed::Changed)
}
