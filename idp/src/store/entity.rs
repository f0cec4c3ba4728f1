//! The rows, as sea-orm sees them. Private to `store`.

// The derive makes public items that a private module can not reach.
#![expect(unreachable_pub, reason = "the derives of sea-orm need `pub`; the module itself is private")]

macro_rules! entity {
    ($module:ident, $table:literal, { $($(#[$attr:meta])* $field:ident: $type:ty),* $(,)? }) => {
        pub(super) mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                $($(#[$attr])* pub $field: $type,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(user, "user", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    email: String,
    email_verified: bool,
    given_name: String,
    family_name: String,
    handle: Vec<u8>,
    role: Option<String>,
    disabled_at: Option<i64>,
    disabled_by_service: bool,
    language: Option<String>,
    time_zone: Option<String>,
    policy: String,
    details: String,
    created_at: i64,
    updated_at: i64,
});

entity!(password, "password", {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: Uuid,
    sealed_hash: Vec<u8>,
    failures: i32,
    changed_at: i64,
    imported: Option<String>,
    version: Option<Vec<u8>>,
});

entity!(passkey, "passkey", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    user_id: Uuid,
    credential_id: Vec<u8>,
    record: Json,
    rp_id: String,
    name: String,
    aaguid: Uuid,
    transports: Json,
    sign_count: i64,
    uv_initialized: bool,
    backup_eligible: bool,
    backup_state: bool,
    created_at: i64,
    last_used_at: Option<i64>,
    last_used_with: Option<String>,
    last_used_from: Option<String>,
    browser: Option<Vec<u8>>,
});

entity!(session, "session", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    token_hash: Vec<u8>,
    account_token_hash: Vec<u8>,
    user_id: Uuid,
    passkey_id: Option<Uuid>,
    method: String,
    authenticated_at: i64,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    browser: String,
    network: String,
    limited: Option<String>,
});

entity!(client, "client", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: String,
    name: String,
    settings: Json,
    source: String,
    management_hash: Option<Vec<u8>>,
    disabled_at: Option<i64>,
    created_at: i64,
});

entity!(client_secret, "client_secret", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    client_id: String,
    hash: Vec<u8>,
    sealed: Option<Vec<u8>>,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
});

entity!(registration_token, "registration_token", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    token_hash: Vec<u8>,
    note: String,
    uses_left: i32,
    created_at: i64,
    expires_at: i64,
});

entity!(client_origin, "client_origin", {
    #[sea_orm(primary_key, auto_increment = false)]
    origin: String,
    #[sea_orm(primary_key, auto_increment = false)]
    client_id: String,
});

entity!(grant, "grant", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    client_id: String,
    user_id: Uuid,
    session_id: Uuid,
    passkey_id: Option<Uuid>,
    code_hash: Vec<u8>,
    scopes: String,
    resources: String,
    claims: String,
    authorization_details: String,
    organization_id: Option<Uuid>,
    key_thumbprint: Option<String>,
    method: String,
    authenticated_at: i64,
    created_at: i64,
    revoked_at: Option<i64>,
});

entity!(ended_session, "ended_session", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    user_id: Uuid,
});

entity!(revoked_token, "revoked_token", {
    #[sea_orm(primary_key, auto_increment = false)]
    id_hash: Vec<u8>,
    expires_at: i64,
});

entity!(refresh_token, "refresh_token", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    grant_id: Uuid,
    token_hash: Vec<u8>,
    created_at: i64,
    last_used_at: i64,
    expires_at: i64,
    rotated_at: Option<i64>,
    successor: Option<Vec<u8>>,
});

entity!(consent, "consent", {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    client_id: String,
    scopes: String,
    resources: String,
    claims: String,
    granted_at: i64,
});

entity!(signing_key, "signing_key", {
    #[sea_orm(primary_key, auto_increment = false)]
    kid: String,
    alg: String,
    state: String,
    jwk: Json,
    sealed_private_key: Vec<u8>,
    created_at: i64,
    changed_at: i64,
});

entity!(data_key, "data_key", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: String,
    wrapped: Vec<u8>,
    created_at: i64,
});

entity!(milestone, "milestone", {
    #[sea_orm(primary_key, auto_increment = false)]
    name: String,
    reached_at: i64,
});

entity!(audit_event, "audit_event", {
    #[sea_orm(primary_key, auto_increment = false)]
    sequence: i64,
    at: i64,
    kind: String,
    actor: Option<Uuid>,
    subject: Option<Uuid>,
    network: Option<String>,
    browser: Option<String>,
    detail: String,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
    format: i16,
    client: Option<String>,
    sealed_origin: Option<Vec<u8>>,
    sealed_detail: Option<Vec<u8>>,
    organization: Option<Uuid>,
});

