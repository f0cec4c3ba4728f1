//! Places in the chain that were signed: the last checkpoint, and the anchor on which the rest hangs where the
//! beginning was removed.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use time::OffsetDateTime;

use super::super::entity::audit_mark;
use super::super::{Read, Result, Tx, from_millis, to_millis, unique};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkName {
    Checkpoint,
    Anchor,
}

impl MarkName {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Anchor => "anchor",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub sequence: i64,
    pub at: OffsetDateTime,
    /// What was signed. The other fields are only copies of what it says.
    pub statement: String,
}

pub async fn mark(db: &impl Read, name: MarkName) -> Result<Option<Mark>> {
    let row = unique(db, audit_mark::Entity::find_by_id(name.as_str())).await?;
    Ok(row.map(|row| Mark { sequence: row.sequence, at: from_millis(row.at), statement: row.statement }))
}

pub async fn set_mark(tx: &Tx, name: MarkName, mark: &Mark) -> Result<()> {
    use audit_mark::Column::{At, Name, Sequence, Statement};
    let row = audit_mark::ActiveModel {
        name: Set(name.as_str().to_owned()),
        sequence: Set(mark.sequence),
        at: Set(to_millis(mark.at)),
        statement: Set(mark.statement.clone()),
    };
    audit_mark::Entity::insert(row)
        .on_conflict(OnConflict::column(Name).update_columns([Sequence, At, Statement]).to_owned())
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}
