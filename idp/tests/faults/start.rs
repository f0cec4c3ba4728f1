//! A start while what is needed is not there yet (T25): it says what it waits for, is alive and not ready, and goes on by
//! itself. And a start on what is damaged (T29): it says what is wrong and does not begin.

use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::support::fault_proxy::{FaultProxy, Weather};
use crate::support::postgres::PostgresServer;
use crate::support::process::Installation;
use crate::support::{Browser, PASSWORD, TempDir};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_later_is_waited_for() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let network = FaultProxy::before(server.address()).await;
    network.set(Weather::Down);
    let dir = TempDir::new("early");
    let mut installation = Installation::new(&dir.0.join("data"));
    installation.environment.push(("IDP_DATABASE__URL".to_owned(), PostgresServer::url_at(network.port)));
    let starting = std::thread::spawn({
        let installation = installation.clone();
        move || installation.start()
    });
    let browser =
        Browser::at(&installation.issuer(), SocketAddr::from((Ipv4Addr::LOCALHOST, installation.port)));
    let mut alive = None;
    for _ in 0..300 {
        alive = browser.try_get("/livez").await;
        if alive.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(alive.expect("it does not listen").status, 200);
    let ready = browser.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.json()["why"].as_str().unwrap().contains("database"), "{ready:?}");
    let page = browser.get("/login").await;
    assert_eq!(page.status, 503);
    assert!(!page.header("retry-after").is_empty(), "{page:?}");
    assert!(!starting.is_finished());
    let log = std::fs::read_to_string(installation.log()).unwrap();
    assert!(log.contains("database") && log.contains("again"), "{log}");
    network.set(Weather::Fair);
    let process = starting.join().unwrap();
    assert_eq!(process.browser().get("/readyz").await.status, 200);
    installation.person("ada@example.org");
    process.browser().log_in_with_password("ada@example.org", PASSWORD).await;
    assert!(process.terminate().success());
    installation.is_whole(&[]);
}

/// Whoever stops it while it waits does not have to wait, too; and a mistake is said at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_a_database_can_be_ended() {
    let dir = TempDir::new("never");
    let mut installation = Installation::new(&dir.0.join("data"));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    installation.environment.push(("IDP_DATABASE__URL".to_owned(), PostgresServer::url_at(closed)));
    let mut child = installation.command(&[]).stderr(std::process::Stdio::null()).spawn().unwrap();
    let browser =
        Browser::at(&installation.issuer(), SocketAddr::from((Ipv4Addr::LOCALHOST, installation.port)));
    while browser.try_get("/livez").await.is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM)
        .unwrap();
    let ended = std::time::Instant::now();
    assert!(child.wait().unwrap().success());
    assert!(ended.elapsed() < Duration::from_secs(3), "it took {:?}", ended.elapsed());
    if let Some(server) = PostgresServer::start() {
        let url = format!("postgres://portico@127.0.0.1:{}/missing", server.port);
        installation.environment[0].1 = url;
        let output = installation.run(&[], "");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
}

/// T29: bytes in the middle of the database are not what they were.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_is_named_and_nothing_panics() {
    let dir = TempDir::new("damaged");
    let installation = Installation::new(&dir.0.join("data"));
    let process = installation.start();
    installation.person("ada@example.org");
    process.browser().log_in_with_password("ada@example.org", PASSWORD).await;
    assert!(process.terminate().success());
    let path = installation.data_dir.join("idp.db");
    let whole = std::fs::read(&path).unwrap();
    let pages = whole.len() / 4096;
    let mut noticed = 0;
    for page in 0..pages {
        let mut file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(u64::try_from(page * 4096 + 100).unwrap())).unwrap();
        let mut bytes = vec![0; 512];
        file.read_exact(&mut bytes).unwrap();
        file.seek(SeekFrom::Current(-512)).unwrap();
        file.write_all(&bytes.iter().map(|byte| !byte).collect::<Vec<_>>()).unwrap();
        drop(file);
        if page % super::rounds(16, 1) as usize == 0 {
            let output = installation.run(&["doctor"], "");
            let said = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(!said.contains("panicked"), "page {page}: {said}");
            assert!(output.status.code().is_some(), "page {page}: {said}");
            noticed += usize::from(!output.status.success());
        }
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(dir.0.join(format!("data/idp.db{suffix}")));
        }
        std::fs::write(&path, &whole).unwrap();
    }
    println!("{noticed} of {pages} damaged pages were noticed");
    assert!(noticed > 0);
    installation.is_whole(&[]);
}
