//! The token endpoint: one pipeline that no grant can leave a step out of. 1 authenticate the
//! client, 2 read the request, 3 authorize it (one file per grant), 4 sign and write, 5 answer.

mod authorization_code;
mod ciba;
mod client_credentials;
mod device_code;
mod issue;
mod jwt_bearer;
mod refresh_token;
mod target;
mod token_exchange;
mod write;

pub use issue::{Front, Told, front, told};

use http::HeaderMap;
use serde::Serialize;

use super::Desk;
use super::authorize::checks::nothing_repeated;
use super::claims::AccessToken;
use super::error::{EndpointError, OAuthError};
use super::{client_auth, dpop};
use crate::crypto::token::{Token, TokenHash};
use crate::model::attempt::Approval;
use crate::model::authorization::AuthorizationDetails;
use crate::model::client::{Client, Requirement, VoucherName};
use crate::model::grant::{Grant, Permission, RefreshToken};
use crate::model::ids::{GrantId, OrganizationId, SessionId, UserId};
use crate::model::key::Confirmation;
use crate::model::organization::Member;
use crate::model::scope::Scopes;
use crate::model::session::Session;
use crate::model::user::User;
use crate::store::{held, memberships};
use crate::web::params::Params;
use target::Target;

/// RFC 6749 §5.1, OIDC Core §3.1.3.3.
#[derive(Serialize)]
pub struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// RFC 8693 §2.2.1
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
    /// RFC 9396 §7: what this access token allows in detail.
    #[serde(skip_serializing_if = "AuthorizationDetails::is_empty")]
    authorization_details: AuthorizationDetails,
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenResponse(…)")
    }
}

/// A request that may be answered with tokens, and what has to be written for it.
struct Authorized {
    holder: Holder,
    /// Of this access token: all of the grant's, or fewer.
    scopes: Scopes,
    target: Target,
    nonce: Option<String>,
    /// What the access token is bound to.
    key: Option<Confirmation>,
    write: Write,
}

/// Whom the tokens speak for.
enum Holder {
    /// A person, by what they granted.
    Person(Box<Grant>, Box<Standing>),
    /// The client itself.
    Client,
    /// Somebody who acts for a person, by a token that was shown to them: it goes on with another audience.
    Delegate(Box<AccessToken>),
    /// A person who is not there, by the word of somebody whom the client trusts.
    Vouched(Box<User>, VoucherName),
}

enum Write {
    /// Tokens of a client for itself leave no trace: there is nothing that could end them but time.
    Nothing,
    /// A code becomes a grant, with a refresh token if the client may have one.
    Redeem(TokenHash),
    /// The refresh token stays the client's; only its use is noted.
    Keep(RefreshToken, Token),
    /// The refresh token is replaced.
    Rotate(RefreshToken),
    /// It was replaced a moment ago and the answer got lost: the same successor once more.
    Repeat(Token),
}

