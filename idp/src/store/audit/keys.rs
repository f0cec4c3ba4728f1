//! The keys of the audit trail: one for each person, one for what is about nobody, one that signs checkpoints. A
//! person's key is deleted with their account, by the database itself, and is never made again.

use std::collections::{HashMap, HashSet};

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::entity::{audit_key, audit_signer, user};
use super::super::{Read, Result, StoreError, Tx, from_millis, insert_new, to_millis, unique};
use crate::crypto::keyring::NewKey;
use crate::crypto::seal::{Place, ShreddableKey};
use crate::model::key::{KeyState, PublicKey, SigningAlg};

const SIGNER: i32 = 1;

/// The two parts of a record that are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Origin,
    Detail,
}

impl Part {
    pub(super) fn place(self, sequence: &str) -> Place<'_> {
        let column = match self {
            Self::Origin => "sealed_origin",
            Self::Detail => "sealed_detail",
        };
        Place { table: "audit_event", column, row: sequence }
    }
}

fn key_place(id: &str) -> Place<'_> {
    Place { table: "audit_key", column: "sealed_key", row: id }
}

/// Seals the parts of the record that took this place, each for its holder. No bytes when they are gone, or bytes
/// that nothing opens: what comes late about somebody is not kept either. The head of the chain is locked, so a key is made once.
pub async fn seal(
    tx: &Tx,
    place: &super::Place,
    parts: [(Part, Option<Uuid>, Option<String>); 2],
    now: OffsetDateTime,
) -> Result<[Option<Vec<u8>>; 2]> {
    let sequence = place.sequence.to_string();
    let mut sealed = [const { None }; 2];
    let mut last: Option<(Option<Uuid>, Option<ShreddableKey>)> = None;
    for ((sealed, known), (part, holder, plain)) in sealed.iter_mut().zip(&place.keys).zip(parts) {
        let Some(plain) = plain else { continue };
        // Most often both are the same person's.
        let (_, key) = match (last.take().filter(|(last, _)| *last == holder), known) {
            (Some(known), _) => last.insert(known),
            (None, Some(known)) => last.insert((holder, Some(open(tx, holder, known)?))),
            (None, None) => last.insert((holder, of(tx, holder, now).await?)),
        };
        *sealed = Some(match key {
            Some(key) => key.seal(part.place(&sequence), plain.as_bytes(), tx.entropy)?,
            None => Vec::new(),
        });
    }
    Ok(sealed)
}

fn open(tx: &Tx, holder: Option<Uuid>, sealed: &[u8]) -> Result<ShreddableKey> {
    let name = holder.unwrap_or_default().to_string();
    Ok(ShreddableKey::unseal(tx.sealer(), key_place(&name), sealed)?)
}

async fn of(tx: &Tx, holder: Option<Uuid>, now: OffsetDateTime) -> Result<Option<ShreddableKey>> {
    let id = holder.unwrap_or_default();
    let name = id.to_string();
    // One that was made while the place was waited for is seen only now.
    if let Some(row) = unique(tx, audit_key::Entity::find_by_id(id)).await? {
        return Ok(Some(open(tx, holder, &row.sealed_key)?));
    }
    if let Some(person) = holder
        && unique(tx, user::Entity::find_by_id(person)).await?.is_none()
    {
        return Ok(None);
    }
    let key = ShreddableKey::generate(tx.entropy).map_err(crate::crypto::seal::SealError::from)?;
    let row = audit_key::ActiveModel {
        id: Set(id),
        user_id: Set(holder),
        sealed_key: Set(key.sealed(tx.sealer(), key_place(&name), tx.entropy)?),
        created_at: Set(to_millis(now)),
    };
    audit_key::Entity::insert(row).exec_without_returning(tx.connection()).await?;
    Ok(Some(key))
}

/// The keys of these holders. Whoever is not in it has none any more, and is gone; a key that does not open, or that
/// somebody took away from who is still here, is damaged.
pub(super) async fn of_holders(
    db: &impl Read,
    holders: HashSet<Uuid>,
) -> Result<HashMap<Uuid, Option<ShreddableKey>>> {
    if holders.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = audit_key::Entity::find()
        .filter(audit_key::Column::Id.is_in(holders.iter().copied()))
        .all(db.connection())
        .await?;
    let open = |row: audit_key::Model| {
        let key = ShreddableKey::unseal(db.sealer(), key_place(&row.id.to_string()), &row.sealed_key);
        (row.id, key.ok())
    };
    let mut keys: HashMap<Uuid, Option<ShreddableKey>> = rows.into_iter().map(open).collect();
    let missing: Vec<Uuid> = holders.into_iter().filter(|holder| !keys.contains_key(holder)).collect();
    if !missing.is_empty() {
        let here = user::Entity::find().filter(user::Column::Id.is_in(missing.iter().copied()));
        let here = here.all(db.connection()).await?.into_iter().map(|person| (person.id, None));
        // The key of what is about nobody is never erased.
        keys.extend(here.chain(missing.contains(&Uuid::nil()).then_some((Uuid::nil(), None))));
    }
    Ok(keys)
}

/// Sealed to its public half, so that another one put into its row is noticed.
fn signer_place(jwk: &str) -> Place<'_> {
    Place { table: "audit_signer", column: "sealed_private_key", row: jwk }
}

/// What signs checkpoints, if it was made already.
pub async fn signer(db: &impl Read) -> Result<Option<(PublicKey, Zeroizing<Vec<u8>>)>> {
    let Some(row) = unique(db, audit_signer::Entity::find_by_id(SIGNER)).await? else {
        return Ok(None);
    };
    let private = db.sealer().open(signer_place(&row.jwk), &row.sealed_private_key)?;
    let public = PublicKey {
        kid: row.kid,
        alg: SigningAlg::EdDsa,
        state: KeyState::Current,
        jwk: serde_json::from_str(&row.jwk).map_err(|_| StoreError::Damaged("audit_signer"))?,
        created_at: from_millis(row.created_at),
        changed_at: from_millis(row.created_at),
    };
    Ok(Some((public, private)))
}

/// Keeps the key that signs checkpoints. Of several that were made at once one is kept.
pub async fn insert_signer(tx: &Tx, key: &NewKey, now: OffsetDateTime) -> Result<bool> {
    let jwk = key.public_jwk.to_string();
    let row = audit_signer::ActiveModel {
        id: Set(SIGNER),
        kid: Set(key.kid.clone()),
        sealed_private_key: Set(tx.seal(signer_place(&jwk), &key.private_jwk)?),
        jwk: Set(jwk),
        created_at: Set(to_millis(now)),
    };
    insert_new(tx, row, audit_signer::Column::Id).await
}
