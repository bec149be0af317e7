//! What is taken out whole, into a file: nothing stands under its name before all of it is there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use axum::body::Bytes;

use crate::client::{Answer, Ask, Client};
use crate::terminal::{grouped, progress, say};

/// As much of the end of a file is remembered as its last line has at the most.
const TAIL_BYTES: usize = 4 << 10;

/// Takes what is asked for into `file`, and says how much it was. `is_whole` looks at how many lines there are, and at
/// the end.
pub(crate) async fn take(
    client: &Client,
    ask: Ask,
    file: &Path,
    is_whole: impl FnOnce(&Taken) -> bool,
) -> anyhow::Result<()> {
    let answer = client.begin(ask).await?.or_problem().await?;
    let part = part_of(file);
    let taken = write(answer, &part).await.and_then(|taken| {
        if !is_whole(&taken) {
            bail!("the answer has an end, and not the one that says that it is whole");
        }
        fs::rename(&part, file)?;
        Ok(taken)
    });
    let shown = file.display();
    if taken.is_err() {
        // What is not whole is of no use to anybody; where it cannot be removed, its name says what it is.
        drop(fs::remove_file(&part));
    }
    let taken = taken.with_context(|| format!("`{shown}` was not written"))?;
    Ok(say(format_args!("{shown}  {} bytes", grouped(taken.bytes)))?)
}

fn part_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    file.with_file_name(name)
}

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    bytes: u64,
    /// Ends of lines.
    pub(crate) lines: u64,
    /// The last bytes.
    tail: Vec<u8>,
}

impl Taken {
    fn add(&mut self, bytes: &Bytes) {
        self.bytes += bytes.len() as u64;
        self.lines += bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        self.tail.extend_from_slice(bytes);
        let before = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..before);
    }

    /// The last line, where it is one.
    pub(crate) fn last_line(&self) -> Option<&str> {
        str::from_utf8(self.tail.trim_ascii_end().rsplit(|byte| *byte == b'\n').next()?).ok()
    }
}

async fn write(answer: Answer, part: &Path) -> anyhow::Result<Taken> {
    let mut file = BufWriter::new(create(part)?);
    let (mut taken, mut body) = (Taken::default(), answer.chunks());
    let bar = progress(None, "bytes");
    while let Some(bytes) = body.next().await? {
        file.write_all(&bytes)?;
        taken.add(&bytes);
        bar.set_position(taken.bytes);
    }
    bar.finish_and_clear();
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(taken)
}

/// What is held about players is nobody else's on this machine.
fn create(part: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_seen_however_its_bytes_come() {
        let mut taken = Taken::default();
        for part in ["a,b\r\n", &"1,2\r\n".repeat(3_000), ",,3000,", "end\r\n"] {
            taken.add(&Bytes::copy_from_slice(part.as_bytes()));
        }
        assert_eq!((taken.lines, taken.last_line()), (3_002, Some(",,3000,end")));
        assert!(taken.tail.len() <= TAIL_BYTES);
        assert_eq!(Taken::default().last_line(), Some(""));
    }

    #[test]
    fn what_is_not_whole_has_another_name_in_the_same_folder() {
        assert_eq!(part_of(Path::new("a/b.zip")), Path::new("a/b.zip.part"));
    }
}
