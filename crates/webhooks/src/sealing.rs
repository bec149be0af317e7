//! Secrets that must be readable again, sealed under a key of the node's owner (AES-256-GCM): whoever has the log or a
//! copy of it reads none of them.

use std::fmt;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

/// In the data directory of the embedded form: the key of sealed secrets, where none is configured.
pub const FILE: &str = "secrets-key";

const FORMAT: u8 = 1;
/// Bytes of a key, and what of its hash names it.
const KEY_BYTES: usize = 32;
const NAME_BYTES: usize = 8;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum BadKey {
    /// It is no key.
    #[error(
        "expected {KEY_BYTES} random bytes in base64, such as `openssl rand -base64 32` prints"
    )]
    Malformed,
    /// A file cannot be read or made.
    #[error("the key of sealed secrets cannot be read or kept")]
    Io(#[from] std::io::Error),
}

/// Why a secret stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// Another key has sealed it.
    #[error("it was sealed under another key than the one that this node has")]
    OtherKey,
    /// It was not sealed here, or not for this.
    #[error("what was sealed is damaged, or was sealed for something else")]
    Damaged,
}

/// The system gives no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandom;

/// A key that seals and opens.
pub struct SealingKey {
    key: LessSafeKey,
    name: [u8; NAME_BYTES],
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(***)")
    }
}

impl SealingKey {
    fn of(bytes: [u8; KEY_BYTES]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, &bytes).expect("a key has 32 bytes");
        let hash = digest(&SHA256, &bytes);
        let (name, _) = hash.as_ref().split_first_chunk().expect("a hash has 32 bytes");
        Self { key: LessSafeKey::new(key), name: *name }
    }

    /// The key that a text in base64 holds.
    pub fn read(text: &str) -> Result<Self, BadKey> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| BadKey::Malformed)?;
        bytes.try_into().map(Self::of).map_err(|_| BadKey::Malformed)
    }

    /// The key in a data directory, which is made there at first need and readable by its owner alone.
    pub fn of_directory(data_dir: &Path) -> Result<Self, BadKey> {
        /// A directory is one process's own, and two of its threads would make two keys.
        static MAKING: Mutex<()> = Mutex::new(());
        let making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let file = data_dir.join(FILE);
        if !file.exists() {
            make(&file)?;
        }
        drop(making);
        let mut text = String::new();
        std::fs::File::open(&file)?.take(1_024).read_to_string(&mut text)?;
        Self::read(&text)
    }

    /// Seals `secret` for what `purpose` names: it opens for nothing else.
    ///
    /// `format u8 · name of the key 8 · nonce 12 · ciphertext and tag`, in base64. A nonce is random: under one key
    /// fewer are made than would make two of them likely to be the same.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<String, NoRandom> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| NoRandom)?;
        let mut out = vec![FORMAT];
        out.extend_from_slice(&self.name);
        out.extend_from_slice(&nonce);
        let mut sealed = secret.to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose.as_bytes()),
                &mut sealed,
            )
            .expect("a secret is short");
        out.extend_from_slice(&sealed);
        Ok(STANDARD.encode(out))
    }

    /// Opens what was sealed for `purpose`.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>, NotOpened> {
        let bytes = STANDARD.decode(sealed).map_err(|_| NotOpened::Damaged)?;
        let rest = bytes.strip_prefix(&[FORMAT]).ok_or(NotOpened::Damaged)?;
        let (name, rest) = rest.split_first_chunk::<NAME_BYTES>().ok_or(NotOpened::Damaged)?;
        if *name != self.name {
            return Err(NotOpened::OtherKey);
        }
        let (nonce, sealed) = rest.split_first_chunk().ok_or(NotOpened::Damaged)?;
        let (nonce, mut sealed) = (Nonce::assume_unique_for_key(*nonce), sealed.to_vec());
        let opened = self.key.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut sealed);
        opened.map(|secret| secret.to_vec()).map_err(|_| NotOpened::Damaged)
    }
}

/// Writes a new key beside `file` and gives it its name, so that nobody reads half of one.
fn make(file: &Path) -> std::io::Result<()> {
    let mut bytes = [0; KEY_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| std::io::Error::other(NoRandom))?;
    let next = file.with_extension("next");
    let mut options = std::fs::OpenOptions::new();
    let mut written = options.write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    writeln!(written, "{}", STANDARD.encode(bytes))?;
    written.sync_all()?;
    std::fs::rename(&next, file)?;
    file.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::read(&STANDARD.encode([byte; KEY_BYTES])).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_under_the_same_key_for_the_same_purpose_and_nowhere_else() {
        let sealed = key(1).seal("house/hook-1", b"secret").unwrap();
        assert_eq!(key(1).open("house/hook-1", &sealed).unwrap(), b"secret");
        assert_eq!(key(2).open("house/hook-1", &sealed), Err(NotOpened::OtherKey));
        assert_eq!(key(1).open("house/hook-2", &sealed), Err(NotOpened::Damaged));
        assert_ne!(key(1).seal("house/hook-1", b"secret").unwrap(), sealed);
    }

    #[test]
    fn no_byte_of_what_is_sealed_can_be_changed_or_left_out() {
        let sealed = STANDARD.decode(key(1).seal("p", b"secret").unwrap()).unwrap();
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            key(1).open("p", &STANDARD.encode(other)).unwrap_err();
            key(1).open("p", &STANDARD.encode(&sealed[..at])).unwrap_err();
        }
        key(1).open("p", "no base64").unwrap_err();
    }

    #[test]
    fn a_key_is_of_32_bytes() {
        for text in ["", "c2hvcnQ=", &STANDARD.encode([1; 33]), "not base64"] {
            assert!(matches!(SealingKey::read(text), Err(BadKey::Malformed)), "{text}");
        }
    }

    #[test]
    fn a_directory_has_one_key_that_its_owner_alone_reads() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let of_directory = || SealingKey::of_directory(directory.path()).unwrap();
        let sealed: Vec<String> = std::thread::scope(|scope| {
            let seal = || of_directory().seal("p", b"s").unwrap();
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(seal)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let again = of_directory();
        assert!(sealed.iter().all(|sealed| again.open("p", sealed) == Ok(b"s".to_vec())));
        let file = std::fs::metadata(directory.path().join(FILE)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}
