//! What an application sends to ask somebody (CIBA §7.1): read once, from the form or from what it has signed.

use serde_json::{Map, Value};
use time::Duration;

use crate::crypto::{jwt, sha256};
use crate::ephemeral::Kind;
use crate::model::client::{Client, DeliveryMode, Requirement, Subject};
use crate::model::grant::Permission;
use crate::model::ids::UserId;
use crate::model::session::Assurance;
use crate::model::sign_in_request::{BindingMessage, NotificationToken};
use crate::model::user::{Email, User};
use crate::oidc::authorize::{checks, object};
use crate::oidc::claims::Hint;
use crate::oidc::error::{EndpointError, OAuthError};
use crate::oidc::{Desk, details, organization};
use crate::store::users;
use crate::web::params::Params;

/// Where the request does not say; and what it may say.
const LIFETIME: Duration = Duration::minutes(5);
const SHORTEST: i64 = 30;
const LONGEST: i64 = 15 * 60;
/// FAPI-CIBA §5.2.2: a signed request is of this moment.
const OLDEST_OBJECT: i64 = 60 * 60;

/// What may stand in the signed object, and then nowhere else (§7.1.1).
const SIGNED: [&str; 13] = [
    "claims",
    "scope",
    "client_notification_token",
    "acr_values",
    "login_hint_token",
    "id_token_hint",
    "login_hint",
    "binding_message",
    "organization",
    "user_code",
    "requested_expiry",
    "authorization_details",
    "request_uri",
];

fn invalid(why: impl Into<String>) -> OAuthError {
    OAuthError::InvalidRequest(why.into())
}

/// What is wanted, but for from whom.
pub(super) struct Wanted {
    pub(super) permission: Permission,
    pub(super) organization: Option<String>,
    pub(super) assurance: Option<Assurance>,
    pub(super) binding_message: Option<BindingMessage>,
    pub(super) notification_token: Option<NotificationToken>,
    pub(super) lifetime: Duration,
}

/// From whom: an address, and whose it is where the application has proven to know them.
pub(super) struct Whom {
    pub(super) address: Email,
    pub(super) user: Option<UserId>,
}

/// The parameters that count.
pub(super) async fn inside(
    desk: &Desk<'_>,
    client: &Client,
    params: &Params,
) -> Result<Params, EndpointError> {
    let must = client.settings.backchannel.request_alg.is_some() || client.must(Requirement::SignedRequests);
    let Some(object) = params.get("request") else {
        if must {
            return Err(invalid("this client must sign its requests: request is missing").into());
        }
        return Ok(params.clone());
    };
    if SIGNED.iter().any(|name| params.get(name).is_some()) || !params.all("resource").is_empty() {
        return Err(invalid("what is asked must stand in the signed request and nowhere else").into());
    }
    let alg = client.settings.backchannel.request_alg;
    let claims = object::signed(desk, client, (object, alg)).await?.map_err(|error| in_our_words(&error))?;
    object::judge(desk, client, &claims).map_err(|error| in_our_words(&error))?;
    once(desk, client, &claims).await?;
    Ok(object::parameters(claims))
}

/// §13 has no error of its own for what is wrong with the object.
fn in_our_words(error: &OAuthError) -> OAuthError {
    invalid(error.to_string())
}

/// §7.1.1: all of these have to be there, and the object is used once.
async fn once(desk: &Desk<'_>, client: &Client, claims: &Map<String, Value>) -> Result<(), EndpointError> {
    let wrong = |why: &str| invalid(format!("the request object: {why}"));
    let moment = |name: &str| claims.get(name).and_then(Value::as_i64);
    let id = claims.get("jti").and_then(Value::as_str);
    let (Some(exp), Some(nbf), Some(iat), Some(id)) = (moment("exp"), moment("nbf"), moment("iat"), id)
    else {
        return Err(wrong("exp, nbf, iat or jti is missing").into());
    };
    if exp.saturating_sub(nbf) > OLDEST_OBJECT {
        return Err(wrong("exp is more than an hour after nbf").into());
    }
    if claims.get("client_id").is_some_and(|named| named.as_str() != Some(client.id.as_str())) {
        return Err(wrong("client_id is another client").into());
    }
    let mark = sha256(format!("backchannel request {} {id}", client.id).as_bytes());
    let left = Duration::seconds(exp.saturating_sub(desk.now.unix_timestamp()).max(1));
    if !desk.ephemeral.first_use(Kind::AssertionUsed, mark, (Some(iat), left)).await? {
        return Err(wrong("its jti was used before, or it was made before we started: make a new one").into());
    }
    Ok(())
}

