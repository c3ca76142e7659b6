//! Memory that begins where a line of the cache does, so that a point of one line is fetched as one.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use bytemuck::Pod;

const LINE: usize = 64;
const WORD: usize = size_of::<u64>();

/// So many values, one after the other; each is one of whole words.
pub(crate) struct Aligned<T> {
    /// What the values need, and as much more as may lie before the first line.
    words: Vec<u64>,
    first: usize,
    count: usize,
    kind: PhantomData<T>,
}

impl<T: Pod> Aligned<T> {
    /// All bits zero.
    pub(crate) fn zeroed(count: usize) -> Self {
        let mut words = vec![0; count * size_of::<T>() / WORD + LINE / WORD - 1];
        ask_for_large_pages(&mut words);
        let first = words.as_ptr().align_offset(LINE);
        Self { words, first, count, kind: PhantomData }
    }

    fn length(&self) -> usize {
        self.count * size_of::<T>() / WORD
    }
}

impl<T: Pod> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&self.words[self.first..][..self.length()])
    }
}

impl<T: Pod> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        let length = self.length();
        bytemuck::cast_slice_mut(&mut self.words[self.first..][..length])
    }
}

/// Memory that is read here and there wants few, large pages: where each is one of 4 KiB, the processor has to look up again
/// and again where they are. They are asked for before anything was written, and only for what fills some of them.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "advice about memory is a call of the operating system")]
fn ask_for_large_pages(words: &mut [u64]) {
    const PAGE: usize = 4096;
    const WORTHWHILE: usize = 4 << 20;
    let before = words.as_ptr().align_offset(PAGE);
    let Some(bytes) = words.len().checked_sub(before).map(|words| words * WORD / PAGE * PAGE) else { return };
    if bytes < WORTHWHILE {
        return;
    }
    // SAFETY: whole pages of this slice; the advice changes none of their bytes. That it is not taken is no failure.
    unsafe { libc::madvise(words[before..].as_mut_ptr().cast(), bytes, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_: &mut [u64]) {}
