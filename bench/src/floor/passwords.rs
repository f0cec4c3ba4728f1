//! One Argon2id hash per password, with the provider's parameters, on as many threads as there are cores.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::{Semaphore, oneshot};

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
/// May wait, as at the provider.
const QUEUE: usize = 64;

type Job = (Vec<u8>, oneshot::Sender<()>);

pub(super) struct Passwords {
    jobs: Sender<Job>,
    places: Semaphore,
}

impl Passwords {
    pub(super) fn start() -> anyhow::Result<Self> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).ok().context("parameters")?;
        let (jobs, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads {
            let (receiver, params) = (Arc::clone(&receiver), params.clone());
            std::thread::Builder::new().name("password".to_owned()).spawn(move || work(&receiver, params))?;
        }
        Ok(Self { jobs, places: Semaphore::new(threads + QUEUE) })
    }

    /// Hashes; `false` when too many wait.
    pub(super) async fn hash(&self, password: Vec<u8>) -> bool {
        let Ok(_place) = self.places.try_acquire() else {
            return false;
        };
        let (done, waits) = oneshot::channel();
        self.jobs.send((password, done)).is_ok() && waits.await.is_ok()
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, params: Params) {
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((password, done)) = next else {
            return;
        };
        let mut output = [0; 32];
        let hashed = argon2.hash_password_into_with_memory(
            &password,
            b"sixteen bytes of",
            &mut output,
            memory.as_mut_slice(),
        );
        // Looked at, so that it is not left out.
        if hashed.is_ok() && output != [0; 32] {
            let _ = done.send(());
        }
    }
}
