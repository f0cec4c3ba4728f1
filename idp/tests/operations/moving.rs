//! `idp migrate-store`: everything is there afterwards, on either kind of database, and nothing is moved halfway.

use idp::store::moving::TABLES;
use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::{installation_with, json, number, out, refused, sqlite, succeed, texts};
use crate::store::fresh_postgres;
use crate::support::process::Installation;
use crate::support::{PASSWORD, SoftAuthenticator};

const ADA: &str = "ada@example.org";

async fn postgres(url: &str) -> DatabaseConnection {
    sea_orm::Database::connect(url).await.unwrap()
}

async fn tables(db: &DatabaseConnection) -> Vec<String> {
    texts(db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1")
        .await
}

fn on(installation: &Installation, url: &str) -> Installation {
    let mut moved = installation.clone();
    moved.environment.push(("IDP_DATABASE__URL".to_owned(), url.to_owned()));
    moved
}

/// A row for every table that has none, made up from the database's own description of itself.
async fn fill(db: &DatabaseConnection) {
    for _ in 0..3 {
        for table in tables(db).await {
            if number(db, &format!("SELECT count(*) FROM \"{table}\"")).await > 0 {
                continue;
            }
            let description = format!(
                "SELECT json_object('name', c.name, 'type', lower(c.type), 'table', f.\"table\", 'to', f.\"to\") \
                 FROM pragma_table_info('{table}') c LEFT JOIN pragma_foreign_key_list('{table}') f ON f.\"from\" = c.name"
            );
            let (mut names, mut values) = (Vec::new(), Vec::new());
            for column in texts(db, &description).await {
                let column: serde_json::Value = serde_json::from_str(&column).unwrap();
                names.push(format!("\"{}\"", column["name"].as_str().unwrap()));
                let kind = column["type"].as_str().unwrap();
                values.push(match (column["table"].as_str(), column["to"].as_str()) {
                    (Some(other), Some(to)) => format!("(SELECT \"{to}\" FROM \"{other}\" LIMIT 1)"),
                    _ if kind.contains("uuid") => "x'0197f3a0000070008000000000000001'".to_owned(),
                    _ if kind.contains("json") => "'{\"b\": 1, \"a\": [\"Zoë\", null]}'".to_owned(),
                    _ if kind.contains("blob") || kind.contains("binary") => "x'00ff10'".to_owned(),
                    _ if kind.contains("bool") => "1".to_owned(),
                    _ if kind.contains("smallint") || kind == "integer" => "7".to_owned(),
                    _ if kind.contains("int") => "9007199254740993".to_owned(),
                    _ => "'Zoë O''Neil \"{}\" 🦷'".to_owned(),
                });
            }
            let insert =
                format!("INSERT INTO \"{table}\" ({}) VALUES ({})", names.join(", "), values.join(", "));
            // What refers to a table that is still empty comes in another round.
            let _ = db.execute_unprepared(&insert).await;
        }
    }
}

/// Whatever table the database has: it has a row, and is moved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_is_moved_with_all_of_its_columns() {
    let Some(url) = fresh_postgres().await else { return };
    let (_dir, installation) = installation_with(ADA);
    let source = sqlite(&installation.data_dir.join("idp.db")).await;
    fill(&source).await;
    let all = tables(&source).await;
    let mut ours: Vec<String> = TABLES.map(ToOwned::to_owned).into();
    ours.push("seaql_migrations".to_owned());
    ours.sort();
    assert_eq!(all, ours);
    let mut before = Vec::new();
    for table in &all {
        let rows = number(&source, &format!("SELECT count(*) FROM \"{table}\"")).await;
        assert!(rows > 0, "{table} has no row to move");
        before.push(rows);
    }
    let moved = json(&installation.run(&["migrate-store", "--to", &url, "--json"], ""));
    let target = postgres(&url).await;
    for (table, rows) in all.iter().zip(before) {
        let there = number(&target, &format!("SELECT count(*) FROM \"{table}\"")).await;
        // The record of the move itself, which may be the first with the common key.
        let more = i64::from(table == "audit_event");
        assert_eq!(there - more, rows, "{table}");
        if table != "seaql_migrations" {
            assert_eq!(moved["tables"][table], rows, "{table}");
        }
    }
    let text = "SELECT settings ->> 'b' FROM client UNION SELECT name FROM organization ORDER BY 1";
    assert_eq!(texts(&target, text).await, ["1", "Zoë O'Neil \"{}\" 🦷"]);
    // Nothing counts by itself: there is no sequence that would have to be set.
    assert_eq!(number(&target, "SELECT count(*) FROM information_schema.sequences").await, 0);
    let kinds = texts(&target, "SELECT kind FROM audit_event ORDER BY sequence DESC LIMIT 1").await;
    assert_eq!(kinds, ["store-moved"]);
}

