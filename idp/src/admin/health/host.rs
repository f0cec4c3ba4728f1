//! What the configuration and this machine say: addresses, files, room, and where mail goes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::{Resource, getrlimit};
use time::{Duration, OffsetDateTime};

use super::{Finding, Standing, finding};
use crate::config::Config;
use crate::crypto::certificate::Certificate;
use crate::mail::Transport;
use crate::store::disk::Room;
use crate::theme::moment;

/// A certificate is renewed by then.
const SOON: Duration = Duration::days(14);
/// With less than this nothing can be written before long.
const LITTLE_ROOM: u64 = 100 << 20;
/// With less than this, and a tenth of the disk, somebody should look.
const SOME_ROOM: u64 = 2 << 30;
/// What is open beside the connections of visitors and those to the database: files, Redis, mail, calls.
const OTHER_FILES: u64 = 128;
/// A name that takes longer to find does not count as found.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Everything that can be seen at once.
pub(super) fn all(config: &Config, now: OffsetDateTime) -> Vec<Finding> {
    let mut found = vec![address(config)];
    found.extend(port(config));
    found.extend(proxy(config));
    found.extend(certificate(config, now));
    found.push(data_dir(config));
    found.extend(files(config));
    found.extend(room(config));
    found.push(open_files(config));
    found.push(mail(config));
    found
}

fn address(config: &Config) -> Finding {
    let issuer = config.public_url.issuer();
    if config.public_url.is_local() {
        let sentence = format!(
            "public_url is {issuer}: only browsers on this machine can sign in. Set it to your https address."
        );
        return finding(Standing::Note, "address-local", &issuer, sentence);
    }
    let listen = config.http.listen;
    if config.http.tls.is_none() && !listen.ip().is_loopback() {
        let sentence = format!(
            "http.listen {listen} is reachable from outside without TLS. Listen on 127.0.0.1 behind a proxy, or set http.tls."
        );
        return finding(Standing::Note, "address-without-tls", &listen, sentence);
    }
    let sentence = format!("people reach us at {issuer}");
    finding(Standing::Fine, "address-fine", &issuer, sentence)
}

/// Where nothing stands between us and a browser, it comes to the port that `public_url` has.
fn port(config: &Config) -> Option<Finding> {
    let listen = config.http.listen;
    let alone = config.http.trusted_proxies.is_empty();
    let straight = alone && config.public_url.is_local() && listen.ip().is_loopback();
    let ours = alone && config.http.tls.is_some();
    let asked = config.public_url.url().port_or_known_default()?;
    if !(straight || ours) || asked == listen.port() {
        return None;
    }
    let sentence = format!(
        "public_url leads browsers to port {asked}, and http.listen is {listen}: they find nobody unless something in \
         between leads them on. Make the ports the same."
    );
    // Another machine may well forward a port, as routers do.
    let standing = if straight { Standing::Wrong } else { Standing::Note };
    Some(finding(standing, "address-port", &listen, sentence))
}

/// Somebody speaks TLS for us, and is not believed.
fn proxy(config: &Config) -> Option<Finding> {
    let behind = config.public_url.is_secure() && config.http.tls.is_none();
    (behind && config.http.trusted_proxies.is_empty()).then(|| {
        let sentence = "http.trusted_proxies is empty: every visitor has the address of the proxy, and wrong passwords of \
                        all count together. Name the proxy there, and let it set X-Forwarded-For.";
        finding(Standing::Wrong, "proxy-untrusted", &"", sentence.to_owned())
    })
}

/// Whether the name in `public_url` leads anywhere. Asks the network.
pub(super) async fn name(config: &Config) -> Option<Finding> {
    if config.public_url.is_local() {
        return None;
    }
    let host = config.public_url.host().to_owned();
    let asked = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), 443))).await;
    let found = asked.is_ok_and(|answer| answer.is_ok_and(|mut addresses| addresses.next().is_some()));
    (!found).then(|| {
        let sentence = format!(
            "the name {host} in public_url leads nowhere from this machine. Look for a mistake in it, and at your DNS."
        );
        finding(Standing::Note, "address-unknown", &host, sentence)
    })
}

fn certificate(config: &Config, now: OffsetDateTime) -> Option<Finding> {
    let files = config.http.tls.as_ref()?;
    // One that can not be read ends the configuration before anybody looks here.
    let key = files.read().ok()?;
    let until = Certificate::of(key.cert.get(..1)?)?.ends_at()?;
    let when = moment(until);
    let renew =
        format!("Renew it: the files are taken up within a minute ({}).", files.certificate.display());
    Some(if until <= now {
        let sentence = format!("the certificate has expired on {when}: browsers refuse us. {renew}");
        finding(Standing::Wrong, "certificate-ended", &when, sentence)
    } else if until <= now + SOON {
        let sentence = format!("the certificate expires on {when}. {renew}");
        finding(Standing::Note, "certificate-ends", &when, sentence)
    } else {
        let sentence = format!("the certificate is good until {when}");
        finding(Standing::Fine, "certificate-fine", &when, sentence)
    })
}

