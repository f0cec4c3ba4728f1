//! Who somebody is that signs in, what they can show, and which rule holds for them: one question to the database. Decides
//! nothing; `flow` does, from this.

use super::Desk;
use super::flow::Account;
use crate::model::ids::UserId;
use crate::model::organization::{EffectivePolicy, PolicySource};
use crate::model::user::{Policy, User};
use crate::store::factors::{self, Factors};
use crate::store::{Read, organizations};

/// What matters about an account when it is signed in to.
pub(super) async fn of(
    db: &impl Read,
    id: UserId,
    policy: Policy,
) -> anyhow::Result<Option<(User, Account, PolicySource)>> {
    let Some(Factors { user, has_passkeys, has_code_app, has_organizations }) = factors::of(db, id).await?
    else {
        return Ok(None);
    };
    let EffectivePolicy { policy, source } = if has_organizations {
        organizations::policy_of(db, &user, policy).await?
    } else {
        EffectivePolicy::of(policy, &[], user.policy)
    };
    let account = Account { has_passkeys, code_app: has_code_app, policy };
    Ok(Some((user, account, source)))
}

/// The same for whoever signs in for an application, with who asks for the rule that holds. Nobody who is disabled does.
pub(super) async fn at(
    db: &impl Read,
    desk: &Desk<'_>,
    id: UserId,
) -> anyhow::Result<Option<(User, Account, PolicySource)>> {
    let found = of(db, id, desk.policy).await?.filter(|(user, ..)| user.is_enabled());
    Ok(found.map(|(user, account, source)| {
        let EffectivePolicy { policy, source } =
            EffectivePolicy { policy: account.policy, source }.at(desk.application);
        (user, Account { policy, ..account }, source)
    }))
}
