//! Checks that an open file is still the one at its path. A process can continue to write to a file that was replaced
//! or removed; everything that it writes is lost when the last handle closes.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::LogError;

/// A file as it was opened.
#[derive(Debug, Clone)]
pub struct SameFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SameFile {
    /// The file that is at `path` now.
    ///
    /// # Errors
    /// When there is none.
    pub fn at(path: &Path) -> io::Result<SameFile> {
        let path = path.to_owned();
        let (device, inode) = identity(&fs::metadata(&path)?);
        Ok(SameFile { path, device, inode })
    }

    /// Whether `other` is this file, perhaps under another name.
    pub(crate) fn is(&self, other: &SameFile) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Succeeds while the file is the one at its path. Takes some microseconds.
    ///
    /// # Errors
    /// When another file is there, or none.
    pub fn check(&self) -> Result<(), LogError> {
        match fs::metadata(&self.path) {
            Ok(there) if identity(&there) == (self.device, self.inode) => Ok(()),
            Ok(_) | Err(_) => Err(LogError::Replaced { path: self.path.display().to_string() }),
        }
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_replaced_or_removed_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("log.db"), folder.path().join("backup.db"));
        fs::write(&path, "one").unwrap();
        let file = SameFile::at(&path).unwrap();
        fs::write(&path, "written to").unwrap();
        assert!(file.check().is_ok());
        fs::write(&other, "two").unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(matches!(file.check(), Err(LogError::Replaced { .. })));
        fs::remove_file(&path).unwrap();
        assert!(matches!(file.check(), Err(LogError::Replaced { .. })));
    }
}
