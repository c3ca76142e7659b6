//! Content of files that many processes use at once, in one copy.
//!
//! A file that is mapped can be cut short, which ends whoever looks at it, or altered behind every check. Anonymous files
//! of Linux can be sealed against both for good: seals are never taken off, and sealing against writing fails while
//! anybody could still write. Only what is sealed so is mapped; all else is read into memory of its own.
//!
//! `F_SEAL_FUTURE_WRITE` is not enough: who mapped the file before it may write on.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

/// What a file said when it was opened.
pub(crate) enum Content {
    Own(Vec<u8>),
    Sealed(Mapping),
}

impl Content {
    /// The whole of a file: mapped where it is sealed, and read elsewhere.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        if let Some(mapping) = Mapping::of(&file) {
            return Ok(Self::Sealed(mapping));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Self::Own(bytes))
    }
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Sealed(mapping) => mapping,
        }
    }
}

#[cfg(target_os = "linux")]
pub(crate) use linux::Mapping;

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the operating system is asked for seals and memory, in five calls")]
mod linux {
    use std::fs::File;
    use std::ops::Deref;
    use std::os::fd::AsRawFd;
    use std::ptr::{NonNull, null_mut};

    const SEALS: i32 = libc::F_SEAL_WRITE | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW;

    /// The bytes of a sealed file, which no process can alter.
    pub(crate) struct Mapping {
        start: NonNull<u8>,
        length: usize,
    }

    // SAFETY: the bytes stay as they are, whoever looks at them, until the mapping is dropped.
    unsafe impl Send for Mapping {}
    // SAFETY: as above.
    unsafe impl Sync for Mapping {}

    impl Mapping {
        /// Of a file that is sealed against writing, shrinking and growing; `None` of any other.
        pub(crate) fn of(file: &File) -> Option<Self> {
            // SAFETY: the descriptor is open as long as the file is, and the call writes nothing.
            let seals = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GET_SEALS) };
            if seals < 0 || seals & SEALS != SEALS {
                return None;
            }
            let length = usize::try_from(file.metadata().ok()?.len()).ok().filter(|&length| length > 0)?;
            // SAFETY: a new mapping at an address that the system chooses, which it alone hands out.
            let start =
                unsafe { libc::mmap(null_mut(), length, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0) };
            if start == libc::MAP_FAILED {
                return None;
            }
            Some(Self { start: NonNull::new(start.cast())?, length })
        }
    }

    impl Deref for Mapping {
        type Target = [u8];

        fn deref(&self) -> &[u8] {
            // SAFETY: so many bytes are mapped and readable until the mapping is dropped; the seals keep the file from
            // becoming shorter and its bytes from changing.
            unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
        }
    }

    impl Drop for Mapping {
        fn drop(&mut self) {
            // SAFETY: it was mapped with this length, and no slice of it outlives it.
            unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
        }
    }
}

/// Where files cannot be sealed there are no mappings.
#[cfg(not(target_os = "linux"))]
pub(crate) enum Mapping {}

#[cfg(not(target_os = "linux"))]
impl Mapping {
    pub(crate) fn of(_: &File) -> Option<Self> {
        None
    }
}

#[cfg(not(target_os = "linux"))]
impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match *self {}
    }
}
