//! Making tokens: the one place where any is signed. What a request changes is written after it, in `write`, so that a failure
//! here spends nothing.

use serde_json::{Map, Value};

use super::write::note_issued;
use super::{Authorized, Desk, Holder, Standing, new_grant, standing};
use crate::crypto::token::{Token, TokenHash};
use crate::crypto::{base64url, jwt, sha256, sha512};
use crate::model::attempt::{Approval, Attempt};
use crate::model::authorization::AuthorizationDetails;
use crate::model::claims::{Claim, of_person};
use crate::model::client::{Client, LegacyFlow};
use crate::model::grant::Grant;
use crate::model::key::SigningAlg;
use crate::model::scope::Scopes;
use crate::oidc::claims::{AccessToken, Audience, IdToken};
use crate::oidc::error::{EndpointError, OAuthError};
use crate::oidc::{client_keys, subject};
use crate::store::grants;

pub(super) struct Signed {
    pub(super) access_token: String,
    /// Only a person has one.
    pub(super) id_token: Option<String>,
    pub(super) scope: String,
    pub(super) expires_in: i64,
}

pub(super) async fn sign(
    desk: &Desk<'_>,
    client: &Client,
    authorized: &Authorized,
) -> Result<Signed, EndpointError> {
    let scope = authorized.scopes.to_string();
    let grant = match &authorized.holder {
        Holder::Person(grant, standing) => Some((&**grant, &**standing)),
        Holder::Client | Holder::Delegate(_) | Holder::Vouched(..) => None,
    };
    let mut access = access_token(desk, client, grant, &authorized.scopes)?;
    match &authorized.holder {
        Holder::Delegate(shown) => go_on(&mut access, shown),
        Holder::Vouched(user, issuer) => {
            access.sub = user.id.to_string();
            access.vouched_by = Some(issuer.to_string());
        }
        Holder::Person(..) | Holder::Client => {}
    }
    access.aud = authorized.target.audience.clone();
    access.authorization_details = authorized.target.details.clone();
    access.cnf = authorized.key.clone();
    // Ours to verify and nobody's to negotiate, so the fast algorithm.
    let access_token = jwt::sign(&desk.keys, SigningAlg::Es256, jwt::TYP_ACCESS_TOKEN, &access).await?;
    let id_token = match grant {
        Some(whose) => {
            let nonce = authorized.nonce.as_deref();
            let beside = Beside { access_token: Some(&access_token), code: None };
            Some(sign_id_token(desk, client, (whose, nonce), beside).await?)
        }
        None => None,
    };
    Ok(Signed { access_token, id_token, scope, expires_in: access.exp - access.iat })
}

/// What stays of a token that was shown to whoever acts for its person: who that is and how certain, what ends it,
/// and when at the latest.
fn go_on(access: &mut AccessToken, shown: &AccessToken) {
    access.sub.clone_from(&shown.sub);
    access.grant_id.clone_from(&shown.grant_id);
    access.act.clone_from(&shown.act);
    access.acr.clone_from(&shown.acr);
    access.amr.clone_from(&shown.amr);
    access.auth_time = shown.auth_time;
    access.org_id.clone_from(&shown.org_id);
    access.roles.clone_from(&shown.roles);
    access.exp = access.exp.min(shown.exp);
}

