//! The `claims` parameter (OIDC Core §5.5): single claims, a level of assurance, one certain person.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::claims::{Claim, NamedClaims};
use crate::model::session::Assurance;
use crate::oidc::error::OAuthError;
use crate::oidc::subject;
use crate::web::params::Params;

const MAX_LENGTH: usize = 8192;

/// What the parameter asks for. Claims that nobody knows do not matter.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) claims: NamedClaims,
    /// §5.5.1.1: a level that the application can not do without.
    pub(super) assurance: Option<Assurance>,
    /// Nobody else may answer: `sub` with a value.
    pub(super) person: Option<String>,
}

pub(super) fn read(params: &Params) -> Result<Asked, OAuthError> {
    let invalid = |why: &str| OAuthError::InvalidRequest(why.to_owned());
    let Some(text) = params.get("claims") else {
        return Ok(Asked::default());
    };
    if text.len() > MAX_LENGTH {
        return Err(invalid("claims is too long"));
    }
    let asked: Value = serde_json::from_str(text).map_err(|_| invalid("claims is no JSON"))?;
    if !asked.is_object() {
        return Err(invalid("claims is not a JSON object"));
    }
    let id_token = asked.get("id_token");
    let person = match id_token.and_then(|claims| claims.get("sub")).and_then(|sub| sub.get("value")) {
        None => None,
        Some(sub) => {
            let sub = sub.as_str().filter(|sub| subject::is_one(sub));
            Some(sub.ok_or_else(|| invalid("claims asks for a sub that nobody has"))?.to_owned())
        }
    };
    Ok(Asked {
        claims: NamedClaims { userinfo: named(asked.get("userinfo")), id_token: named(id_token) },
        assurance: id_token.and_then(|claims| claims.get("acr")).map_or(Ok(None), assurance)?,
        person,
    })
}

fn named(member: Option<&Value>) -> BTreeSet<Claim> {
    let asked = |claim: &Claim| member.and_then(|member| member.get(claim.as_str())).is_some();
    Claim::ALL.into_iter().filter(asked).collect()
}

/// The least of the levels that would do. Only an essential claim binds us, and one that we can not meet
/// fails (§5.5.1.1).
fn assurance(acr: &Value) -> Result<Option<Assurance>, OAuthError> {
    if acr.get("essential").and_then(Value::as_bool) != Some(true) {
        return Ok(None);
    }
    let one = acr.get("value").into_iter();
    let many = acr.get("values").and_then(Value::as_array).into_iter().flatten();
    let least = one.chain(many).filter_map(Value::as_str).filter_map(Assurance::parse).min();
    // Also one that is no text is one that we can not meet.
    if least.is_none() && ["value", "values"].iter().any(|name| acr.get(name).is_some()) {
        return Err(OAuthError::UnmetAuthenticationRequirements);
    }
    Ok(least)
}
