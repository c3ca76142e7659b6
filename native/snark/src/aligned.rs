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
        let words = vec![0; count * size_of::<T>() / WORD + LINE / WORD - 1];
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