/// The same people, sessions, applications and records, on PostgreSQL and back on SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_and_applications_go_on_after_a_move_there_and_back() {
    let Some(url) = fresh_postgres().await else { return };
    let (dir, installation) = installation_with(ADA);
    let process = installation.start();
    let mut authenticator = SoftAuthenticator::new(&process.issuer);
    let browser = process.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let tokens = process.clinic().tokens(&browser, &[]).await;
    browser.create_passkey(&mut authenticator).await;
    let busy = refused(&installation.run(&["migrate-store", "--to", &url], ""));
    assert!(busy.contains("Something works on the database"), "{busy}");
    assert!(process.terminate().success());

    // The address with its password in a file.
    let file = dir.0.join("url");
    std::fs::write(&file, format!("{url}\n")).unwrap();
    let said = succeed(&installation.run(&["migrate-store", "--to-file", &file.display().to_string()], ""));
    assert!(said.contains("set database.url") && said.contains("each compared"), "{said}");
    let there = on(&installation, &url);
    let process = there.start();
    assert!(browser.is_signed_in().await, "a session goes on");
    assert!(process.clinic().can_refresh(&tokens).await, "a refresh token goes on");
    process.browser().log_in_with_passkey(&mut authenticator).await;
    let again = process.browser();
    let answer = again.submit_password(ADA, PASSWORD).await;
    assert!(
        answer.location().starts_with("/login/passkey"),
        "the password is right, and a passkey is asked for"
    );
    let token = process.clinic().tokens(&browser, &[]).await;
    let back = ["migrate-store", "--to", "sqlite", "--json"];
    let exists = refused(&there.run(&back, ""));
    assert!(exists.contains("idp.db is there. Move it away first"), "{exists}");
    std::fs::remove_file(installation.data_dir.join("idp.db")).unwrap();
    let in_use = refused(&there.run(&back, ""));
    assert!(in_use.contains("connections of others work on"), "{in_use}");
    assert!(!installation.data_dir.join("idp.db").exists());
    assert!(process.terminate().success());
    succeed(&there.run(&["audit", "verify"], ""));
    let doctor = there.run(&["doctor"], "");
    assert!(doctor.status.success(), "{}", out(&doctor));

    let back = json(&there.run(&back, ""));
    assert_eq!((&back["from"], &back["to"]), (&"PostgreSQL".into(), &"SQLite".into()));
    let process = installation.start();
    assert!(browser.is_signed_in().await);
    for tokens in [&tokens, &token] {
        assert!(process.clinic().can_refresh(tokens).await);
    }
    process.browser().log_in_with_passkey(&mut authenticator).await;
    assert!(process.terminate().success());
    succeed(&installation.run(&["audit", "verify"], ""));
}

