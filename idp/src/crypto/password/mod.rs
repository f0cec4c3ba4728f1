//! Passwords: their legal form, and hashing with Argon2id on threads of its own. The number of
//! hashes under way and waiting is bounded; beyond it the caller is told that we are busy, so that a
//! flood of guesses costs the guesser and not everybody else.

mod rules;

pub use rules::{MAX_BYTES, MIN_CHARS, Password, PasswordRefused};

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::constant_time_eq;
use super::random::Entropy;

/// OWASP's first choice: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const OUTPUT: usize = 32;
/// A stored hash that asks for more than this was not made by us (T14).
const MAX_MEMORY_KIB: u32 = 65_536;
const MAX_PASSES: u32 = 10;

#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("all password workers are busy and the queue is full")]
    Busy,
    #[error("a stored password hash is damaged or not one of ours")]
    BadHash,
    #[error("the password workers have stopped")]
    Stopped,
}

enum Job {
    Hash(Password, [u8; 16], oneshot::Sender<Result<String, HashError>>),
    Verify(Password, Arc<str>, oneshot::Sender<Result<bool, HashError>>),
}

/// Hands jobs to the workers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PasswordWorkers {
    jobs: Sender<(Job, Permit)>,
    /// One per worker and per waiting place.
    places: Arc<Semaphore>,
    /// Verified when there is no account or no password, so that the answer takes as long.
    decoy: Arc<str>,
}

/// A place with a worker or in the queue, kept until the job is done.
#[derive(Debug)]
pub struct Permit(#[expect(dead_code, reason = "held, and given back when dropped")] OwnedSemaphorePermit);

impl PasswordWorkers {
    /// Starts `threads` workers with room for `queue` waiting jobs.
    ///
    /// # Errors
    /// When the operating system gives no thread, or no randomness.
    pub fn start(threads: usize, queue: usize, entropy: Entropy) -> anyhow::Result<Self> {
        let threads = threads.max(1);
        // Unbounded, because what bounds it is that every job holds a permit.
        let (jobs, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for index in 0..threads {
            let receiver = Arc::clone(&receiver);
            std::thread::Builder::new().name(format!("password-{index}")).spawn(move || work(&receiver))?;
        }
        let decoy = phc(&entropy.bytes::<16>()?, &entropy.bytes::<OUTPUT>()?)?;
        Ok(Self { jobs, places: Arc::new(Semaphore::new(threads + queue)), decoy: decoy.into() })
    }

    /// Takes a place for one job.
    ///
    /// # Errors
    /// [`HashError::Busy`] when there is none.
    pub fn reserve(&self) -> Result<Permit, HashError> {
        Arc::clone(&self.places).try_acquire_owned().map(Permit).map_err(|_| HashError::Busy)
    }

    /// The PHC string of a password.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full.
    pub async fn hash(&self, password: Password, entropy: Entropy) -> Result<String, HashError> {
        let salt = entropy.bytes().map_err(|_| HashError::Stopped)?;
        let (answer, answered) = oneshot::channel();
        self.submit(Job::Hash(password, salt, answer), self.reserve()?)?;
        answered.await.map_err(|_| HashError::Stopped)?
    }

    /// Whether the password fits the hash. With no hash the work is done all the same and the
    /// answer is no.
    ///
    /// # Errors
    /// When the stored hash is not one of ours.
    pub async fn verify(
        &self,
        password: Password,
        hash: Option<&str>,
        permit: Permit,
    ) -> Result<bool, HashError> {
        let (answer, answered) = oneshot::channel();
        let against = hash.map_or_else(|| Arc::clone(&self.decoy), Arc::from);
        self.submit(Job::Verify(password, against, answer), permit)?;
        let fits = answered.await.map_err(|_| HashError::Stopped)??;
        Ok(fits && hash.is_some())
    }

    fn submit(&self, job: Job, permit: Permit) -> Result<(), HashError> {
        self.jobs.send((job, permit)).map_err(|_| HashError::Stopped)
    }
}

/// One worker: takes jobs until nobody can send any more. Its memory is kept between jobs, because
/// fresh pages cost as much as the hash.
fn work(jobs: &Mutex<Receiver<(Job, Permit)>>) {
    let mut memory = Vec::new();
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((job, _permit)) = next else {
            return;
        };
        match job {
            Job::Hash(password, salt, answer) => {
                let _ = answer.send(hash_now(&password, salt, &mut memory));
            }
            Job::Verify(password, against, answer) => {
                let _ = answer.send(verify_now(&password, &against, &mut memory));
            }
        }
    }
}

fn hash_now(password: &Password, salt: [u8; 16], memory: &mut Vec<Block>) -> Result<String, HashError> {
    let output = argon2id(password, &salt, MEMORY_KIB, PASSES, memory)?;
    phc(&salt, &output)
}

fn verify_now(password: &Password, against: &str, memory: &mut Vec<Block>) -> Result<bool, HashError> {
    let stored = PasswordHash::new(against).map_err(|_| HashError::BadHash)?;
    let parameter = |name: &str| stored.params.get_decimal(name).ok_or(HashError::BadHash);
    let (memory_kib, passes) = (parameter("m")?, parameter("t")?);
    let within = (8..=MAX_MEMORY_KIB).contains(&memory_kib) && (1..=MAX_PASSES).contains(&passes);
    if stored.algorithm.as_str() != "argon2id" || !within || parameter("p")? != 1 {
        return Err(HashError::BadHash);
    }
    let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
        return Err(HashError::BadHash);
    };
    let output = argon2id(password, salt.as_ref(), memory_kib, passes, memory)?;
    Ok(constant_time_eq(&output, expected.as_bytes()))
}