/// RFC 6749 §4.1.3 and §6, as a client sent it.
enum GrantRequest<'a> {
    AuthorizationCode(authorization_code::Request<'a>),
    RefreshToken(refresh_token::Request<'a>),
    ClientCredentials(client_credentials::Request<'a>),
    DeviceCode(device_code::Request<'a>),
    TokenExchange(token_exchange::Request<'a>),
    JwtBearer(jwt_bearer::Request<'a>),
    Ciba(ciba::Request<'a>),
}

impl GrantRequest<'_> {
    /// What it is called where grants are counted.
    const fn name(&self) -> &'static str {
        match self {
            Self::AuthorizationCode(_) => "authorization_code",
            Self::RefreshToken(_) => "refresh_token",
            Self::ClientCredentials(_) => "client_credentials",
            Self::DeviceCode(_) => "device_code",
            Self::TokenExchange(_) => "token_exchange",
            Self::JwtBearer(_) => "jwt_bearer",
            Self::Ciba(_) => "ciba",
        }
    }
}

/// Answers a token request, and counts the answer.
///
/// # Errors
/// The protocol's errors, and our own faults.
pub async fn respond(
    desk: &Desk<'_>,
    headers: &HeaderMap,
    params: &Params,
) -> Result<TokenResponse, EndpointError> {
    match exchange(desk, headers, params).await {
        Ok((grant, answer)) => {
            let given = [
                ("access_token", true),
                ("id_token", answer.id_token.is_some()),
                ("refresh_token", answer.refresh_token.is_some()),
            ];
            issue::count(desk, grant, given);
            Ok(answer)
        }
        Err(error) => {
            desk.meter.refused.of(error.code()).add_one();
            Err(error)
        }
    }
}

/// The steps, and which grant they were for.
async fn exchange(
    desk: &Desk<'_>,
    headers: &HeaderMap,
    params: &Params,
) -> Result<(&'static str, TokenResponse), EndpointError> {
    nothing_repeated(params)?;
    let client = client_auth::authenticate(desk, headers, params).await?;
    let request = parse(params, &client)?;
    let grant = request.name();
    let key = confirmation(desk, headers, &client).await?;
    let by = (&client, key.as_ref());
    let authorized = match request {
        GrantRequest::AuthorizationCode(request) => authorization_code::authorize(desk, by, &request).await?,
        GrantRequest::RefreshToken(request) => refresh_token::authorize(desk, by, &request).await?,
        GrantRequest::DeviceCode(request) => device_code::authorize(desk, by, &request).await?,
        GrantRequest::ClientCredentials(request) => client_credentials::authorize(desk, by, &request)?,
        GrantRequest::TokenExchange(request) => token_exchange::authorize(desk, by, &request).await?,
        GrantRequest::JwtBearer(request) => jwt_bearer::authorize(desk, by, &request).await?,
        GrantRequest::Ciba(request) => ciba::authorize(desk, by, &request).await?,
    };
    let signed = issue::sign(desk, &client, &authorized).await?;
    let exchanged = matches!(authorized.holder, Holder::Delegate(_));
    let authorization_details = authorized.target.details.clone();
    let refresh_token = write::write(desk, &client, authorized).await?;
    let answer = TokenResponse {
        access_token: signed.access_token,
        token_type: Confirmation::token_type(key.as_ref()),
        expires_in: signed.expires_in,
        scope: signed.scope,
        id_token: signed.id_token,
        refresh_token: refresh_token.map(|token| token.expose().to_owned()),
        issued_token_type: exchanged.then_some(token_exchange::ACCESS_TOKEN),
        authorization_details,
    };
    Ok((grant, answer))
}

/// What this client's tokens are bound to: the key of its proof, or the certificate that it has shown.
async fn confirmation(
    desk: &Desk<'_>,
    headers: &HeaderMap,
    client: &Client,
) -> Result<Option<Confirmation>, EndpointError> {
    let key = dpop::key(desk, headers, dpop::Target::post("/oidc/token")).await?;
    if client.must(Requirement::Dpop) && key.is_none() {
        return Err(OAuthError::InvalidDpopProof("this client must send a DPoP proof").into());
    }
    if !client.must(Requirement::CertificateBoundTokens) {
        return Ok(key.map(Confirmation::Key));
    }
    if key.is_some() {
        return Err(OAuthError::InvalidDpopProof("tokens of this client are bound to its certificate").into());
    }
    let certificate = desk.certificate.ok_or_else(|| {
        OAuthError::InvalidRequest(
            "this client must show its certificate: use the addresses of mtls_endpoint_aliases".to_owned(),
        )
    })?;
    Ok(Some(Confirmation::Certificate(certificate.thumbprint().clone())))
}

fn parse<'a>(params: &'a Params, client: &Client) -> Result<GrantRequest<'a>, OAuthError> {
    match params.get("grant_type") {
        None => Err(OAuthError::InvalidRequest("grant_type is missing".to_owned())),
        Some("authorization_code") => {
            authorization_code::Request::parse(params, client).map(GrantRequest::AuthorizationCode)
        }
        Some("refresh_token") => refresh_token::Request::parse(params).map(GrantRequest::RefreshToken),
        Some("client_credentials") => {
            client_credentials::Request::parse(params).map(GrantRequest::ClientCredentials)
        }
        Some(jwt_bearer::NAME) => jwt_bearer::Request::parse(params).map(GrantRequest::JwtBearer),
        Some(token_exchange::NAME) => token_exchange::Request::parse(params).map(GrantRequest::TokenExchange),
        Some(device_code::NAME) => device_code::Request::parse(params).map(GrantRequest::DeviceCode),
        Some(ciba::NAME) => ciba::Request::parse(params).map(GrantRequest::Ciba),
        Some(_) => Err(OAuthError::UnsupportedGrantType),
    }
}

fn required<'a>(params: &'a Params, name: &'static str) -> Result<&'a str, OAuthError> {
    params.get(name).ok_or_else(|| OAuthError::InvalidRequest(format!("{name} is missing")))
}

/// What an approval becomes when it is redeemed. The client's registration may have been narrowed since;
/// refresh tokens of a public client are bound to what it has proven (RFC 9449 §5, RFC 8705 §4).
fn new_grant(
    desk: &Desk<'_>,
    client: &Client,
    (permission, approval): (&Permission, &Approval),
    key: Option<&Confirmation>,
) -> Result<Grant, EndpointError> {
    Ok(Grant {
        id: desk.entropy.id(desk.now, GrantId::new)?,
        client_id: client.id.clone(),
        user_id: approval.user_id,
        session_id: approval.session_id,
        passkey_id: approval.passkey_id,
        permission: permission.within(client),
        organization: approval.organization,
        key: key.filter(|_| client.is_public()).cloned(),
        method: approval.method,
        authenticated_at: approval.authenticated_at,
        created_at: desk.now,
        revoked_at: None,
    })
}

/// A grant whose person may still sign in; without a session only if it does not need one, and without an organization
/// only if it is for none.
struct Standing {
    user: User,
    session: Option<Session>,
    member: Option<Member>,
}

/// Whose something is, by which session, and for which organization of theirs.
type Whose = (UserId, SessionId, Option<OrganizationId>);

/// The person, session and membership behind a grant, if all of them still stand (C6). An offline grant needs no
/// session.
async fn standing(
    desk: &Desk<'_>,
    (user, session, organization): Whose,
    offline: bool,
) -> Result<Option<Standing>, EndpointError> {
    match held::person(desk.store, user, session).await? {
        Some(found) => as_of_now(desk, found, organization, offline).await,
        None => Ok(None),
    }
}

/// The same for somebody and their session who are found already.
async fn as_of_now(
    desk: &Desk<'_>,
    (user, session): (User, Option<Session>),
    organization: Option<OrganizationId>,
    offline: bool,
) -> Result<Option<Standing>, EndpointError> {
    let session = session.filter(|session| session.is_live(desk.now, desk.limits));
    if !user.is_enabled() || !offline && session.is_none() {
        return Ok(None);
    }
    let member = match organization {
        None => None,
        Some(organization) => match memberships::member(desk.store, user.id, organization).await? {
            None => return Ok(None),
            member => member,
        },
    };
    Ok(Some(Standing { user, session, member }))
}

/// A code or refresh token was used that had been used before: whoever holds the tokens of its
/// grant may not be the client, so all of them end (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
async fn revoke(
    desk: &Desk<'_>,
    grant: GrantId,
    (client, user): (&Client, UserId),
    event: crate::audit::Event,
) -> Result<(), EndpointError> {
    tracing::warn!(client = %client.id, grant = %grant, "a spent code or token was used again");
    let tx = desk.store.begin().await?;
    if crate::store::grants::revoke(&tx, grant, desk.now).await? {
        crate::audit::record(&tx, desk.now, crate::audit::Actor::Anonymous, Some(user), event).await?;
    }
    Ok(tx.commit().await?)
}