/// The claims of an access token for ourselves, bound to nothing.
fn access_token(
    desk: &Desk<'_>,
    client: &Client,
    whose: Option<(&Grant, &Standing)>,
    scopes: &Scopes,
) -> Result<AccessToken, EndpointError> {
    let grant = whose.map(|(grant, _)| grant);
    let member = whose.and_then(|(_, standing)| standing.member.as_ref());
    let member = member.filter(|_| scopes.contains(Scopes::ORGANIZATIONS));
    let methods = |amr: &[&str]| amr.iter().map(|method| (*method).to_owned()).collect();
    Ok(AccessToken {
        iss: desk.issuer.to_owned(),
        // RFC 9068 §2.2: without a person, the client itself; no person has such an identifier.
        sub: grant.map_or_else(
            || client.id.to_string(),
            |grant| subject::of(desk.store.sealer(), client, grant.user_id),
        ),
        aud: Audience::One(desk.issuer.to_owned()),
        exp: (desk.now + desk.tokens.access_token()).unix_timestamp(),
        iat: desk.now.unix_timestamp(),
        jti: base64url::encode(desk.entropy.bytes::<16>()?),
        client_id: client.id.to_string(),
        scope: scopes.to_string(),
        authorization_details: AuthorizationDetails::default(),
        auth_time: grant.map(|grant| grant.authenticated_at.unix_timestamp()),
        acr: grant.map(|grant| grant.method.assurance().as_str().to_owned()),
        amr: grant.map(|grant| methods(grant.method.amr())),
        grant_id: grant.map(|grant| grant.id.to_string()),
        org_id: member.map(|member| member.organization.id.to_string()),
        roles: member.map(|member| member.roles.clone()),
        cnf: None,
        act: None,
        vouched_by: None,
    })
}

/// What an ID token comes together with, and vouches for.
#[derive(Clone, Copy)]
struct Beside<'a> {
    access_token: Option<&'a str>,
    code: Option<&'a str>,
}

fn id_token<'a>(
    desk: &'a Desk<'_>,
    client: &'a Client,
    ((grant, standing), nonce): ((&Grant, &Standing), Option<&'a str>),
    beside: Beside<'_>,
) -> IdToken<'a> {
    let permission = grant.permission.within(client);
    let mut named = permission.claims.id_token;
    if beside.access_token.is_none() && beside.code.is_none() {
        // OIDC Core §5.4: nothing is there that userinfo could be read with.
        named.extend(Claim::of_scopes(&permission.scopes));
    }
    let alg = client.settings.id_token_alg;
    IdToken {
        iss: desk.issuer,
        sub: subject::of(desk.store.sealer(), client, grant.user_id),
        aud: client.id.as_str(),
        exp: (desk.now + desk.tokens.id_token()).unix_timestamp(),
        iat: desk.now.unix_timestamp(),
        auth_time: grant.authenticated_at.unix_timestamp(),
        nonce,
        acr: grant.method.assurance().as_str(),
        amr: grant.method.amr(),
        sid: subject::of_session(desk.store.sealer(), client, grant.session_id),
        at_hash: beside.access_token.map(|token| half_hash(alg, token)),
        c_hash: beside.code.map(|code| half_hash(alg, code)),
        named: of_person((&standing.user, standing.member.as_ref()), &named),
    }
}

async fn sign_id_token(
    desk: &Desk<'_>,
    client: &Client,
    (whose, nonce): ((&Grant, &Standing), Option<&str>),
    beside: Beside<'_>,
) -> Result<String, EndpointError> {
    let id = id_token(desk, client, (whose, nonce), beside);
    let signed = jwt::sign(&desk.keys, client.settings.id_token_alg, jwt::TYP_ID_TOKEN, &id).await?;
    match client.settings.id_token_encryption {
        None => Ok(signed),
        Some(how) => client_keys::encrypt(desk, client, (how, Some("JWT")), signed.as_bytes()).await,
    }
}

/// OIDC Core §3.1.3.6, §3.3.2.11: the left half of the hash that the algorithm of the ID token uses.
fn half_hash(alg: SigningAlg, value: &str) -> String {
    let half = |hash: &[u8]| base64url::encode(hash.split_at(hash.len() / 2).0);
    match alg {
        SigningAlg::Rs256 | SigningAlg::Ps256 | SigningAlg::Es256 => half(&sha256(value.as_bytes())),
        // RFC 8032 §5.1: Ed25519 hashes with SHA-512.
        SigningAlg::EdDsa => half(&sha512(value.as_bytes())),
    }
}