impl Wanted {
    pub(super) fn read(desk: &Desk<'_>, client: &Client, params: &Params) -> Result<Self, OAuthError> {
        for (name, why) in [
            ("request_uri", "can not be used here: send the signed request itself"),
            ("user_code", "is not supported: people are told by mail and sign in here"),
            ("claims", "can not be used here"),
        ] {
            if params.get(name).is_some() {
                return Err(invalid(format!("{name} {why}")));
            }
        }
        let permission = Permission {
            scopes: checks::scopes(params, client)?,
            resources: checks::resources(params, client)?,
            details: details::read(params, client, desk.types)?,
            ..Permission::default()
        };
        Ok(Self {
            organization: organization::named(params, &permission)?,
            permission,
            assurance: checks::assurance(params),
            binding_message: binding_message(params)?,
            notification_token: notification_token(params, client)?,
            lifetime: lifetime(params)?,
        })
    }
}

fn binding_message(params: &Params) -> Result<Option<BindingMessage>, OAuthError> {
    let read = params.get("binding_message").map(BindingMessage::parse).transpose();
    read.map_err(|why| OAuthError::InvalidBindingMessage(why.to_string()))
}

/// Of an application that is told by ping; from others it means nothing.
fn notification_token(params: &Params, client: &Client) -> Result<Option<NotificationToken>, OAuthError> {
    if client.settings.backchannel.delivery != DeliveryMode::Ping {
        return Ok(None);
    }
    let Some(token) = params.get("client_notification_token") else {
        return Err(invalid("client_notification_token is missing"));
    };
    NotificationToken::parse(token).map(Some).map_err(|why| invalid(why.to_string()))
}

/// What goes beyond our bounds is brought back to them, and `expires_in` says so.
fn lifetime(params: &Params) -> Result<Duration, OAuthError> {
    let Some(text) = params.get("requested_expiry") else {
        return Ok(LIFETIME);
    };
    match text.parse::<i64>() {
        Ok(seconds) if seconds > 0 => Ok(Duration::seconds(seconds.clamp(SHORTEST, LONGEST))),
        _ => Err(invalid("requested_expiry must be a positive number of seconds")),
    }
}

/// §7.1: exactly one hint. Whether anybody has an address is not looked up here, so that the answer does not tell.
pub(super) async fn whom(desk: &Desk<'_>, client: &Client, params: &Params) -> Result<Whom, EndpointError> {
    let one = "exactly one of login_hint and id_token_hint must say who is asked";
    if params.get("login_hint_token").is_some() {
        return Err(invalid("login_hint_token is not supported: use login_hint or id_token_hint").into());
    }
    match (params.get("login_hint"), params.get("id_token_hint")) {
        (Some(address), None) => {
            // What is no address is nobody's, which tells nothing about anybody.
            let address = Email::parse(address).map_err(|_| OAuthError::UnknownUserId)?;
            Ok(Whom { address, user: None })
        }
        (None, Some(token)) => hinted(desk, client, token).await,
        _ => Err(invalid(one).into()),
    }
}

/// Somebody who has signed in to this client before: it knows them, and may be told that they are gone.
async fn hinted(desk: &Desk<'_>, client: &Client, token: &str) -> Result<Whom, EndpointError> {
    if client.settings.subject != Subject::Public {
        return Err(invalid("id_token_hint is not supported for pairwise subjects: use login_hint").into());
    }
    let hint = jwt::read::<Hint>(&desk.keys, jwt::TYP_ID_TOKEN, token)
        .filter(|hint| hint.iss == desk.issuer && hint.aud == client.id.as_str())
        .ok_or_else(|| invalid("id_token_hint is not an ID token of this client"))?;
    let user = match hint.sub.parse::<UserId>() {
        Ok(id) => users::by_id(desk.store, id).await?.filter(User::is_enabled),
        Err(_) => None,
    };
    let user = user.ok_or(OAuthError::UnknownUserId)?;
    Ok(Whom { address: user.email, user: Some(user.id) })
}
