//! Very many connections on which nobody says anything (T15): each costs little, whoever comes is served as before, and
//! beyond the limit nobody waits for ever.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::rounds;
use crate::support::process::{Installation, Process};
use crate::support::{PASSWORD, TempDir};

const ADA: &str = "ada@example.org";
const ASK: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// What one of them may cost the service.
const MAX_EACH: u64 = 20 * 1024;
/// Files that are open for something else.
const OTHER_FILES: u64 = 400;
/// From one address there are only so many ports.
const FROM_ONE_ADDRESS: u32 = 2_500;

/// As many as are asked for and may be open here.
fn as_many_as_may_be_open(wanted: u32) -> u32 {
    let most = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most });
    let room =
        most.map_or(u32::MAX, |most| u32::try_from(most.saturating_sub(OTHER_FILES)).unwrap_or(u32::MAX));
    if room < wanted {
        println!("only {room} connections instead of {wanted}: no more files may be open here");
    }
    wanted.min(room)
}

/// From one of several addresses of this machine.
async fn connect(to: SocketAddr, number: u32) -> TcpStream {
    let last = u8::try_from(2 + number / FROM_ONE_ADDRESS).unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

/// Asks for something and reads the answer; the connection stays.
async fn served(stream: &mut TcpStream) -> bool {
    stream.write_all(ASK).await.unwrap();
    matches!(stream.read(&mut [0; 1024]).await, Ok(length) if length > 0)
}

fn memory(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The median of several sign-ins of people who were not here before.
async fn sign_in_takes(process: &Process) -> Duration {
    let mut times = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        let browser = process.browser();
        browser.log_in_with_password(ADA, PASSWORD).await;
        assert!(browser.is_signed_in().await);
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

fn start(dir: &TempDir, settings: &[(&str, String)]) -> (Installation, Process) {
    let mut installation = Installation::new(&dir.0.join("data"));
    installation.environment =
        settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let process = installation.start();
    installation.person(ADA);
    (installation, process)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_cost_little_and_disturb_nobody() {
    let many = as_many_as_may_be_open(rounds(1_000, 10_000));
    let dir = TempDir::new("idle");
    let settings = [
        ("IDP_HTTP__MAX_CONNECTIONS", (many + 100).to_string()),
        ("IDP_HTTP__HEAD_TIMEOUT_SECONDS", "600".to_owned()),
    ];
    let (installation, process) = start(&dir, &settings);
    for _ in 0..3 {
        sign_in_takes(&process).await;
    }
    let (alone, before) = (sign_in_takes(&process).await, memory(&process));
    let mut held = Vec::new();
    let half = many / 2;
    // Half of them have asked for something once, and half never say anything.
    for number in 0..half {
        let mut stream = connect(process.address, number).await;
        assert!(served(&mut stream).await);
        held.push(stream);
    }
    let after_half = memory(&process);
    for number in half..many {
        held.push(connect(process.address, number).await);
    }
    let among = sign_in_takes(&process).await;
    let after = memory(&process);
    let (used, silent) = (
        after_half.saturating_sub(before) / u64::from(half),
        after.saturating_sub(after_half) / u64::from(many - half),
    );
    println!(
        "{many} idle connections: {used} bytes for each that was used, {silent} for each that was not; a sign-in took \
         {alone:?} alone and {among:?} among them"
    );
    assert!(used < MAX_EACH && silent < MAX_EACH, "{used} and {silent} bytes each");
    assert!(among < alone * 2 + Duration::from_millis(100), "{among:?} instead of {alone:?}");
    // They are open, all of them: the first and the last are served.
    for number in [0, half as usize, held.len() - 1] {
        assert!(served(&mut held[number]).await, "connection {number} is gone");
    }
    drop(held);
    sign_in_takes(&process).await;
    assert!(process.terminate().success());
    installation.is_whole(&[]);
}

/// Whoever comes when every place is taken is served when the idle ones have had their time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_limit_nobody_hangs() {
    const PLACES: u32 = 50;
    let many = as_many_as_may_be_open(PLACES + rounds(50, 400));
    let dir = TempDir::new("places");
    let patience = Duration::from_secs(2);
    let settings = [
        ("IDP_HTTP__MAX_CONNECTIONS", PLACES.to_string()),
        ("IDP_HTTP__HEAD_TIMEOUT_SECONDS", patience.as_secs().to_string()),
    ];
    let (installation, process) = start(&dir, &settings);
    let begun = Instant::now();
    let mut idle = Vec::new();
    for number in 0..PLACES {
        idle.push(connect(process.address, number).await);
    }
    let crowd: Vec<_> = (PLACES..many)
        .map(|number| {
            let to = process.address;
            tokio::spawn(async move {
                let mut stream = connect(to, number).await;
                (served(&mut stream).await, begun.elapsed())
            })
        })
        .collect();
    let (mut answered, mut slowest) = (0, Duration::ZERO);
    let all = crowd.len();
    // Each of those who are served keeps its place for a while, too, unless it goes.
    let bound = patience * 2 + Duration::from_secs(3);
    for one in crowd {
        let (was_served, after) = tokio::time::timeout(bound, one).await.expect("somebody hangs").unwrap();
        answered += usize::from(was_served);
        slowest = slowest.max(after);
    }
    println!("{answered} of {all} beyond the limit were answered, the last after {slowest:?}");
    assert_eq!(answered, all);
    assert!(slowest + Duration::from_millis(200) >= patience, "there was no limit: {slowest:?}");
    for stream in &mut idle {
        let ended =
            tokio::time::timeout(bound, stream.read(&mut [0; 1])).await.expect("an idle one was kept");
        assert_eq!(ended.unwrap_or(0), 0, "an idle one was kept");
    }
    process.browser().log_in_with_password(ADA, PASSWORD).await;
    assert!(process.terminate().success());
    installation.is_whole(&[]);
}