fn data_dir(config: &Config) -> Finding {
    let place = config.data_dir.display();
    match std::fs::metadata(&config.data_dir) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            let sentence = format!("{place} is open to other users. Run: chmod 700 {place}");
            finding(Standing::Wrong, "folder-open", &place, sentence)
        }
        Ok(_) => {
            finding(Standing::Fine, "folder-fine", &place, format!("{place} belongs to this user alone"))
        }
        Err(_) => {
            let sentence = format!("{place} does not exist yet; the first start makes it");
            finding(Standing::Note, "folder-missing", &place, sentence)
        }
    }
}

/// The master key is for one user, whatever the folder is; the files of the database where the folder does not keep others out.
fn files(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    let key = config.master_key_path();
    let open = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
    };
    if config.master_key.is_none() && open(&key) {
        let place = key.display();
        let sentence = format!(
            "the master key {place} can be read by others, and opens whatever is sealed. Run: chmod 600 {place}"
        );
        found.push(finding(Standing::Wrong, "master-key-open", &place, sentence));
    }
    let database = config.sqlite_path();
    let beside = |ending: &str| crate::store::copies::beside(&database, ending);
    let found_open = ["", "-wal", "-shm"].map(beside).into_iter().find(|path| open(path));
    if let Some(path) = found_open.filter(|_| open(&config.data_dir)) {
        let place = path.display();
        let sentence = format!("{place} can be read by others. Run: chmod 600 {place}");
        found.push(finding(Standing::Wrong, "database-open", &place, sentence));
    }
    found
}

fn room(config: &Config) -> Option<Finding> {
    let Room { left, whole } = Room::of(&config.data_dir)?;
    let (place, megabytes) = (config.data_dir.display(), left >> 20);
    let about = format!("{place}: {megabytes} MiB");
    let sentence = |what: &str| format!("the disk of {place} {what} ({megabytes} MiB are left). Make room.");
    Some(if left < LITTLE_ROOM {
        let sentence = sentence("is nearly full: soon nothing can be written, and nobody can log in");
        finding(Standing::Wrong, "disk-full", &about, sentence)
    } else if left < SOME_ROOM.min(whole / 10) {
        finding(Standing::Note, "disk-filling", &about, sentence("fills up"))
    } else {
        finding(
            Standing::Fine,
            "disk-fine",
            &about,
            format!("{megabytes} MiB are left on the disk of {place}"),
        )
    })
}

/// Every connection is a file to the kernel. The program takes all that it may have, so the upper limit counts.
fn open_files(config: &Config) -> Finding {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let needed = number(config.http.max_connections)
        .saturating_add(number(config.database.max_connections))
        .saturating_add(OTHER_FILES);
    match getrlimit(Resource::Nofile).maximum {
        Some(limit) if limit < needed => {
            let sentence = format!(
                "this process may have {limit} files open, and http.max_connections needs {needed}: visitors would be \
                 turned away. Set LimitNOFILE={needed} or more in the service's unit (ulimit -n), or fewer connections."
            );
            finding(Standing::Wrong, "files-few", &format!("{limit} < {needed}"), sentence)
        }
        _ => {
            let sentence = format!("{needed} files can be open at once, as http.max_connections needs");
            finding(Standing::Fine, "files-enough", &needed, sentence)
        }
    }
}

fn mail(config: &Config) -> Finding {
    match (Transport::new(config), &config.mail.server) {
        (Err(error), _) => {
            let why = format!("{error:#}");
            finding(Standing::Wrong, "mail-broken", &why, why.clone())
        }
        (Ok(_), Some(server)) => {
            finding(Standing::Fine, "mail-server", &server.host, format!("mail goes to {}", server.host))
        }
        (Ok(_), None) if config.public_url.is_local() => {
            let folder = config.mail_folder().display().to_string();
            finding(Standing::Fine, "mail-folder", &folder, format!("mail is written to {folder}"))
        }
        (Ok(_), None) => finding(
            Standing::Wrong,
            "mail-nowhere",
            &"",
            "mail.url is empty: nobody gets a mail. Set it to smtp://user:password@host:587".to_owned(),
        ),
    }
}

/// Whether the mail server lets us in. Connects to it, and sends nothing.
pub(super) async fn mail_server(config: &Config) -> Option<Finding> {
    let server = config.mail.server.as_ref()?;
    let transport = Transport::new(config).ok()?;
    let host = &server.host;
    Some(match transport.knock().await {
        Ok(()) => finding(Standing::Fine, "mail-answers", host, format!("the mail server {host} lets us in")),
        Err(why) => {
            let sentence = format!(
                "the mail server {host} does not let us in: {why}. Look at host, port, user and password in mail.url, and \
                 at the certificate of the server."
            );
            finding(Standing::Wrong, "mail-refuses", &why, sentence)
        }
    })
}
