//! The grant `authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.5).

use super::{Authorized, Desk, Holder, Write, issue, new_grant, required, revoke, standing, target};
use crate::audit::Event;
use crate::crypto::token::{Token, TokenHash, TokenKind};
use crate::crypto::{base64url, constant_time_eq, sha256};
use crate::ephemeral::Kind;
use crate::model::attempt::CodeGrant;
use crate::model::client::Client;
use crate::model::key::Confirmation;
use crate::oidc::authorize::CODE_LIFETIME;
use crate::oidc::error::{EndpointError, OAuthError};
use crate::store::grants;
use crate::web::params::Params;
use target::Wants;

pub(super) struct Request<'a> {
    code: &'a str,
    redirect_uri: &'a str,
    code_verifier: Option<&'a str>,
    wants: Wants<'a>,
}

impl<'a> Request<'a> {
    pub(super) fn parse(params: &'a Params, client: &Client) -> Result<Self, OAuthError> {
        let code = required(params, "code")?;
        let redirect_uri = required(params, "redirect_uri")?;
        if client.settings.require_pkce {
            required(params, "code_verifier")?;
        }
        Ok(Self {
            code,
            redirect_uri,
            code_verifier: params.get("code_verifier"),
            wants: Wants::parse(params)?,
        })
    }
}

/// Takes the code and checks everything it was bound to. The code is spent whatever comes of it.
pub(super) async fn authorize(
    desk: &Desk<'_>,
    (client, key): (&Client, Option<&Confirmation>),
    request: &Request<'_>,
) -> Result<Authorized, EndpointError> {
    let refused = || OAuthError::InvalidGrant("the code is wrong, expired or used");
    let code = Token::parse(TokenKind::AuthorizationCode, request.code).ok_or_else(refused)?;
    let taken: Option<CodeGrant> = desk.ephemeral.take(Kind::Code, code.hash().0).await?;
    let Some(bound) = taken else {
        revoke_replayed(desk, client, code.hash()).await?;
        return Err(refused().into());
    };
    if bound.client_id != client.id {
        return Err(refused().into());
    }
    if bound.redirect_uri.as_str() != request.redirect_uri {
        return Err(
            OAuthError::InvalidGrant("redirect_uri is not the one of the authorization request").into()
        );
    }
    // A7: neither of the two without the other.
    let fits = match (request.code_verifier, &bound.code_challenge) {
        (Some(verifier), Some(challenge)) => verifies(verifier, challenge),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if !fits {
        return Err(OAuthError::InvalidGrant("code_verifier does not fit the code_challenge").into());
    }
    if bound.key.is_some() && bound.key.map(Confirmation::Key).as_ref() != key {
        return Err(
            OAuthError::InvalidGrant("the DPoP key is not the one of the authorization request").into()
        );
    }
    // Even an offline grant begins in a living session: a person who has just logged out is gone.
    let whose = (bound.approval.user_id, bound.approval.session_id, bound.approval.organization);
    let standing = standing(desk, whose, false).await?.ok_or_else(refused)?;
    let grant = new_grant(desk, client, (&bound.permission, &bound.approval), key)?;
    Ok(Authorized {
        scopes: grant.permission.scopes.clone(),
        target: target::of((desk, client), &request.wants, &grant.permission)?,
        holder: Holder::Person(Box::new(grant), Box::new(standing)),
        nonce: bound.nonce,
        key: key.cloned(),
        write: Write::Redeem(code.hash()),
    })
}

/// RFC 6749 §4.1.2: a code that comes a second time takes back what it gave the first time. The first
/// time may be under way at this very moment, with nothing in the database yet: then the note that
/// is left here makes it undo itself. Only codes that were issued are noted, so that made-up ones
/// cost nothing.
async fn revoke_replayed(desk: &Desk<'_>, client: &Client, code: TokenHash) -> Result<(), EndpointError> {
    let issued: Option<()> = desk.ephemeral.get(Kind::CodeIssued, code.0).await?;
    if issued.is_some() {
        desk.ephemeral.put(Kind::CodeReplayed, code.0, &(), CODE_LIFETIME * 2).await?;
    }
    // What came with the code in the browser ends too (A9).
    for hash in [code, issue::beside(code)] {
        if let Some(grant) = grants::by_code(desk.store, hash).await? {
            let event = Event::CodeReplayed { client: grant.client_id.clone(), grant: grant.id };
            revoke(desk, grant.id, (client, grant.user_id), event).await?;
        }
    }
    Ok(())
}

/// RFC 7636 §4.1 and §4.6.
fn verifies(verifier: &str, challenge: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let well_formed = (43..=128).contains(&verifier.len()) && verifier.chars().all(legal);
    let hashed = base64url::encode(sha256(verifier.as_bytes()));
    well_formed && constant_time_eq(hashed.as_bytes(), challenge.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    #[test]
    fn the_example_of_the_specification_verifies() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(verifies(verifier, challenge));
        assert!(!verifies(challenge, challenge));
        assert!(!verifies(&verifier[..42], challenge));
        assert!(!verifies(&"a".repeat(129), &base64url::encode(sha256("a".repeat(129).as_bytes()))));
    }
}