/// A target with anything in it, or what this program does not know, is no place and nothing to move.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_is_refused_before_anything_is_written() {
    let (Some(full), Some(empty)) = (fresh_postgres().await, fresh_postgres().await) else { return };
    let (_dir, installation) = installation_with(ADA);
    postgres(&full).await.execute_unprepared("CREATE TABLE something (x int)").await.unwrap();
    let migrate = |url: &str| refused(&installation.run(&["migrate-store", "--to", url], ""));
    assert!(migrate(&full).contains("is not empty: it has the table something"));
    let gone = migrate("postgres://portico:secret@127.0.0.1:1/nowhere");
    assert!(gone.contains("127.0.0.1/nowhere can not be opened") && !gone.contains("secret"), "{gone}");
    assert!(migrate("mysql://x").contains("moves to postgres://"));
    let neither = installation.run(&["migrate-store"], "");
    assert_eq!(neither.status.code(), Some(2));

    let source = sqlite(&installation.data_dir.join("idp.db")).await;
    source.execute_unprepared("ALTER TABLE link ADD COLUMN extra TEXT").await.unwrap();
    assert!(migrate(&empty).contains("a column extra in table link, which this program does not know"));
    source.execute_unprepared("ALTER TABLE link DROP COLUMN extra").await.unwrap();
    source.execute_unprepared("CREATE TABLE weight (x INT)").await.unwrap();
    assert!(migrate(&empty).contains("a table weight, which this program does not know"));
    source.execute_unprepared("DROP TABLE weight").await.unwrap();
    // What PostgreSQL can not keep, somewhere in the middle: nothing is left there, not even a table.
    let wrong = "INSERT INTO setting (name, value, updated_at) VALUES ('x', 'a' || char(0) || 'b', 1)";
    source.execute_unprepared(wrong).await.unwrap();
    assert!(migrate(&empty).contains("Rows of table setting could not be moved"));
    let target = postgres(&empty).await;
    let left = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()";
    assert_eq!(number(&target, left).await, 0);
    source.execute_unprepared("DELETE FROM setting").await.unwrap();
    source.close().await.unwrap();
    target.close().await.unwrap();
    succeed(&installation.run(&["migrate-store", "--to", &empty], ""));
    assert!(migrate(&empty).contains("is not empty"), "a second time");
}

/// Whoever comes while everything is moved can not write, and nothing is moved then: they would go on with what was moved away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_works_on_a_database_while_it_is_moved() {
    let Some(url) = fresh_postgres().await else { return };
    let (_dir, installation) = installation_with(ADA);
    succeed(&installation.run(&["migrate-store", "--to", &url], ""));
    std::fs::remove_file(installation.data_dir.join("idp.db")).unwrap();
    let there = on(&installation, &url);
    let (base, name) = url.rsplit_once('/').unwrap();
    // From another database: nobody works on this one.
    let watch = postgres(&format!("{base}/postgres")).await;
    let grow = postgres(&url).await;
    let more = "INSERT INTO guess (key, failures, retry_at, last_at) SELECT decode(lpad(to_hex(i), 8, '0'), 'hex'), 1, 0, 1 \
                FROM generate_series(1, 30000) i";
    grow.execute_unprepared(more).await.unwrap();
    grow.close().await.unwrap();
    let moving = tokio::task::spawn_blocking(move || there.run(&["migrate-store", "--to", "sqlite"], ""));
    let held = format!(
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = '{name}' \
         AND l.mode = 'ShareLock' AND l.granted"
    );
    while number(&watch, &held).await == 0 {
        assert!(!moving.is_finished(), "others are not kept from writing");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let late = postgres(&url).await;
    let write = "SET lock_timeout = '200ms'; UPDATE \"user\" SET given_name = 'Eve'";
    let refusal = late.execute_unprepared(write).await.unwrap_err();
    assert!(refusal.to_string().contains("lock timeout"), "{refusal}");
    let said = refused(&moving.await.unwrap());
    assert!(said.contains("connections of others work on") && said.contains("Nothing was moved"), "{said}");
    assert!(!installation.data_dir.join("idp.db").exists());
    late.close().await.unwrap();
    succeed(&on(&installation, &url).run(&["migrate-store", "--to", "sqlite"], ""));
}
