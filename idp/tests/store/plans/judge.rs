//! What of the plan of a statement is too much.

use sea_orm::DbBackend;

/// Rows that may be sorted, or looked through, without anybody noticing.
const FEW: u64 = 2_000;

/// What there may be very many of. The rest is made by hand, one at a time.
const LARGE: &[&str] = &[
    "user",
    "passkey",
    "password",
    "totp",
    "recovery",
    "recovery_code",
    "session",
    "grant",
    "refresh_token",
    "consent",
    "known_browser",
    "membership",
    "invitation",
    "organization",
    "audit_event",
    "audit_key",
    "link",
    "guess",
    "sign_in_request",
];

/// What there are few of behind one value of an index of SQLite, so that they may be sorted: what belongs to one person or
/// one application, or was asked for by a role. The people of the organizations that somebody runs are found by their
/// memberships and sorted, never more than belong there; so are those who are named one by one.
const FEW_BEHIND: &[&str] = &[
    "passkey_of_user",
    "session_of_user",
    "grant_of_user",
    "client_secret_of_client",
    "saved_search_of_user",
    "user_by_role",
    "membership_1 (user_id=?)",
    "membership_of_organization (organization_id=?)",
    "sqlite_autoindex_user_1 (id=?)",
];

/// Whether a statement reads all of what is large, or sorts much of it.
pub(super) fn is_too_much(backend: DbBackend, sql: &str, lines: &[String]) -> bool {
    let limited = sql.contains(" LIMIT ");
    let few = lines.iter().any(|line| FEW_BEHIND.iter().any(|index| line.contains(index)))
        || !lines.iter().any(|line| sqlite_table(line).is_some_and(is_large));
    let too_much = |line: &String| match backend {
        DbBackend::Sqlite => sqlite_reads_all(line, limited) || (sqlite_sorts(line) && !few),
        _ => postgres_reads_all(line),
    };
    lines.iter().any(too_much)
}

fn is_large(table: &str) -> bool {
    LARGE.contains(&table.trim_matches('"'))
}

/// SQLite says what it does and not how often: a walk along an index ends early where there is a limit.
fn sqlite_reads_all(line: &str, limited: bool) -> bool {
    let large = line.contains("SCAN ") && sqlite_table(line).is_some_and(is_large);
    large && !(line.contains("USING") && limited)
}

/// `SEARCH user USING INDEX user_by_role (role=?)`, `SCAN user`
fn sqlite_table(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("SCAN ").or_else(|| line.split_once("SEARCH "))?;
    rest.split(' ').next()
}

fn sqlite_sorts(line: &str) -> bool {
    line.contains("USE TEMP B-TREE FOR") && line.contains("ORDER BY")
}

/// `Seq Scan on "user"  (cost=0.00..458.00 rows=20000 width=4)`
fn postgres_reads_all(line: &str) -> bool {
    let rows = line.split("rows=").nth(1).and_then(|rest| rest.split(' ').next());
    let rows: u64 = rows.and_then(|rows| rows.parse().ok()).unwrap_or_default();
    if line.trim_start().trim_start_matches("->  ").starts_with("Sort ") {
        return rows > FEW;
    }
    let table = line.split("Seq Scan on ").nth(1).and_then(|rest| rest.split(' ').next());
    table.is_some_and(is_large)
}