fn argon2id(
    password: &Password,
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
    memory: &mut Vec<Block>,
) -> Result<[u8; OUTPUT], HashError> {
    let params = Params::new(memory_kib, passes, 1, Some(OUTPUT)).map_err(|_| HashError::BadHash)?;
    memory.resize(params.block_count(), Block::default());
    let mut output = [0; OUTPUT];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(
            password.expose().as_bytes(),
            salt,
            &mut output,
            memory.as_mut_slice(),
        )
        .map_err(|_| HashError::BadHash)?;
    Ok(output)
}

fn phc(salt: &[u8], output: &[u8]) -> Result<String, HashError> {
    let mut params = ParamsString::new();
    for (name, value) in [("m", MEMORY_KIB), ("t", PASSES), ("p", 1)] {
        params.add_decimal(name, value).map_err(|_| HashError::BadHash)?;
    }
    let hash = PasswordHash {
        algorithm: argon2::ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params,
        salt: Some(Salt::new(salt).map_err(|_| HashError::BadHash)?),
        hash: Some(Output::new(output).map_err(|_| HashError::BadHash)?),
    };
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workers(threads: usize, queue: usize) -> PasswordWorkers {
        PasswordWorkers::start(threads, queue, Entropy::of_the_system()).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::presented(text).unwrap()
    }

    async fn verify(workers: &PasswordWorkers, text: &str, hash: Option<&str>) -> Result<bool, HashError> {
        workers.verify(password(text), hash, workers.reserve()?).await
    }

    /// F6
    #[tokio::test]
    async fn a_hash_is_argon2id_with_the_agreed_cost_and_verifies() {
        let workers = workers(1, 4);
        let hash = workers.hash(password("correct horse battery"), Entropy::of_the_system()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify(&workers, "correct horse battery", Some(&hash)).await.unwrap());
        assert!(!verify(&workers, "correct horse batterz", Some(&hash)).await.unwrap());
        assert!(!verify(&workers, "correct horse battery", None).await.unwrap());
    }

    /// F5
    #[tokio::test]
    async fn the_same_characters_typed_differently_are_the_same_password() {
        let workers = workers(1, 4);
        let hash = workers.hash(password("Zu\u{308}rich am Abend"), Entropy::of_the_system()).await.unwrap();
        assert!(verify(&workers, "Z\u{fc}rich am Abend", Some(&hash)).await.unwrap());
    }

    /// T14
    #[tokio::test]
    async fn a_stored_hash_that_asks_for_gigabytes_is_refused() {
        let workers = workers(1, 4);
        for hash in [
            "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
            "$argon2id$v=19$m=19456,t=4000000,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
            "$argon2d$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
            "nonsense",
        ] {
            assert!(verify(&workers, "x", Some(hash)).await.is_err(), "{hash}");
        }
    }

    /// T13
    #[tokio::test]
    async fn beyond_the_queue_the_answer_is_busy_at_once() {
        let workers = workers(1, 2);
        let flood: Vec<_> = (0..50)
            .map(|_| {
                let workers = workers.clone();
                tokio::spawn(async move { verify(&workers, "x", None).await })
            })
            .collect();
        let mut busy = 0;
        for task in flood {
            match task.await.unwrap() {
                Ok(fits) => assert!(!fits),
                Err(HashError::Busy) => busy += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(busy >= 40, "only {busy} were turned away");
    }
}