entity!(audit_key, "audit_key", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    user_id: Option<Uuid>,
    sealed_key: Vec<u8>,
    created_at: i64,
});

entity!(audit_signer, "audit_signer", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i32,
    kid: String,
    jwk: String,
    sealed_private_key: Vec<u8>,
    created_at: i64,
});

entity!(audit_mark, "audit_mark", {
    #[sea_orm(primary_key, auto_increment = false)]
    name: String,
    sequence: i64,
    at: i64,
    statement: String,
});

entity!(audit_head, "audit_head", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i32,
    sequence: i64,
    hash: Vec<u8>,
});

entity!(totp, "totp", {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: Uuid,
    sealed_secret: Vec<u8>,
    failures: i32,
    last_step: Option<i64>,
    confirmed_at: Option<i64>,
    created_at: i64,
});

entity!(recovery, "recovery", {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: Uuid,
    failures: i32,
    created_at: i64,
});

entity!(recovery_code, "recovery_code", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    user_id: Uuid,
    code_hash: Vec<u8>,
    used_at: Option<i64>,
});

entity!(guess, "guess", {
    #[sea_orm(primary_key, auto_increment = false)]
    key: Vec<u8>,
    failures: i32,
    retry_at: i64,
    last_at: i64,
});

entity!(known_browser, "known_browser", {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    browser: Vec<u8>,
    first_seen_at: i64,
    last_seen_at: i64,
    offer_snoozed_until: Option<i64>,
});

entity!(link, "link", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    token_hash: Vec<u8>,
    user_id: Uuid,
    purpose: String,
    address: String,
    created_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
});

entity!(sign_up, "sign_up", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    token_hash: Vec<u8>,
    email: String,
    created_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
});

entity!(sign_in_request, "sign_in_request", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    token_hash: Vec<u8>,
    client_id: String,
    user_id: Option<Uuid>,
    asked_of: Vec<u8>,
    place: Option<i32>,
    sealed_asked: Vec<u8>,
    decision: Option<String>,
    created_at: i64,
    expires_at: i64,
});

entity!(email_change, "email_change", {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: Uuid,
    email: String,
    old_confirmed_at: Option<i64>,
    new_confirmed_at: Option<i64>,
    created_at: i64,
});

entity!(outbox, "outbox", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    kind: String,
    user_id: Option<Uuid>,
    recipient: Option<String>,
    sealed_content: Vec<u8>,
    attempts: i32,
    created_at: i64,
    next_try_at: i64,
    last_error: Option<String>,
});

entity!(organization, "organization", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    slug: String,
    name: String,
    policy: Option<String>,
    roles: String,
    disabled_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
});

entity!(membership, "membership", {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    roles: String,
    administrator: bool,
    created_at: i64,
});

entity!(invitation, "invitation", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    token_hash: Vec<u8>,
    organization_id: Uuid,
    email: String,
    roles: String,
    invited_by: Option<Uuid>,
    created_at: i64,
    expires_at: i64,
    invitee: Option<Uuid>,
    client_id: Option<String>,
    ended_at: Option<i64>,
    ending: Option<String>,
});

entity!(day_count, "day_count", {
    #[sea_orm(primary_key, auto_increment = false)]
    day: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    name: String,
    count: i64,
});

entity!(saved_search, "saved_search", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    user_id: Uuid,
    name: String,
    query: String,
    created_at: i64,
});

entity!(api_call, "api_call", {
    #[sea_orm(primary_key, auto_increment = false)]
    name_hash: Vec<u8>,
    request_hash: Vec<u8>,
    sealed_answer: Option<Vec<u8>>,
    begun_at: i64,
    expires_at: i64,
});

entity!(brand, "brand", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    organization_id: Option<Uuid>,
    name: Option<String>,
    light_accent: Option<String>,
    dark_accent: Option<String>,
    light_logo: Option<Vec<u8>>,
    dark_logo: Option<Vec<u8>>,
    updated_at: i64,
});

entity!(logo, "logo", {
    #[sea_orm(primary_key, auto_increment = false)]
    hash: Vec<u8>,
    kind: String,
    content: Vec<u8>,
    created_at: i64,
});

entity!(setting, "setting", {
    #[sea_orm(primary_key, auto_increment = false)]
    name: String,
    value: String,
    updated_at: i64,
});
