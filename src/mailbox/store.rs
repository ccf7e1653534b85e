//! The mails that were taken: in memory, or in a file.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use domain::time::Timestamp;

use super::Mail;
use super::limits::{QUOTA_WINDOW, Sent};

/// The file of the mails, in the data folder: one JSON object a line.
pub(super) const FILE: &str = "mailbox.jsonl";

/// The mails, oldest first: in memory, or a JSON line for each in a file, with an index of its lines.
#[derive(Debug)]
pub(super) enum Store {
    Memory(Vec<Mail>),
    Disk { file: File, lines: Vec<(u64, usize)> },
}

impl Store {
    /// The mails of a data folder. An incomplete last line, left by a killed process, is cut off.
    pub(super) fn in_folder(folder: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(folder.join(FILE))?;
        let (mut lines, mut end) = (Vec::new(), 0_u64);
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            lines.push((end, line.len() - 1));
            end += line.len() as u64;
            line.clear();
        }
        file.set_len(end)?;
        Ok(Self::Disk { file, lines })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Memory(mails) => mails.len(),
            Self::Disk { lines, .. } => lines.len(),
        }
    }

    pub(super) fn push(&mut self, mail: Mail) -> io::Result<()> {
        match self {
            Self::Memory(mails) => mails.push(mail),
            Self::Disk { file, lines } => {
                let line = serde_json::to_string(&mail).map_err(io::Error::other)?;
                let end = file.metadata()?.len();
                if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
                    // A full disk leaves half a line: cut it off, or the next one is appended to it.
                    file.set_len(end)?;
                    return Err(error);
                }
                lines.push((file.stream_position()? - line.len() as u64 - 1, line.len()));
            }
        }
        Ok(())
    }

    /// The number of mails that are still within the window.
    pub(super) fn sent(&self, now: Timestamp) -> io::Result<Sent> {
        let mut sent = Sent::default();
        for rank in (0..self.len()).rev() {
            let at = self.mail(rank)?.and_then(|mail| mail.at.parse::<Timestamp>().ok());
            match at {
                Some(at) if at.duration_until(now) > QUOTA_WINDOW => break,
                Some(at) => sent.count(at),
                None => {}
            }
        }
        Ok(sent)
    }

    /// None for a line that is no mail, which is logged.
    pub(super) fn mail(&self, rank: usize) -> io::Result<Option<Cow<'_, Mail>>> {
        match self {
            Self::Memory(mails) => Ok(mails.get(rank).map(Cow::Borrowed)),
            Self::Disk { file, lines } => {
                let (start, length) = lines[rank];
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, start)?;
                let mail = serde_json::from_slice(&bytes).map(Cow::Owned);
                let log = |error: &serde_json::Error| {
                    tracing::warn!(line = rank + 1, %error, "a line of {FILE} is no mail");
                };
                Ok(mail.inspect_err(log).ok())
            }
        }
    }
}
