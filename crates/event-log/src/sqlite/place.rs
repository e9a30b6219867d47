//! The place of a SQLite log: the file itself. A copy or a restored backup has another place.

use std::{fs, os::unix::fs::MetadataExt, path::Path, time::UNIX_EPOCH};

/// Inode and creation time of the file. They stay the same when the file is moved within a disk, mounted elsewhere, or
/// the machine is restarted. On a disk without creation times, the path is used instead.
pub(super) fn of(file: &Path) -> std::io::Result<String> {
    let metadata = fs::metadata(file)?;
    let birth = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(match birth {
        Some(birth) => format!("sqlite/{}/{}.{:09}", metadata.ino(), birth.as_secs(), birth.subsec_nanos()),
        None => format!("sqlite/{}{}", metadata.ino(), fs::canonicalize(file)?.display()),
    })
}