/// Counts the tokens that somebody was given.
pub(super) fn count<const N: usize>(desk: &Desk<'_>, grant: &'static str, given: [(&'static str, bool); N]) {
    for (kind, _) in given.into_iter().filter(|(_, given)| *given) {
        desk.meter.issued.of((grant, kind)).add_one();
    }
}

/// What the address of the browser carries in a flow from before PKCE.
#[derive(Debug)]
pub struct Front {
    pub access_token: Option<String>,
    pub id_token: Option<String>,
    pub scope: String,
    pub expires_in: i64,
}

/// Makes the tokens that answer an authorization request right away (OIDC Core §3.2.2.5, §3.3.2.5). They belong
/// to a grant of their own, which nothing refreshes and which ends with the session.
///
/// # Errors
/// When the session has ended meanwhile, or something of ours fails.
pub async fn front(
    desk: &Desk<'_>,
    client: &Client,
    (attempt, approval): (&Attempt, &Approval),
    (flow, code): (LegacyFlow, Option<&Token>),
) -> Result<Front, EndpointError> {
    let mut permission = attempt.permission.clone();
    permission.scopes = permission.scopes.without(Scopes::OFFLINE_ACCESS);
    permission.details = AuthorizationDetails::default();
    let grant = new_grant(desk, client, (&permission, approval), None)?;
    let whose = (grant.user_id, grant.session_id, grant.organization);
    let standing = standing(desk, whose, false).await?.ok_or(OAuthError::LoginRequired)?;
    let scopes = grant.permission.scopes.clone();
    let access_token = if flow.has_access_token() {
        let access = access_token(desk, client, Some((&grant, &standing)), &scopes)?;
        Some(jwt::sign(&desk.keys, SigningAlg::Es256, jwt::TYP_ACCESS_TOKEN, &access).await?)
    } else {
        None
    };
    let id_token = if flow.has_id_token() {
        let beside = Beside { access_token: access_token.as_deref(), code: code.map(Token::expose) };
        let whose = ((&grant, &standing), attempt.nonce.as_deref());
        Some(sign_id_token(desk, client, whose, beside).await?)
    } else {
        None
    };
    let tx = desk.store.begin().await?;
    let name = match code {
        Some(code) => beside(code.hash()),
        None => TokenHash(desk.entropy.bytes::<32>()?),
    };
    if !grants::insert(&tx, &grant, name).await? {
        return Err(OAuthError::LoginRequired.into());
    }
    note_issued(desk, &tx, client, &grant).await?;
    tx.commit().await?;
    count(desk, "front", [("access_token", access_token.is_some()), ("id_token", id_token.is_some())]);
    let expires_in = desk.tokens.access_token().whole_seconds();
    Ok(Front { access_token, id_token, scope: scopes.to_string(), expires_in })
}

/// What an application would be told. Nothing is signed, and nothing is kept.
#[derive(Debug)]
pub struct Told {
    pub id_token: Value,
    pub userinfo: Map<String, Value>,
    pub scopes: Scopes,
}

/// Says what exchanging a code for this request would tell the application.
///
/// # Errors
/// When the session has ended meanwhile, or something of ours fails.
pub async fn told(
    desk: &Desk<'_>,
    client: &Client,
    (attempt, approval): (&Attempt, &Approval),
) -> Result<Told, EndpointError> {
    let grant = new_grant(desk, client, (&attempt.permission, approval), None)?;
    let whose = (grant.user_id, grant.session_id, grant.organization);
    let standing = standing(desk, whose, false).await?.ok_or(OAuthError::LoginRequired)?;
    // Not alone: there would be an access token beside it to read the rest with.
    let beside = Beside { access_token: Some(""), code: None };
    let id = IdToken {
        at_hash: None,
        ..id_token(desk, client, ((&grant, &standing), attempt.nonce.as_deref()), beside)
    };
    let scopes = grant.permission.scopes.clone();
    let mut claims = Claim::of_scopes(&scopes);
    claims.extend(grant.permission.claims.userinfo.iter().copied());
    let mut userinfo = of_person((&standing.user, standing.member.as_ref()), &claims);
    userinfo.insert("sub".to_owned(), Value::String(id.sub.clone()));
    let id_token = serde_json::to_value(&id).map_err(anyhow::Error::from)?;
    Ok(Told { id_token, userinfo, scopes })
}

/// Under what a grant is found whose tokens came in the browser together with this code.
pub(super) fn beside(code: TokenHash) -> TokenHash {
    TokenHash(sha256(&[b"beside ".as_slice(), &code.0].concat()))
}
